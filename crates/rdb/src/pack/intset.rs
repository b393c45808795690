//! Intsets: sorted integers of one width.

use super::{ENDS, take};
use crate::error::Flaw;

/// The integers of an intset, which ascend.
pub(crate) struct Ints<'a> {
    width: usize,
    bytes: &'a [u8],
}

impl<'a> Ints<'a> {
    /// Checks all of it but the order.
    pub(crate) fn new(mut bytes: &'a [u8]) -> Result<Self, Flaw> {
        let width = u32::from_le_bytes(*take(&mut bytes)?) as usize;
        let count = u32::from_le_bytes(*take(&mut bytes)?) as usize;
        if !matches!(width, 2 | 4 | 8) {
            return Err("an intset of another width");
        }
        if bytes.len() != width.checked_mul(count).ok_or(ENDS)? {
            return Err("an intset of another length");
        }
        Ok(Self { width, bytes })
    }

    /// The integers.
    pub(crate) fn iter(&self) -> impl Iterator<Item = i64> {
        self.bytes.chunks_exact(self.width).map(|bytes| match *bytes {
            [a, b] => i16::from_le_bytes([a, b]).into(),
            [a, b, c, d] => i32::from_le_bytes([a, b, c, d]).into(),
            [a, b, c, d, e, f, g, h] => i64::from_le_bytes([a, b, c, d, e, f, g, h]),
            _ => unreachable!("new checked the width"),
        })
    }

    /// Writes integers that ascend.
    pub(crate) fn write(ints: &[i64]) -> Vec<u8> {
        let fits = |low: i64, high: i64| ints.iter().all(|int| (low..=high).contains(int));
        let width = match () {
            () if fits(i16::MIN.into(), i16::MAX.into()) => 2_u32,
            () if fits(i32::MIN.into(), i32::MAX.into()) => 4,
            () => 8,
        };
        let mut out = width.to_le_bytes().to_vec();
        out.extend((ints.len() as u32).to_le_bytes());
        for int in ints {
            // The lower bytes of a number that fits are the shorter number.
            out.extend(&int.to_le_bytes()[..width as usize]);
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_narrowest_width_is_written_and_every_one_read() {
        for (ints, width) in [
            (vec![-32768, 0, 32767], 2),
            (vec![-32769, 5], 4),
            (vec![0, 32768, i64::from(i32::MAX)], 4),
            (vec![i64::MIN, -1, i64::MAX], 8),
            (vec![], 2),
        ] {
            let written = Ints::write(&ints);
            assert_eq!(usize::from(written[0]), width);
            assert_eq!(Ints::new(&written).map(|read| read.iter().collect()), Ok(ints));
        }
    }

    #[test]
    fn other_widths_and_lengths_are_refused() {
        let written = Ints::write(&[1, 2, 3]);
        assert!(Ints::new(&written[..written.len() - 1]).is_err());
        assert!(Ints::new(&[&written[..], &[0]].concat()).is_err());
        assert!(Ints::new(b"\x03\0\0\0\0\0\0\0").is_err());
        assert!(Ints::new(b"\x02\0\0").is_err());
        assert!(Ints::new(b"\x08\0\0\0\xff\xff\xff\xff").is_err());
    }
}
