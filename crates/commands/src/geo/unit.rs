//! Lengths, in the units that geo commands know.

use latchkey_protocol::{Reply, ReplyError, number};

use crate::{Args, Result};

/// A unit of length.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Unit {
    metres: f64,
}

impl Unit {
    /// What lengths are in if nothing else is said.
    pub(super) const METRE: Self = Self { metres: 1.0 };

    /// Reads `m | km | ft | mi`.
    pub(super) fn parse(args: &mut Args<'_>) -> Result<Self> {
        const NO_SUCH_UNIT: ReplyError =
            ReplyError::fixed("ERR unsupported unit provided. please use M, KM, FT, MI");
        let units = [("M", 1.0), ("KM", 1000.0), ("FT", 0.3048), ("MI", 1609.34)];
        let word = args.next()?;
        let named = units.into_iter().find(|(name, _)| word.eq_ignore_ascii_case(name.as_bytes()));
        let (_, metres) = named.ok_or(NO_SUCH_UNIT)?;
        Ok(Self { metres })
    }

    /// A length in this unit, as metres.
    pub(super) fn to_metres(self, length: f64) -> f64 {
        length * self.metres
    }

    /// Metres, as a length in this unit.
    pub(super) fn of_metres(self, metres: f64) -> f64 {
        metres / self.metres
    }

    /// Metres, in this unit with four decimals.
    pub(super) fn reply(self, metres: f64) -> Reply {
        let units = (self.of_metres(metres) * 1e4).round_ties_even() as i64;
        Reply::bulk(format!("{}.{:04}", units / 10_000, units % 10_000))
    }
}

/// A length of a search. `not_a_number` refuses what is none.
pub(super) fn length(word: &[u8], not_a_number: &'static str) -> Result<f64> {
    Ok(number::parse_double(word).ok_or(ReplyError::fixed(not_a_number))?)
}
