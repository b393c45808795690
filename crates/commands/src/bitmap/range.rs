//! `start [end [BYTE | BIT]]` and `offset`, as bitmap commands spell places in a string.

use std::ops::Range;

use latchkey_protocol::{ReplyError, number};

use crate::{Args, Result};

const NOT_AN_OFFSET: ReplyError = ReplyError::fixed("ERR bit offset is not an integer or out of range");

/// Bits of the longest string that Redis allows, 512 MiB.
const OFFSETS: u64 = 1 << 32;

/// A bit's place. Refuses those that no string can have.
pub(super) fn offset(word: &[u8]) -> Result<usize> {
    times(word, 1)
}

/// A field's place: that of its first bit or, as `#3`, how many fields of `bits` bits lie before it.
pub(super) fn field_offset(word: &[u8], bits: u32) -> Result<usize> {
    match word.strip_prefix(b"#") {
        Some(count) => times(count, bits),
        None => times(word, 1),
    }
}

fn times(count: &[u8], bits: u32) -> Result<usize> {
    let count = number::parse_i64(count).and_then(|count| u64::try_from(count).ok());
    let offset = count.and_then(|count| count.checked_mul(bits.into())).filter(|&offset| offset < OFFSETS);
    Ok(offset.and_then(|offset| usize::try_from(offset).ok()).ok_or(NOT_AN_OFFSET)?)
}

/// In what a range counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    Byte,
    Bit,
}

impl Unit {
    /// The unit that a range ends with; bytes if it names none.
    pub(super) fn parse(args: &mut Args<'_>) -> Result<Self> {
        let unit = if args.option("BIT") {
            Self::Bit
        } else if args.is_empty() || args.option("BYTE") {
            Self::Byte
        } else {
            return Err(ReplyError::SYNTAX.into());
        };
        args.done()?;
        Ok(unit)
    }

    fn bits(self) -> usize {
        match self {
            Self::Byte => 8,
            Self::Bit => 1,
        }
    }
}

/// The bits from `start` to `end`, both inside, of a string of `bytes` bytes. Negative places count from the end, and
/// those before the beginning mean the beginning.
pub(super) fn bits_between(start: i64, end: i64, unit: Unit, bytes: usize) -> Range<usize> {
    let length = bytes * 8 / unit.bits();
    let place = |at: i64| match usize::try_from(at) {
        Ok(at) => at,
        Err(_) => usize::try_from(at.unsigned_abs()).map_or(0, |back| length.saturating_sub(back)),
    };
    let end = place(end).saturating_add(1).min(length);
    let start = place(start).min(end);
    start * unit.bits()..end * unit.bits()
}
