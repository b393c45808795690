//! `JSON.ARRPOP key [path [index]]`

use latchkey_keyspace::value::json::{JsonEffect, Node};
use latchkey_protocol::Reply;

use super::document::{self, Room, optional_path};
use crate::Arity::AtLeast;
use crate::Keys::At;
use crate::{Args, Cost, Result, Spec, Write};

pub(super) const ARRPOP: Spec = Spec::write("JSON.ARRPOP", arrpop)
    .summary(
        "Removes an element, by default the last one, from arrays in a JSON document and returns its text.",
    )
    .since("8.0.0")
    .arity(AtLeast(2))
    .keys(At(1))
    .cost(Cost::Values)
    .example(
        r#"> JSON.SET doc $ {"a":[1,2,3],"b":[],"c":1}
OK
> JSON.ARRPOP doc $.*
1) "3"
2) (nil)
3) (nil)
> JSON.ARRPOP doc .a 0
"1"
> JSON.GET doc .a
"[2]""#,
    );

fn arrpop(db: &mut Write<'_>, mut args: Args<'_>) -> Result {
    let (key, path) = (args.key()?, optional_path(&mut args)?);
    let index = if args.is_empty() { -1 } else { args.int()? };
    args.done()?;
    let room = Room::of_bytes();
    let answers = document::change(db, key, &path, 0, |at, node| {
        let Node::Array(array) = node else { return Ok(None) };
        let position = position(index, array.len());
        let Some(element) = array.get(position) else { return Ok(Some((Reply::Null, None))) };
        let text = document::text(element);
        room.take(text.bytes())?;
        Ok(Some((text, Some(JsonEffect::Remove { at: at.clone(), positions: vec![position] }))))
    })?;
    document::reply(&path, answers, "not an array")
}

/// The position of the element nearest to an index.
fn position(index: i64, len: usize) -> usize {
    let len = len as i64;
    let from_start = if index < 0 { index.saturating_add(len) } else { index };
    from_start.min(len - 1).max(0) as usize
}
