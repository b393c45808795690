//! Listpacks: elements one after the other, each with its own length behind it.

use super::{ENDS, Item, i24, take, take_byte, take_slice};
use crate::error::Flaw;

/// The bytes before the first element: the length of all, and how many elements there are.
const HEAD_BYTES: usize = 6;
/// The number of elements that says that there are more than can be said.
const MANY: u16 = u16::MAX;
const END: u8 = 0xff;

/// The elements of a listpack. One that is malformed ends it.
#[derive(Clone, Debug)]
pub(crate) struct Listpack<'a> {
    rest: &'a [u8],
    /// How many elements are left, if the listpack says so.
    left: Option<u16>,
    is_done: bool,
}

impl<'a> Listpack<'a> {
    /// Checks what stands before the elements.
    pub(crate) fn new(bytes: &'a [u8]) -> Result<Self, Flaw> {
        let mut rest = bytes;
        if u32::from_le_bytes(*take(&mut rest)?) as usize != bytes.len() {
            return Err("a listpack of another length");
        }
        let count = u16::from_le_bytes(*take(&mut rest)?);
        Ok(Self { rest, left: (count != MANY).then_some(count), is_done: false })
    }

    /// The next element, which has to be there.
    pub(crate) fn need(&mut self) -> Result<Item<'a>, Flaw> {
        self.next().ok_or(ENDS)?
    }

    fn read(&mut self) -> Result<Option<Item<'a>>, Flaw> {
        let before = self.rest;
        let first = take_byte(&mut self.rest)?;
        let item = match first {
            END => return self.end(),
            0..0x80 => Item::Int(first.into()),
            0x80..0xc0 => Item::Text(take_slice(&mut self.rest, usize::from(first & 0x3f))?),
            0xc0..0xe0 => Item::Int(i13(first, take_byte(&mut self.rest)?)),
            0xe0..0xf0 => {
                let length = u16::from_be_bytes([first & 0x0f, take_byte(&mut self.rest)?]);
                Item::Text(take_slice(&mut self.rest, length.into())?)
            }
            0xf0 => {
                let length = u32::from_le_bytes(*take(&mut self.rest)?);
                Item::Text(take_slice(&mut self.rest, length as usize)?)
            }
            0xf1 => Item::Int(i16::from_le_bytes(*take(&mut self.rest)?).into()),
            0xf2 => Item::Int(i24(*take(&mut self.rest)?)),
            0xf3 => Item::Int(i32::from_le_bytes(*take(&mut self.rest)?).into()),
            0xf4 => Item::Int(i64::from_le_bytes(*take(&mut self.rest)?)),
            _ => return Err("unknown form of an element"),
        };
        self.check_back_length(before.len() - self.rest.len())?;
        Ok(Some(item))
    }

    /// Behind each element stands its length, for those who read backwards.
    fn check_back_length(&mut self, length: usize) -> Result<(), Flaw> {
        let (back_length, bytes) = back_length(length);
        if take_slice(&mut self.rest, bytes)? != &back_length[..bytes] {
            return Err("an element of another length");
        }
        Ok(())
    }

    fn end(&self) -> Result<Option<Item<'a>>, Flaw> {
        match (self.rest, self.left) {
            ([], None | Some(0)) => Ok(None),
            _ => Err("a listpack with more or fewer elements"),
        }
    }
}

impl<'a> Iterator for Listpack<'a> {
    type Item = Result<Item<'a>, Flaw>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_done {
            return None;
        }
        let read = self.read().and_then(|item| match (&mut self.left, &item) {
            (Some(left), Some(_)) => {
                *left = left.checked_sub(1).ok_or("a listpack with more elements than it says")?;
                Ok(item)
            }
            _ => Ok(item),
        });
        self.is_done = !matches!(read, Ok(Some(_)));
        read.transpose()
    }
}

/// An integer of 13 bits, sign included.
fn i13(first: u8, second: u8) -> i64 {
    let bits = i16::from_be_bytes([first & 0x1f, second]);
    i64::from(bits << 3 >> 3)
}

/// A listpack in the making.
pub(crate) struct ListpackWriter {
    bytes: Vec<u8>,
    count: usize,
}

impl ListpackWriter {
    pub(crate) fn new() -> Self {
        Self { bytes: vec![0; HEAD_BYTES], count: 0 }
    }

    /// How long it is so far.
    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Appends a string, as an integer if it spells one.
    pub(crate) fn push(&mut self, text: &[u8]) {
        match canonical_int(text) {
            Some(number) => self.push_int(number),
            None => self.push_text(text),
        }
    }

    fn push_text(&mut self, text: &[u8]) {
        let start = self.bytes.len();
        match text.len() {
            length @ 0..0x40 => self.bytes.push(0x80 | length as u8),
            length @ 0x40..0x1000 => self.bytes.extend((0xe000 | length as u16).to_be_bytes()),
            length => {
                self.bytes.push(0xf0);
                self.bytes.extend((length as u32).to_le_bytes());
            }
        }
        self.bytes.extend_from_slice(text);
        self.close(start);
    }

