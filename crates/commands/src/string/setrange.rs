//! `SETRANGE key offset value`

use latchkey_protocol::{Reply, ReplyError};

use crate::Arity::Exactly;
use crate::Keys::At;
use crate::{Args, Result, Spec, Write};

pub(super) const SETRANGE: Spec = Spec::write("SETRANGE", setrange)
    .summary("Overwrites a part of a string from an offset on. What lies between its end and the offset becomes zero bytes.")
    .since("2.2.0")
    .arity(Exactly(4))
    .keys(At(1))
    .grows_freely()
    .example(
        r#"> SET greeting "hello world"
OK
> SETRANGE greeting 6 Redis
(integer) 11
> GET greeting
"hello Redis""#,
    );

fn setrange(db: &mut Write<'_>, mut args: Args<'_>) -> Result {
    let (key, offset, value) = (args.key()?, args.int()?, args.next()?);
    let offset = usize::try_from(offset).map_err(|_| ReplyError::fixed("ERR offset is out of range"))?;
    let length = db.view().text(key)?.map_or(0, |text| text.len());
    if value.is_empty() {
        return Ok(Reply::count(length));
    }
    db.check_text_len(length.max(offset.saturating_add(value.len())) as u64)?;
    let mut text = db.text_or_new(key)?;
    Ok(Reply::count(text.write(offset, value)))
}
