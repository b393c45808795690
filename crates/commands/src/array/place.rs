//! Places and ranges of places among a command's arguments.

use latchkey_keyspace::Str;
use latchkey_keyspace::value::Array;
use latchkey_keyspace::value::array::INDEX_MAX;
use latchkey_protocol::ReplyError;

use crate::args::unsigned;
use crate::{Args, Result};

pub(super) const INVALID: ReplyError = ReplyError::fixed("ERR invalid array index");

/// A place.
pub(super) fn place(word: &[u8]) -> Result<u64> {
    Ok(unsigned(word).filter(|&index| index <= INDEX_MAX).ok_or(INVALID)?)
}

/// From one place to another, both included, in the order in which they were given.
#[derive(Clone, Copy, Debug)]
pub(super) struct Places {
    pub(super) start: u64,
    pub(super) end: u64,
}

impl Places {
    /// The next two arguments.
    pub(super) fn read(args: &mut Args<'_>) -> Result<Self> {
        Ok(Self { start: place(args.next()?)?, end: place(args.next()?)? })
    }

    pub(super) fn is_reverse(self) -> bool {
        self.start > self.end
    }

    pub(super) fn range(self) -> std::ops::RangeInclusive<u64> {
        self.start.min(self.end)..=self.start.max(self.end)
    }

    /// The elements there, from the start to the end.
    pub(super) fn elements(self, array: &Array) -> Box<dyn Iterator<Item = (u64, &Str)> + '_> {
        let elements = array.range(self.range());
        if self.is_reverse() { Box::new(elements.rev()) } else { Box::new(elements) }
    }
}
