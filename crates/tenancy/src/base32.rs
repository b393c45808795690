//! Lower-case base32 without padding, in an alphabet that sorts as the bytes do.

/// Digits, then the letters without i, l, o and u, which people misread.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// Five bits a character, the last character filled up with zero bits.
pub(crate) fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(5) * 8);
    let (mut held, mut bits) = (0u16, 0);
    for &byte in bytes {
        held = held << 8 | u16::from(byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            text.push(letter(held >> bits));
        }
    }
    if bits > 0 {
        text.push(letter(held << (5 - bits)));
    }
    text
}

/// Exactly `N` bytes, or `None`: a wrong length, or what [`decode_all`] refuses.
pub(crate) fn decode<const N: usize>(text: &str) -> Option<[u8; N]> {
    if text.len() != (N * 8).div_ceil(5) {
        return None;
    }
    decode_all(text)?.try_into().ok()
}

/// The bytes, or `None`: a length that no bytes have, a foreign character (upper case is foreign too, so that there is
/// one way to write an id), or filling bits that are not zero.
pub(crate) fn decode_all(text: &str) -> Option<Vec<u8>> {
    let count = text.len() * 5 / 8;
    if text.len() != (count * 8).div_ceil(5) {
        return None;
    }
    let mut bytes = Vec::with_capacity(count);
    let (mut held, mut bits) = (0u16, 0);
    for character in text.bytes() {
        held = (held << 5 | value(character)?) & 0x0fff;
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            bytes.push((held >> bits) as u8);
        }
    }
    let filling = held & ((1 << bits) - 1);
    (filling == 0).then_some(bytes)
}

fn letter(bits: u16) -> char {
    char::from(ALPHABET[usize::from(bits & 0x1f)])
}

fn value(character: u8) -> Option<u16> {
    ALPHABET.iter().position(|&known| known == character).map(|at| at as u16)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn filling_bits_and_foreign_characters_are_refused() {
        assert_eq!(encode(&[0xff; 2]), "zzzg");
        assert_eq!(decode::<2>("zzzg"), Some([0xff; 2]));
        for wrong in ["zzzh", "ZZZG", "zzzi", "zzz", "zzzg0", ""] {
            assert_eq!(decode::<2>(wrong), None, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_and_sorts_alike(one: [u8; 16], other: [u8; 16]) {
            prop_assert_eq!(decode(&encode(&one)), Some(one));
            prop_assert_eq!(encode(&one).cmp(&encode(&other)), one.cmp(&other));
        }
    }
}
