//! Zipmaps, which Redis before 2.6 packed small hashes in.

use super::{take, take_slice};
use crate::error::Flaw;

const END: u8 = 0xff;
/// The length that says that a longer one follows.
const LONG: u8 = 0xfe;

/// A name and a value.
type Field<'a> = (&'a [u8], &'a [u8]);

/// The fields of a zipmap. One that is malformed ends it.
pub(crate) struct Zipmap<'a> {
    rest: &'a [u8],
    is_done: bool,
}

impl<'a> Zipmap<'a> {
    /// Skips how many fields there are, which only the end tells for certain.
    pub(crate) fn new(mut bytes: &'a [u8]) -> Result<Self, Flaw> {
        take::<1>(&mut bytes)?;
        Ok(Self { rest: bytes, is_done: false })
    }

    fn read(&mut self) -> Result<Option<Field<'a>>, Flaw> {
        let Some(length) = self.length()? else {
            return if self.rest.is_empty() { Ok(None) } else { Err("a zipmap that goes on behind its end") };
        };
        let name = take_slice(&mut self.rest, length)?;
        let length = self.length()?.ok_or("a zipmap that ends with a name")?;
        let &[unused] = take(&mut self.rest)?;
        let value = take_slice(&mut self.rest, length)?;
        take_slice(&mut self.rest, unused.into())?;
        Ok(Some((name, value)))
    }

    fn length(&mut self) -> Result<Option<usize>, Flaw> {
        Ok(match take(&mut self.rest)? {
            [END] => None,
            [LONG] => Some(u32::from_le_bytes(*take(&mut self.rest)?) as usize),
            &[length] => Some(length.into()),
        })
    }
}

impl<'a> Iterator for Zipmap<'a> {
    type Item = Result<Field<'a>, Flaw>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_done {
            return None;
        }
        let read = self.read();
        self.is_done = !matches!(read, Ok(Some(_)));
        read.transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Result<Vec<Field<'_>>, Flaw> {
        Zipmap::new(bytes)?.collect()
    }

    #[test]
    fn fields_are_read() {
        let whole = b"\x02\x03foo\x03\x02bar..\x05hello\xfe\x05\0\0\0\0world\xff";
        assert_eq!(read(whole), Ok(vec![(&b"foo"[..], &b"bar"[..]), (b"hello", b"world")]));
        (0..whole.len()).for_each(|end| assert!(read(&whole[..end]).is_err(), "cut at {end}"));
        assert!(read(b"\x00\xff\x00").is_err());
    }
}
