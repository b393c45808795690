//! `JSON.ARRINSERT key path index value [value …]`

use latchkey_keyspace::value::json::{JsonEffect, Node};
use latchkey_protocol::{Reply, ReplyError};

use super::document::{self, check_elements_depth};
use super::path::Path;
use crate::Arity::AtLeast;
use crate::Keys::At;
use crate::{Args, Cost, Result, Spec, Write};

pub(super) const ARRINSERT: Spec = Spec::write("JSON.ARRINSERT", arrinsert)
    .summary("Inserts values before an index of arrays in a JSON document.")
    .since("8.0.0")
    .arity(AtLeast(5))
    .keys(At(1))
    .grows_freely()
    .cost(Cost::Values)
    .example(
        r#"> JSON.SET list $ [1,4]
OK
> JSON.ARRINSERT list $ 1 2 3
1) (integer) 4
> JSON.ARRINSERT list . -1 "\"last but one\""
(integer) 5
> JSON.GET list
"[1,2,3,\"last but one\",4]""#,
    );

fn arrinsert(db: &mut Write<'_>, mut args: Args<'_>) -> Result {
    let (key, path, index) = (args.key()?, Path::parse(args.next()?)?, args.int()?);
    let values = document::values(&mut args)?;
    let growth_bytes = values.iter().map(Node::bytes).sum();
    let answers = document::change(db, key, &path, growth_bytes, |at, node| {
        let Node::Array(array) = node else { return Ok(None) };
        let first = position(index, array.len())?;
        check_elements_depth(at, &values)?;
        let elements = values.iter().cloned().enumerate().map(|(i, value)| (first + i, value)).collect();
        let change = JsonEffect::InsertElements { at: at.clone(), elements };
        Ok(Some((Reply::count(array.len() + values.len()), Some(change))))
    })?;
    document::reply(&path, answers, "not an array")
}

/// The position that an index means, from before the first element to behind the last.
fn position(index: i64, len: usize) -> Result<usize> {
    const OUT_OF_BOUNDS: ReplyError = ReplyError::fixed("ERR index out of bounds");
    let from_start = if index < 0 { index.checked_add(len as i64) } else { Some(index) };
    let position = from_start.and_then(|index| usize::try_from(index).ok());
    Ok(position.filter(|&position| position <= len).ok_or(OUT_OF_BOUNDS)?)
}
