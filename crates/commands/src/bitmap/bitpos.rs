//! `BITPOS key bit [start [end [BYTE | BIT]]]`

use latchkey_protocol::{Reply, ReplyError};

use super::bits;
use super::range::{Unit, bits_between};
use crate::Arity::AtLeast;
use crate::Keys::At;
use crate::{Args, Cost, Read, Result, Spec};

pub(super) const BITPOS: Spec = Spec::read("BITPOS", bitpos)
    .summary("Finds the first bit that is set or clear in a string, or in a part of it.")
    .since("2.8.7")
    .arity(AtLeast(3))
    .keys(At(1))
    .cost(Cost::Values)
    .example(
        r#"> SET bits "\xff\xf0\x00"
OK
> BITPOS bits 0
(integer) 12
> BITPOS bits 1 2
(integer) -1
> BITPOS bits 1 7 15 BIT
(integer) 7"#,
    );

const NEITHER: ReplyError = ReplyError::fixed("ERR The bit argument must be 1 or 0.");

fn bitpos(db: &mut Read<'_>, mut args: Args<'_>) -> Result {
    let key = args.key()?;
    let on = match args.int()? {
        0 => false,
        1 => true,
        _ => return Err(NEITHER.into()),
    };
    let start = if args.is_empty() { 0 } else { args.int()? };
    let end = if args.is_empty() { None } else { Some(args.int()?) };
    let unit = Unit::parse(&mut args)?;
    let Some(text) = db.text(key)? else { return Ok(Reply::Int(if on { -1 } else { 0 })) };
    let found = text.with(|bytes| {
        let range = bits_between(start, end.unwrap_or(-1), unit, bytes.len());
        let follows = (!on && end.is_none() && !range.is_empty()).then_some(range.end);
        bits::position(bytes, range, on).or(follows)
    });
    Ok(found.map_or(Reply::Int(-1), Reply::count))
}
