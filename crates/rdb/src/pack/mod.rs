//! Small collections in one string each: listpacks and intsets, and what was there before them.

mod intset;
mod listpack;
mod ziplist;
mod zipmap;

use latchkey_keyspace::Str;

use crate::error::Flaw;

pub(crate) use intset::Ints;
pub(crate) use listpack::{Listpack, ListpackWriter};
pub(crate) use ziplist::Ziplist;
pub(crate) use zipmap::Zipmap;

/// An element, as it is packed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Item<'a> {
    /// An integer, which stands for its decimal form.
    Int(i64),
    /// A string.
    Text(&'a [u8]),
}

impl Item<'_> {
    /// The element, copied.
    pub(crate) fn to_str(self) -> Str {
        match self {
            Self::Int(number) => Str::from(number.to_string().as_str()),
            Self::Text(text) => Str::from(text),
        }
    }

    /// The length of the element, as far as it is known without work: enough to keep account.
    pub(crate) fn bytes(self) -> u64 {
        match self {
            Self::Int(_) => 1,
            Self::Text(text) => text.len() as u64,
        }
    }

    /// The number that it spells.
    pub(crate) fn as_int(self) -> Result<i64, Flaw> {
        let text = match self {
            Self::Int(number) => return Ok(number),
            Self::Text(text) => text,
        };
        std::str::from_utf8(text).ok().and_then(|text| text.parse().ok()).ok_or("text instead of an integer")
    }

    /// The number that it spells, which is not NaN.
    pub(crate) fn as_score(self) -> Result<f64, Flaw> {
        match self {
            Self::Int(number) => Ok(number as f64),
            Self::Text(text) => score(text),
        }
    }
}

/// The number that a text spells, which is not NaN.
pub(crate) fn score(text: &[u8]) -> Result<f64, Flaw> {
    let number = std::str::from_utf8(text).ok().and_then(|text| text.parse::<f64>().ok());
    number.filter(|number| !number.is_nan()).ok_or("a score that is no number")
}

/// Takes `N` bytes from the front.
fn take<'a, const N: usize>(rest: &mut &'a [u8]) -> Result<&'a [u8; N], Flaw> {
    let (taken, others) = rest.split_first_chunk().ok_or(ENDS)?;
    *rest = others;
    Ok(taken)
}

fn take_byte(rest: &mut &[u8]) -> Result<u8, Flaw> {
    take(rest).map(|&[byte]| byte)
}

/// Takes a string of this length from the front.
fn take_slice<'a>(rest: &mut &'a [u8], length: usize) -> Result<&'a [u8], Flaw> {
    let (taken, others) = rest.split_at_checked(length).ok_or(ENDS)?;
    *rest = others;
    Ok(taken)
}

/// An integer of three bytes.
fn i24(bytes: [u8; 3]) -> i64 {
    let [low, middle, high] = bytes;
    i64::from(i32::from_le_bytes([0, low, middle, high]) >> 8)
}

const ENDS: Flaw = "a packed collection ends early";
