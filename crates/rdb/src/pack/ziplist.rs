//! Ziplists, which Redis before 7.0 packed small collections in.

use super::{ENDS, Item, i24, take, take_byte, take_slice};
use crate::error::Flaw;

const END: u8 = 0xff;
/// The number of elements that says that there are more than can be said.
const MANY: u16 = u16::MAX;
/// The length that says that a longer one follows.
const LONG: u8 = 0xfe;

/// The elements of a ziplist. One that is malformed ends it.
#[derive(Clone, Debug)]
pub(crate) struct Ziplist<'a> {
    rest: &'a [u8],
    left: Option<u16>,
    is_done: bool,
}

impl<'a> Ziplist<'a> {
    /// Checks what stands before the elements.
    pub(crate) fn new(bytes: &'a [u8]) -> Result<Self, Flaw> {
        let mut rest = bytes;
        if u32::from_le_bytes(*take(&mut rest)?) as usize != bytes.len() {
            return Err("a ziplist of another length");
        }
        // Where the last element is helps only those who read backwards.
        take::<4>(&mut rest)?;
        let count = u16::from_le_bytes(*take(&mut rest)?);
        Ok(Self { rest, left: (count != MANY).then_some(count), is_done: false })
    }

    fn read(&mut self) -> Result<Option<Item<'a>>, Flaw> {
        match take(&mut self.rest)? {
            [END] => return self.end(),
            [LONG] => drop(take::<4>(&mut self.rest)?),
            [_] => {}
        }
        let first = take_byte(&mut self.rest)?;
        Ok(Some(match first {
            0..0x40 => Item::Text(take_slice(&mut self.rest, first.into())?),
            0x40..0x80 => {
                let length = u16::from_be_bytes([first & 0x3f, take_byte(&mut self.rest)?]);
                Item::Text(take_slice(&mut self.rest, length.into())?)
            }
            0x80 => {
                let length = u32::from_be_bytes(*take(&mut self.rest)?);
                Item::Text(take_slice(&mut self.rest, length as usize)?)
            }
            0xc0 => Item::Int(i16::from_le_bytes(*take(&mut self.rest)?).into()),
            0xd0 => Item::Int(i32::from_le_bytes(*take(&mut self.rest)?).into()),
            0xe0 => Item::Int(i64::from_le_bytes(*take(&mut self.rest)?)),
            0xf0 => Item::Int(i24(*take(&mut self.rest)?)),
            0xfe => Item::Int(i8::from_le_bytes(*take(&mut self.rest)?).into()),
            0xf1..=0xfd => Item::Int(i64::from(first & 0x0f) - 1),
            _ => return Err("unknown form of an element"),
        }))
    }

    fn end(&self) -> Result<Option<Item<'a>>, Flaw> {
        match (self.rest, self.left) {
            ([], None | Some(0)) => Ok(None),
            _ => Err("a ziplist with more or fewer elements"),
        }
    }
}

impl<'a> Iterator for Ziplist<'a> {
    type Item = Result<Item<'a>, Flaw>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_done {
            return None;
        }
        let read = self.read().and_then(|item| match (&mut self.left, &item) {
            (Some(left), Some(_)) => {
                *left = left.checked_sub(1).ok_or(ENDS)?;
                Ok(item)
            }
            _ => Ok(item),
        });
        self.is_done = !matches!(read, Ok(Some(_)));
        read.transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A ziplist of these elements, each as it is encoded, without the length of the one before it.
    fn ziplist(count: u16, elements: &[&[u8]]) -> Vec<u8> {
        let mut body = count.to_le_bytes().to_vec();
        for element in elements {
            body.push(0);
            body.extend(*element);
        }
        body.push(END);
        let mut bytes = (8 + body.len() as u32).to_le_bytes().to_vec();
        bytes.extend([0; 4]);
        bytes.extend(body);
        bytes
    }

    fn read(bytes: &[u8]) -> Result<Vec<String>, Flaw> {
        let items = Ziplist::new(bytes)?;
        items.map(|item| item.map(|item| String::from_utf8_lossy(&item.to_str()).into_owned())).collect()
    }

    #[test]
    fn elements_of_every_form_are_read() {
        let elements: [&[u8]; 9] = [
            b"\x03abc",
            b"\x40\x02xy",
            b"\x80\0\0\0\x01z",
            b"\xc0\xfe\xff",
            b"\xd0\0\0\x01\0",
            b"\xe0\0\0\0\0\0\0\0\x80",
            b"\xf0\0\0\x80",
            b"\xfe\x9c",
            b"\xfd",
        ];
        let expected = ["abc", "xy", "z", "-2", "65536", "-9223372036854775808", "-8388608", "-100", "12"];
        assert_eq!(read(&ziplist(9, &elements)), Ok(expected.map(String::from).to_vec()));
        assert_eq!(read(&ziplist(MANY, &elements[..1])), Ok(vec!["abc".into()]));
    }

    #[test]
    fn what_is_malformed_is_refused() {
        assert!(read(&ziplist(2, &[b"\x03abc"])).is_err());
        assert!(read(&ziplist(0, &[b"\x03abc"])).is_err());
        assert!(read(&ziplist(1, &[b"\x09abc"])).is_err());
        assert!(read(&ziplist(1, &[b"\xff"])).is_err());
        assert!(read(&ziplist(1, &[b"\x80\xff\xff\xff\xff"])).is_err());
        let whole = ziplist(1, &[b"\x03abc"]);
        (0..whole.len()).for_each(|end| assert!(read(&whole[..end]).is_err(), "cut at {end}"));
    }
}
