//! `BITCOUNT key [start end [BYTE | BIT]]`

use latchkey_protocol::{Reply, ReplyError};

use super::bits;
use super::range::{Unit, bits_between};
use crate::Arity::AtLeast;
use crate::Keys::At;
use crate::{Args, Cost, Read, Result, Spec};

pub(super) const BITCOUNT: Spec = Spec::read("BITCOUNT", bitcount)
    .summary("Counts the bits that are set in a string, or in a part of it.")
    .since("2.6.0")
    .arity(AtLeast(2))
    .keys(At(1))
    .cost(Cost::Values)
    .example(
        r#"> SET word foobar
OK
> BITCOUNT word
(integer) 26
> BITCOUNT word 1 1
(integer) 6
> BITCOUNT word 5 30 BIT
(integer) 17"#,
    );

fn bitcount(db: &mut Read<'_>, mut args: Args<'_>) -> Result {
    let key = args.key()?;
    let (start, end, unit) = match args.len() {
        0 => (0, -1, Unit::Byte),
        1 => return Err(ReplyError::SYNTAX.into()),
        _ => (args.int()?, args.int()?, Unit::parse(&mut args)?),
    };
    let Some(text) = db.text(key)? else { return Ok(Reply::count(0)) };
    // Else both might be moved to the first byte, and the range would not be empty.
    if start < 0 && end < 0 && start > end {
        return Ok(Reply::count(0));
    }
    let count = text.with(|bytes| bits::count(bytes, bits_between(start, end, unit, bytes.len())));
    Ok(Reply::count(count))
}
