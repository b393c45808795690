//! Counts among a command's arguments, and the texts that refuse them.

use latchkey_protocol::ReplyError;

use crate::{Args, Result};

/// A count of keys that is not positive.
pub(crate) const NO_KEYS: ReplyError = ReplyError::fixed("ERR numkeys should be greater than 0");

/// A number without an opposite. Redis's text, grammar included.
const NO_OPPOSITE: ReplyError = ReplyError::fixed(
    "ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807",
);

/// The next argument, which is a count of `min` or more. `error` refuses anything else, be it a number or not.
pub(crate) fn count(args: &mut Args<'_>, min: usize, error: ReplyError) -> Result<usize> {
    let count = crate::int(args.next()?).ok().and_then(|n| usize::try_from(n).ok());
    Ok(count.filter(|&count| count >= min).ok_or(error)?)
}

/// The next argument, which is a count whose sign means something: how many, and whether it is negative. -2^63 is
/// refused.
pub(crate) fn signed_count(args: &mut Args<'_>) -> Result<(usize, bool)> {
    let n = args.int()?;
    let magnitude = n.checked_abs().ok_or(NO_OPPOSITE)?;
    Ok((usize::try_from(magnitude).unwrap_or(usize::MAX), n < 0))
}
