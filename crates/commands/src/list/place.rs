//! Places in a list, as commands spell them.

use std::ops::Range;

use latchkey_keyspace::value::list::End;
use latchkey_protocol::ReplyError;

use crate::{Args, Result};

/// The next argument, which is LEFT or RIGHT.
pub(super) fn end(args: &mut Args<'_>) -> Result<End> {
    if args.option("LEFT") {
        return Ok(End::Front);
    }
    if args.option("RIGHT") {
        return Ok(End::Back);
    }
    Err(ReplyError::SYNTAX.into())
}

/// The element that an index means, if a list of `len` elements has it. A negative index counts from the back.
pub(super) fn index(index: i64, len: usize) -> Option<usize> {
    let index = if index < 0 { from_back(index, len) } else { Some(index) };
    index.and_then(|index| usize::try_from(index).ok()).filter(|&index| index < len)
}

/// The elements from `start` to `stop`, both included, that a list of `len` elements has. Either may be negative, which
/// counts from the back, and lie far outside.
pub(super) fn range(start: i64, stop: i64, len: usize) -> Range<usize> {
    let start = if start < 0 { from_back(start, len).unwrap_or(0) } else { start };
    let stop = if stop < 0 { from_back(stop, len) } else { Some(stop) };
    let end = stop.map_or(0, |stop| stop.saturating_add(1));
    let clamp = |at: i64| usize::try_from(at).unwrap_or(usize::MAX).min(len);
    clamp(start)..clamp(end).max(clamp(start))
}

/// Where a negative index lies, if not before the front.
fn from_back(index: i64, len: usize) -> Option<i64> {
    let index = i64::try_from(len).ok()?.checked_add(index)?;
    (index >= 0).then_some(index)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_cut_to_what_is_there() {
        for (start, stop, found) in [
            (0, -1, 0..3),
            (0, 0, 0..1),
            (-2, -1, 1..3),
            (-100, 1, 0..2),
            (1, 100, 1..3),
            (2, 1, 2..2),
            (3, 5, 3..3),
            (0, -4, 0..0),
            (-1, -3, 2..2),
            (i64::MIN, i64::MAX, 0..3),
            (i64::MAX, i64::MIN, 3..3),
        ] {
            assert_eq!(range(start, stop, 3), found, "{start} {stop}");
            assert!(range(start, stop, 0).is_empty());
        }
    }

    #[test]
    fn an_index_outside_means_nothing() {
        let found = [i64::MIN, -4, -3, -1, 0, 2, 3, i64::MAX].map(|at| index(at, 3));
        assert_eq!(found, [None, None, Some(0), Some(2), Some(0), Some(2), None, None]);
    }
}
