//! Bits within bytes. Bit 0 is the most significant bit of byte 0.

use std::ops::Range;

/// Whether a bit is set; beyond the end none is.
pub(super) fn get(bytes: &[u8], bit: usize) -> bool {
    bytes.get(bit / 8).is_some_and(|byte| byte & mask(bit) != 0)
}

/// The byte that holds the bit, with the bit as it shall be.
pub(super) fn with(bytes: &[u8], bit: usize, on: bool) -> u8 {
    let byte = bytes.get(bit / 8).copied().unwrap_or(0);
    if on { byte | mask(bit) } else { byte & !mask(bit) }
}

fn mask(bit: usize) -> u8 {
    0x80 >> (bit % 8)
}

/// How many of these bits are set. The range has to lie inside the bytes.
pub(super) fn count(bytes: &[u8], range: Range<usize>) -> usize {
    let (Some(last), false) = (range.end.checked_sub(1), range.is_empty()) else { return 0 };
    let touched = &bytes[range.start / 8..=last / 8];
    let before = first_bits(bytes[range.start / 8], range.start % 8);
    let after = bytes[last / 8] & (0x7f >> (last % 8));
    count_all(touched) - (before.count_ones() + after.count_ones()) as usize
}

/// The first `n` bits of a byte, the others 0.
fn first_bits(byte: u8, n: usize) -> u8 {
    byte & !(0xff >> n)
}

/// How many bits are set, eight bytes at a time.
fn count_all(bytes: &[u8]) -> usize {
    let (words, rest) = bytes.as_chunks::<8>();
    let in_words: usize = words.iter().map(|word| u64::from_ne_bytes(*word).count_ones() as usize).sum();
    in_words + rest.iter().map(|byte| byte.count_ones() as usize).sum::<usize>()
}

/// The first of these bits that is set, or clear. The range has to lie inside the bytes.
pub(super) fn position(bytes: &[u8], range: Range<usize>, on: bool) -> Option<usize> {
    let last = range.end.checked_sub(1).filter(|_| !range.is_empty())?;
    let (first_byte, last_byte) = (range.start / 8, last / 8);
    // With every bit turned around, to find a clear one is to find a set one.
    let turned = if on { 0x00 } else { 0xff };
    let head = (bytes[first_byte] ^ turned) & (0xff >> (range.start % 8));
    let (at, byte) = if head != 0 {
        (first_byte, head)
    } else {
        let tail = &bytes[first_byte + 1..=last_byte];
        let at = unequal(tail, turned)?;
        (first_byte + 1 + at, tail[at] ^ turned)
    };
    let found = at * 8 + byte.leading_zeros() as usize;
    (found <= last).then_some(found)
}

/// Where the first byte is that is not `filler`, eight bytes at a time.
fn unequal(bytes: &[u8], filler: u8) -> Option<usize> {
    let (words, _) = bytes.as_chunks::<8>();
    let equal = words.iter().take_while(|word| **word == [filler; 8]).count() * 8;
    bytes[equal..].iter().position(|byte| *byte != filler).map(|at| equal + at)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Against one bit after the other, for every range of a few bytes with long runs and without.
    #[test]
    fn counts_and_finds_as_one_by_one() {
        let mut bytes = [0; 19];
        bytes[9] = 0x10;
        bytes[12..].fill(0xff);
        bytes[18] = 0xf7;
        for start in 0..bytes.len() * 8 {
            for end in start..=bytes.len() * 8 {
                let ones = (start..end).filter(|&bit| get(&bytes, bit)).count();
                assert_eq!(count(&bytes, start..end), ones, "{start}..{end}");
                for on in [true, false] {
                    let first = (start..end).find(|&bit| get(&bytes, bit) == on);
                    assert_eq!(position(&bytes, start..end, on), first, "{on} in {start}..{end}");
                }
            }
        }
    }

    #[test]
    fn a_bit_is_changed_alone() {
        assert_eq!(with(&[0x00], 1, true), 0x40);
        assert_eq!(with(&[0xff], 7, false), 0xfe);
        assert_eq!(with(&[0xff], 8, true), 0x80);
        assert_eq!(with(&[], 100, false), 0x00);
    }
}
