//! `HINCRBY key field increment`

use latchkey_protocol::{Reply, ReplyError, number};

use crate::Arity::Exactly;
use crate::Keys::At;
use crate::{Args, Result, Spec, Write};

pub(super) const HINCRBY: Spec = Spec::write("HINCRBY", hincrby)
    .summary("Adds to the integer in a field of a hash. A field that doesn't exist counts as 0.")
    .since("2.0.0")
    .arity(Exactly(4))
    .keys(At(1))
    .grows()
    .fast()
    .example(
        "> HINCRBY page visits 3
(integer) 3
> HINCRBY page visits -1
(integer) 2",
    );

fn hincrby(db: &mut Write<'_>, mut args: Args<'_>) -> Result {
    let (key, field, increment) = (args.key()?, args.next()?, args.int()?);
    let mut hash = db.hash_or_new(key)?;
    let (value, expires_at_ms) = match hash.field(field, hash.now()) {
        Some(field) => (integer(field.value)?, field.expires_at_ms),
        None => (0, None),
    };
    let sum = value.checked_add(increment).ok_or(ReplyError::OVERFLOW)?;
    hash.put(field, sum.to_string().as_bytes(), expires_at_ms);
    Ok(Reply::Int(sum))
}

fn integer(value: &[u8]) -> Result<i64> {
    const NO_INTEGER: ReplyError = ReplyError::fixed("ERR hash value is not an integer");
    Ok(number::parse_i64(value).ok_or(NO_INTEGER)?)
}
