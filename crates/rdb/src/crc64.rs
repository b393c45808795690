//! The checksum at the end of payloads and files: CRC-64 with Jones's polynomial, as Redis computes it.

/// The polynomial, bits reversed.
const POLYNOMIAL: u64 = 0x95ac_9329_ac4b_c9b5;

/// How many bytes are taken at once.
const STRIDE: usize = 8;

/// What each byte does to the sum, by how many bytes come after it.
static TABLES: [[u64; 256]; STRIDE] = tables();

/// The sum over `bytes` after a sum over what came before them; 0 to begin with.
pub(crate) fn update(sum: u64, bytes: &[u8]) -> u64 {
    let (strides, rest) = bytes.as_chunks::<STRIDE>();
    let sum = strides.iter().fold(sum, |sum, stride| {
        let mixed = (sum ^ u64::from_le_bytes(*stride)).to_le_bytes();
        mixed.iter().zip(TABLES.iter().rev()).fold(0, |sum, (&byte, table)| sum ^ table[usize::from(byte)])
    });
    rest.iter().fold(sum, |sum, &byte| (sum >> 8) ^ TABLES[0][usize::from(sum as u8 ^ byte)])
}

const fn tables() -> [[u64; 256]; STRIDE] {
    let mut tables = [[0; 256]; STRIDE];
    let mut byte = 0;
    while byte < 256 {
        let mut sum = byte as u64;
        let mut bit = 0;
        while bit < 8 {
            sum = if sum & 1 == 1 { (sum >> 1) ^ POLYNOMIAL } else { sum >> 1 };
            bit += 1;
        }
        tables[0][byte] = sum;
        byte += 1;
    }
    let mut after = 1;
    while after < STRIDE {
        let mut byte = 0;
        while byte < 256 {
            let sum = tables[after - 1][byte];
            tables[after][byte] = (sum >> 8) ^ tables[0][(sum & 0xff) as usize];
            byte += 1;
        }
        after += 1;
    }
    tables
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The check value of the catalogue of CRCs for CRC-64/REDIS.
    #[test]
    fn is_the_one_of_the_catalogue() {
        assert_eq!(update(0, b"123456789"), 0xe9c6_d914_c4b8_d9ca);
    }

    #[test]
    fn pieces_give_the_same_as_the_whole() {
        let bytes: Vec<u8> = (0..200_u8).map(|i| i.wrapping_mul(31)).collect();
        for cut in 0..bytes.len() {
            assert_eq!(update(update(0, &bytes[..cut]), &bytes[cut..]), update(0, &bytes), "{cut}");
        }
    }
}
