//! What the commands on single fields share: lists of fields, and their deadlines.

use bytes::Bytes;
use latchkey_keyspace::Now;
use latchkey_protocol::ReplyError;

use crate::deadline::Unit;
use crate::{Args, Result, int};

/// Reads `FIELDS numfields field …` to the end of the arguments. `none` is the refusal of a count that is not positive.
pub(super) fn listed<'a>(args: &mut Args<'a>, none: ReplyError) -> Result<&'a [Bytes]> {
    const MISSING: ReplyError =
        ReplyError::fixed("ERR Mandatory argument FIELDS is missing or not at the right position");
    const MISMATCH: ReplyError =
        ReplyError::fixed("ERR The `numfields` parameter must match the number of arguments");
    if !args.option("FIELDS") {
        return Err(MISSING.into());
    }
    let (count, fields) = args.rest().split_first().ok_or(MISMATCH)?;
    let count = int(count).ok().filter(|&count| count > 0).ok_or(none)?;
    if usize::try_from(count) != Ok(fields.len()) {
        return Err(MISMATCH.into());
    }
    Ok(fields)
}

/// The refusal of a count of fields by most commands that have one.
pub(super) const NOT_POSITIVE: ReplyError =
    ReplyError::fixed("ERR Number of fields must be a positive integer");

/// The answer for a field that does not exist.
pub(super) const NO_FIELD: i64 = -2;
/// The answer for a field that has no deadline.
pub(super) const NO_DEADLINE: i64 = -1;

/// Reads an amount of `unit` and makes it a field's deadline in milliseconds since the epoch. `name` is the command's,
/// for the error.
pub(super) fn deadline_ms(args: &mut Args<'_>, unit: Unit, now: Now, name: &str) -> Result<i64> {
    /// Redis's last deadline of a field, in the year 4199.
    const DEADLINE_MS_MAX: i64 = (1 << 46) - 1;
    let amount = args.int()?;
    if amount < 0 {
        return Err(ReplyError::fixed("ERR invalid expire time, must be >= 0").into());
    }
    let deadline_ms = unit.deadline_ms(amount, now).filter(|&at_ms| at_ms <= DEADLINE_MS_MAX);
    Ok(deadline_ms.ok_or_else(|| ReplyError::invalid_expire(name))?)
}
