//! `SETBIT key offset value`

use latchkey_protocol::{Reply, ReplyError, number};

use super::{bits, range};
use crate::Arity::Exactly;
use crate::Keys::At;
use crate::{Args, Result, Spec, Write};

pub(super) const SETBIT: Spec = Spec::write("SETBIT", setbit)
    .summary("Sets or clears a bit of a string, which is made longer if need be. Returns what the bit was.")
    .since("2.2.0")
    .arity(Exactly(4))
    .keys(At(1))
    .grows_freely()
    .example(
        r#"> SETBIT online 7 1
(integer) 0
> SETBIT online 7 0
(integer) 1
> GET online
"\x00""#,
    );

const NOT_A_BIT: ReplyError = ReplyError::fixed("ERR bit is not an integer or out of range");

fn setbit(db: &mut Write<'_>, mut args: Args<'_>) -> Result {
    let (key, offset) = (args.key()?, range::offset(args.next()?)?);
    let on = bit(args.next()?).ok_or(NOT_A_BIT)?;
    let length = db.view().text(key)?.map_or(0, |text| text.len());
    db.check_text_len(length.max(offset / 8 + 1) as u64)?;
    let mut text = db.text_or_new(key)?;
    let (old, byte) = text.with(|bytes| (bits::get(bytes, offset), bits::with(bytes, offset, on)));
    if old != on || offset / 8 >= length {
        text.write(offset / 8, &[byte]);
    }
    Ok(Reply::flag(old))
}

/// A bit's value, which is 0 or 1.
fn bit(word: &[u8]) -> Option<bool> {
    match number::parse_i64(word)? {
        0 => Some(false),
        1 => Some(true),
        _ => None,
    }
}
