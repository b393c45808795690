//! LZF, which Redis compresses long strings with.

use crate::error::Flaw;

/// No three bytes stand for more than this.
const RUN_BYTES_MAX: u64 = 264;

/// Whether so many compressed bytes can stand for so many.
pub(crate) fn can_expand(compressed: u64, expanded: u64) -> bool {
    expanded <= compressed.saturating_mul(RUN_BYTES_MAX / 3)
}

/// Expands what stands for exactly `length` bytes. Takes no more memory than that.
pub(crate) fn expand(mut input: &[u8], length: usize) -> Result<Vec<u8>, Flaw> {
    let mut out = Vec::with_capacity(length);
    while let Some((&control, rest)) = input.split_first() {
        let (taken, rest) = match control {
            0..32 => literal(&mut out, usize::from(control) + 1, rest, length)?,
            _ => repeat(&mut out, control, rest, length)?,
        };
        debug_assert!(taken > 0 && out.len() <= length);
        input = rest;
    }
    if out.len() == length { Ok(out) } else { Err("compressed string is shorter than it says") }
}

/// Bytes that stand for themselves.
fn literal<'a>(
    out: &mut Vec<u8>,
    count: usize,
    input: &'a [u8],
    max: usize,
) -> Result<(usize, &'a [u8]), Flaw> {
    let (bytes, rest) = input.split_at_checked(count).ok_or(ENDS)?;
    check_room(out, count, max)?;
    out.extend_from_slice(bytes);
    Ok((count, rest))
}

/// Bytes that were there before: how many, and how far back. They may overlap what they make.
fn repeat<'a>(
    out: &mut Vec<u8>,
    control: u8,
    input: &'a [u8],
    max: usize,
) -> Result<(usize, &'a [u8]), Flaw> {
    let (extra, input) = match control >> 5 {
        7 => input.split_first().map(|(&more, rest)| (usize::from(more), rest)).ok_or(ENDS)?,
        _ => (0, input),
    };
    let count = usize::from(control >> 5) + extra + 2;
    let (&low, rest) = input.split_first().ok_or(ENDS)?;
    let back = (usize::from(control & 0x1f) << 8 | usize::from(low)) + 1;
    let start = out.len().checked_sub(back).ok_or("compressed string refers to before its beginning")?;
    check_room(out, count, max)?;
    let mut left = count;
    while left > 0 {
        let piece = left.min(out.len() - start);
        out.extend_from_within(start..start + piece);
        left -= piece;
    }
    Ok((count, rest))
}

const ENDS: Flaw = "compressed string ends early";

fn check_room(out: &[u8], count: usize, max: usize) -> Result<(), Flaw> {
    if count <= max - out.len() { Ok(()) } else { Err("compressed string is longer than it says") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_and_repetitions_are_expanded() {
        assert_eq!(expand(b"\x02abc", 3), Ok(b"abc".to_vec()));
        // Three bytes back, and five of them.
        assert_eq!(expand(b"\x02abc\x60\x02", 8), Ok(b"abcabcab".to_vec()));
        // One byte back: a run, with the longer form of a length.
        assert_eq!(expand(b"\x00a\xe0\xff\x00", 1 + 264), Ok(vec![b'a'; 265]));
        assert_eq!(expand(b"", 0), Ok(Vec::new()));
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        for (input, length) in [
            (&b"\x02abc"[..], 2),
            (b"\x02abc", 4),
            (b"\x02ab", 3),
            (b"\x00a\x20", 4),
            (b"\x00a\xe0", 300),
            (b"\x00a\x20\x01", 4),
            (b"\x20\x00", 3),
            (b"\x00a\xe0\xff\x00", 264),
        ] {
            assert!(expand(input, length).is_err(), "{input:?}");
        }
    }

    #[test]
    fn no_more_is_believed_than_can_be_true() {
        assert!(can_expand(3, 264) && !can_expand(3, 265) && can_expand(u64::MAX, u64::MAX));
    }
}
