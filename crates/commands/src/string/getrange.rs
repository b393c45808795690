//! `GETRANGE key start end`, `SUBSTR key start end`

use std::ops::Range;

use latchkey_protocol::Reply;

use crate::Arity::Exactly;
use crate::Keys::At;
use crate::{Args, Read, Result, Spec};

pub(super) const GETRANGE: Spec = Spec::read("GETRANGE", getrange)
    .summary("Returns the part of a string between two positions, both included; -1 is the last byte.")
    .since("2.4.0")
    .arity(Exactly(4))
    .keys(At(1))
    .example(
        r#"> SET greeting "hello world"
OK
> GETRANGE greeting 0 4
"hello"
> GETRANGE greeting -5 -1
"world""#,
    );

pub(super) const SUBSTR: Spec = Spec::read("SUBSTR", getrange)
    .summary("Returns the part of a string between two positions: the old name of GETRANGE.")
    .since("1.0.0")
    .arity(Exactly(4))
    .keys(At(1))
    .example(
        r#"> SET greeting "hello world"
OK
> SUBSTR greeting 6 -1
"world""#,
    );

fn getrange(db: &mut Read<'_>, mut args: Args<'_>) -> Result {
    let (key, start, end) = (args.key()?, args.int()?, args.int()?);
    let Some(text) = db.text(key)? else { return Ok(Reply::bulk("")) };
    Ok(Reply::Bulk(text.slice(window(start, end, text.len()))))
}

/// The bytes of a string that two positions mean.
fn window(start: i64, end: i64, length: usize) -> Range<usize> {
    // Else both would be moved to the first byte below.
    if start < 0 && end < 0 && start > end {
        return 0..0;
    }
    let length = length as i64;
    let from_front = |position: i64| if position < 0 { (length + position).max(0) } else { position };
    let (start, end) = (from_front(start), from_front(end).min(length - 1));
    if start > end { 0..0 } else { start as usize..end as usize + 1 }
}
