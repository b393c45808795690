//! Integers of any width at any bit of a string.

use latchkey_protocol::ReplyError;

use super::range;
use crate::{Args, Result};

/// An integer's type: `i1` to `i64`, `u1` to `u63`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Type {
    is_signed: bool,
    bits: u32,
}

/// What becomes of a result that its type cannot hold.
#[derive(Clone, Copy, Debug, Default)]
pub(super) enum Overflow {
    /// Its lower bits are kept.
    #[default]
    Wrap,
    /// It becomes the least or the greatest that the type holds.
    Saturate,
    /// Nothing is written.
    Fail,
}

/// An integer's place in a string.
#[derive(Clone, Copy, Debug)]
pub(super) struct Field {
    kind: Type,
    /// Its first bit, which is its most significant one.
    offset: usize,
}

impl Type {
    fn parse(word: &[u8]) -> Result<Self> {
        const NOT_A_TYPE: ReplyError = ReplyError::fixed(
            "ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.",
        );
        let (is_signed, bits_max, bits) = match word {
            [b'i', bits @ ..] => (true, 64, bits),
            [b'u', bits @ ..] => (false, 63, bits),
            _ => return Err(NOT_A_TYPE.into()),
        };
        let bits = crate::int(bits).ok().and_then(|bits| u32::try_from(bits).ok());
        let bits = bits.filter(|bits| (1..=bits_max).contains(bits)).ok_or(NOT_A_TYPE)?;
        Ok(Self { is_signed, bits })
    }

    fn min(self) -> i128 {
        if self.is_signed { -1 << (self.bits - 1) } else { 0 }
    }

    fn max(self) -> i128 {
        self.min() + (1 << self.bits) - 1
    }

    /// What a client's number means: an unsigned type reads a negative one as its 64 bits.
    pub(super) fn read(self, value: i64) -> i128 {
        if self.is_signed { value.into() } else { i128::from(value.cast_unsigned()) }
    }

    /// The value that is written for a result; `None` if nothing is.
    pub(super) fn fit(self, value: i128, overflow: Overflow) -> Option<i128> {
        match overflow {
            _ if (self.min()..=self.max()).contains(&value) => Some(value),
            Overflow::Wrap => Some(self.of_bits(value.cast_unsigned())),
            Overflow::Saturate => Some(value.clamp(self.min(), self.max())),
            Overflow::Fail => None,
        }
    }

    /// What the lowest bits of `value` mean.
    fn of_bits(self, value: u128) -> i128 {
        let unused = u128::BITS - self.bits;
        if self.is_signed {
            (value << unused).cast_signed() >> unused
        } else {
            (value << unused >> unused).cast_signed()
        }
    }
}

impl Field {
    /// Reads `type offset`.
    pub(super) fn parse(args: &mut Args<'_>) -> Result<Self> {
        let kind = Type::parse(args.next()?)?;
        Ok(Self { kind, offset: range::field_offset(args.next()?, kind.bits)? })
    }

    /// Its type.
    pub(super) fn kind(self) -> Type {
        self.kind
    }

    /// How long a string is that ends with it, in bytes.
    pub(super) fn end_bytes(self) -> usize {
        (self.offset + self.kind.bits as usize).div_ceil(8)
    }

    /// Its value; beyond the end of the string all bits are 0.
    pub(super) fn get(self, bytes: &[u8]) -> i128 {
        self.kind.of_bits(self.window(bytes) >> self.below())
    }

    /// The bytes that it lies in, with another value, and where they begin.
    pub(super) fn with(self, bytes: &[u8], value: i128) -> (usize, Vec<u8>) {
        let first = self.offset / 8;
        let mask = ((1 << self.kind.bits) - 1) << self.below();
        let window = self.window(bytes) & !mask | (value.cast_unsigned() << self.below()) & mask;
        (first, window.to_be_bytes()[..self.end_bytes() - first].to_vec())
    }

    /// The sixteen bytes that begin where it begins; the first nine of them are as in the string.
    fn window(self, bytes: &[u8]) -> u128 {
        const TOUCHED_MAX: usize = 9;
        let first = self.offset / 8;
        let mut window = [0; 16];
        let there = bytes.get(first..bytes.len().min(first + TOUCHED_MAX)).unwrap_or(&[]);
        window[..there.len()].copy_from_slice(there);
        u128::from_be_bytes(window)
    }

    /// How many bits of the window lie below it.
    fn below(self) -> u32 {
        u128::BITS - (self.offset % 8) as u32 - self.kind.bits
    }
}
