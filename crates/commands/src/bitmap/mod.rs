//! Bitmaps: strings, bit by bit.

mod bitcount;
mod bitfield;
mod bitop;
mod bitpos;
mod bits;
mod field;
mod getbit;
mod range;
mod setbit;

#[cfg(test)]
mod tests;

use crate::{Category, Family, Spec};

pub(crate) const FAMILY: Family =
    Family { group: "bitmap", category: Some(Category::Bitmap), commands: COMMANDS };

const COMMANDS: &[Spec] = &[
    bitcount::BITCOUNT,
    bitfield::BITFIELD,
    bitfield::BITFIELD_RO,
    bitop::BITOP,
    bitpos::BITPOS,
    getbit::GETBIT,
    setbit::SETBIT,
];