    /// Appends an integer.
    pub(crate) fn push_int(&mut self, number: i64) {
        let start = self.bytes.len();
        let low = number.to_le_bytes();
        let mut form = |tag: u8, length: usize| {
            self.bytes.push(tag);
            self.bytes.extend(&low[..length]);
        };
        match number {
            0..0x80 => form(number as u8, 0),
            -0x1000..0x1000 => self.bytes.extend((0xc000 | (number as u16 & 0x1fff)).to_be_bytes()),
            -0x8000..0x8000 => form(0xf1, 2),
            -0x80_0000..0x80_0000 => form(0xf2, 3),
            -0x8000_0000..0x8000_0000 => form(0xf3, 4),
            _ => form(0xf4, 8),
        }
        self.close(start);
    }

    fn close(&mut self, start: usize) {
        let (back_length, bytes) = back_length(self.bytes.len() - start);
        self.bytes.extend(&back_length[..bytes]);
        self.count += 1;
    }

    /// The listpack.
    pub(crate) fn finish(mut self) -> Vec<u8> {
        self.bytes.push(END);
        let total = self.bytes.len() as u32;
        let count = u16::try_from(self.count).unwrap_or(MANY);
        self.bytes[..4].copy_from_slice(&total.to_le_bytes());
        self.bytes[4..HEAD_BYTES].copy_from_slice(&count.to_le_bytes());
        self.bytes
    }
}

/// The length of an element in a form that can be read backwards, and how many bytes that takes: seven bits in each, the
/// highest first, where all but the first have their top bit set. Redis takes a byte more than needed where all bits
/// would be ones.
fn back_length(length: usize) -> ([u8; 5], usize) {
    let bytes = match length {
        0..128 => 1,
        128..16_383 => 2,
        16_383..2_097_151 => 3,
        2_097_151..268_435_455 => 4,
        _ => 5,
    };
    let mut out = [0; 5];
    for (at, byte) in out[..bytes].iter_mut().enumerate() {
        let bits = (length >> (7 * (bytes - 1 - at))) as u8 & 0x7f;
        *byte = if at == 0 { bits } else { bits | 0x80 };
    }
    (out, bytes)
}

/// The number that a text spells in the one form that is given back for it.
pub(super) fn canonical_int(text: &[u8]) -> Option<i64> {
    if text.len() > 20 || !matches!(text, [b'-' | b'0'..=b'9', ..]) {
        return None;
    }
    let number: i64 = std::str::from_utf8(text).ok()?.parse().ok()?;
    (number.to_string().as_bytes() == text).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round_trip(texts: &[Vec<u8>]) {
        let mut writer = ListpackWriter::new();
        texts.iter().for_each(|text| writer.push(text));
        let written = writer.finish();
        let read =
            Listpack::new(&written).expect("a head").map(|item| item.map(|item| item.to_str().to_vec()));
        assert_eq!(read.collect::<Result<Vec<_>, _>>().as_deref(), Ok(texts));
        for end in 0..written.len() {
            let cut = &written[..end];
            assert!(Listpack::new(cut).is_err(), "cut at {end}");
        }
    }

    #[test]
    fn numbers_of_every_width_come_back() {
        let mut numbers = vec![i64::MIN, i64::MAX];
        for bits in [0, 6, 7, 12, 13, 15, 16, 23, 24, 31, 32, 62] {
            let power = 1_i64 << bits;
            numbers.extend([power - 1, power, power + 1, -power - 1, -power, 1 - power]);
        }
        round_trip(&numbers.iter().map(|number| number.to_string().into_bytes()).collect::<Vec<_>>());
    }

    #[test]
    fn texts_of_every_length_come_back() {
        for length in [0, 1, 63, 64, 125, 126, 127, 4095, 4096] {
            round_trip(&[vec![b'x'; length], b"-0".to_vec(), b"01".to_vec(), b"".to_vec()]);
        }
        round_trip(&[]);
    }

    /// Where the length of the length changes.
    #[test]
    fn back_lengths_are_redis_s() {
        let length_of = |length| {
            let (out, bytes) = back_length(length);
            out[..bytes].to_vec()
        };
        assert_eq!(length_of(127), [127]);
        assert_eq!(length_of(128), [1, 0x80]);
        assert_eq!(length_of(16_382), [127, 0xfe]);
        assert_eq!(length_of(16_383), [0, 0xff, 0xff]);
        assert_eq!(length_of(2_097_151), [0, 0xff, 0xff, 0xff]);
        assert_eq!(length_of(268_435_455), [0, 0xff, 0xff, 0xff, 0xff]);
    }

    #[test]
    fn a_wrong_count_is_noticed() {
        let mut writer = ListpackWriter::new();
        (0..3).for_each(|number| writer.push_int(number));
        let mut written = writer.finish();
        for count in [0, 2, 4] {
            written[4] = count;
            assert!(Listpack::new(&written).expect("a head").any(|item| item.is_err()), "{count}");
        }
    }
}
