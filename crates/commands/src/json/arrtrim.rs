//! `JSON.ARRTRIM key path start stop`

use std::ops::Range;

use latchkey_keyspace::value::json::{JsonEffect, Node};
use latchkey_protocol::Reply;

use super::document;
use super::path::Path;
use crate::Arity::Exactly;
use crate::Keys::At;
use crate::{Args, Cost, Result, Spec, Write};

pub(super) const ARRTRIM: Spec = Spec::write("JSON.ARRTRIM", arrtrim)
    .summary("Drops all elements of arrays in a JSON document but those from one index to another.")
    .since("8.0.0")
    .arity(Exactly(5))
    .keys(At(1))
    .cost(Cost::Values)
    .example(
        r#"> JSON.SET list $ [0,1,2,3,4]
OK
> JSON.ARRTRIM list $ 1 -2
1) (integer) 3
> JSON.GET list
"[1,2,3]""#,
    );

fn arrtrim(db: &mut Write<'_>, mut args: Args<'_>) -> Result {
    let (key, path) = (args.key()?, Path::parse(args.next()?)?);
    let (start, stop) = (args.int()?, args.int()?);
    let answers = document::change(db, key, &path, 0, |at, node| {
        let Node::Array(array) = node else { return Ok(None) };
        let kept = kept(start, stop, array.len());
        let positions: Vec<usize> = (0..kept.start).chain(kept.end..array.len()).collect();
        let change = (!positions.is_empty()).then(|| JsonEffect::Remove { at: at.clone(), positions });
        Ok(Some((Reply::count(kept.len()), change)))
    })?;
    document::reply(&path, answers, "not an array")
}

/// The positions from index `start` to index `stop`, both included.
fn kept(start: i64, stop: i64, len: usize) -> Range<usize> {
    let len = len as i64;
    let from_start = |index: i64| if index < 0 { index.saturating_add(len) } else { index };
    let (start, stop) = (from_start(start).max(0), from_start(stop).min(len - 1));
    if start > stop { 0..0 } else { start as usize..stop as usize + 1 }
}
