//! `HINCRBYFLOAT key field increment`

use latchkey_protocol::{Reply, ReplyError};

use crate::Arity::Exactly;
use crate::Keys::At;
use crate::decimal::Number;
use crate::{Args, Result, Spec, Write};

pub(super) const HINCRBYFLOAT: Spec = Spec::write("HINCRBYFLOAT", hincrbyfloat)
    .summary(
        "Adds a decimal number to the number in a field of a hash. A field that doesn't exist counts as 0.",
    )
    .since("2.6.0")
    .arity(Exactly(4))
    .keys(At(1))
    .grows_freely() // 1e300 is stored as 301 digits
    .fast()
    .example(
        r#"> HSET cart total 10.50
(integer) 1
> HINCRBYFLOAT cart total 0.1
"10.6"
> HINCRBYFLOAT cart total -5e-1
"10.1""#,
    );

fn hincrbyfloat(db: &mut Write<'_>, mut args: Args<'_>) -> Result {
    let (key, field, increment) = (args.key()?, args.next()?, Number::read(args.next()?)?);
    if matches!(increment, Number::Double(value) if value.is_infinite()) {
        return Err(ReplyError::fixed("ERR value is NaN or Infinity").into());
    }
    let mut hash = db.hash_or_new(key)?;
    let (value, expires_at_ms) = match hash.field(field, hash.now()) {
        Some(field) => (float(field.value)?, field.expires_at_ms),
        None => (float(b"0")?, None),
    };
    let sum = value.plus(increment)?;
    hash.put(field, &sum, expires_at_ms);
    Ok(Reply::bulk(sum))
}

fn float(value: &[u8]) -> Result<Number> {
    const NO_FLOAT: ReplyError = ReplyError::fixed("ERR hash value is not a float");
    Ok(Number::parse(value).ok_or(NO_FLOAT)?)
}
