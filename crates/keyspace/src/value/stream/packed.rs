//! Numbers and strings one after the other in a buffer.

pub(super) use crate::codec::write::{item as write_item, number as write_number};

/// How many bytes [`write_item`] appends for an item of this length, at most.
pub(super) fn item_bytes_max(len: usize) -> usize {
    /// Seven bits each: so many bytes hold any length.
    const LENGTH_BYTES_MAX: usize = 10;
    if len < 0x80 { len + 1 } else { len.saturating_add(LENGTH_BYTES_MAX) }
}

/// Reads what the functions above wrote, from the front.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(super) fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    /// How many bytes are left.
    pub(super) fn left(self) -> usize {
        self.0.len()
    }

    pub(super) fn byte(&mut self) -> u8 {
        let (&byte, rest) = self.0.split_first().expect("only what was written whole is read");
        self.0 = rest;
        byte
    }

    pub(super) fn number(&mut self) -> u64 {
        let (mut number, mut shift) = (0, 0);
        loop {
            let byte = self.byte();
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return number;
            }
            shift += 7;
        }
    }

    pub(super) fn item(&mut self) -> &'a [u8] {
        let len = usize::try_from(self.number()).expect("it is in memory");
        let (item, rest) = self.0.split_at(len);
        self.0 = rest;
        item
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let numbers = [0, 1, 0x7f, 0x80, 0x3fff, 0x4000, u64::from(u32::MAX), u64::MAX];
        let mut out = Vec::new();
        numbers.iter().for_each(|&number| write_number(&mut out, number));
        for len in [0, 1, 127, 128, 20_000] {
            let before = out.len();
            write_item(&mut out, &vec![7; len]);
            assert!(out.len() - before <= item_bytes_max(len));
        }
        let mut reader = Reader::new(&out);
        assert_eq!(numbers.map(|_| reader.number()), numbers);
        assert_eq!([0, 1, 127, 128, 20_000].map(|_| reader.item().len()), [0, 1, 127, 128, 20_000]);
        assert!(reader.is_empty());
    }
}
