//! `MEMORY USAGE key [SAMPLES count]`

use latchkey_protocol::{Reply, ReplyError};

use crate::Arity::AtLeast;
use crate::Keys::At;
use crate::{Args, Read, Result, Spec};

pub(super) const MEMORY: Spec =
    Spec::container("MEMORY", &[USAGE]).summary("Tells how many bytes keys take.").since("4.0.0");

/// Answers stored bytes by the formula of [`cost`](latchkey_keyspace::cost), which quotas and bills are written in, not
/// the bytes of process memory: 48 and the length of the key, 16 for a deadline, and what the value takes. That number
/// is always known exactly, so SAMPLES, by which Redis estimates it, is checked and changes nothing.
const USAGE: Spec = Spec::read("USAGE", usage)
    .summary("Returns the stored bytes that a key with its value counts for.")
    .since("4.0.0")
    .arity(AtLeast(3))
    .keys(At(2))
    .example(
        "> SET greeting hello
OK
> MEMORY USAGE greeting
(integer) 61
> MEMORY USAGE farewell
(nil)",
    );

fn usage(db: &mut Read<'_>, mut args: Args<'_>) -> Result {
    let key = args.key()?;
    while !args.is_empty() {
        check_samples(&mut args)?;
    }
    let bytes = db.bytes_of(key).map(|bytes| i64::try_from(bytes).unwrap_or(i64::MAX));
    Ok(Reply::or_null(bytes.map(Reply::Int)))
}

fn check_samples(args: &mut Args<'_>) -> Result<()> {
    if !args.option("SAMPLES") || args.int()? < 0 {
        return Err(ReplyError::SYNTAX.into());
    }
    Ok(())
}
