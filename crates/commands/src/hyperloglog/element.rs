//! Where an element goes: its hash, taken apart.

use super::sketch::REGISTERS;

/// The register that an element belongs to, and the rank that it gives it: how many bits of its hash it takes to see a
/// one, so that a rank of 20 speaks of about a million elements.
pub(super) fn place(element: &[u8]) -> (usize, u8) {
    let hash = murmur(element);
    let register = hash as usize % REGISTERS;
    // One more one than the hash has, so that the search ends.
    let rest = hash >> REGISTERS.trailing_zeros() | 1 << 50;
    (register, rest.trailing_zeros() as u8 + 1)
}

/// MurmurHash64A with Redis's seed. It reads bytes as little-endian on every machine.
fn murmur(bytes: &[u8]) -> u64 {
    const SEED: u64 = 0xadc8_3b19;
    const FACTOR: u64 = 0xc6a4_a793_5bd1_e995;
    let shaken = |n: u64| n ^ n >> 47;
    let (words, tail) = bytes.as_chunks::<8>();
    let mut hash = SEED ^ (bytes.len() as u64).wrapping_mul(FACTOR);
    for word in words {
        let word = shaken(u64::from_le_bytes(*word).wrapping_mul(FACTOR)).wrapping_mul(FACTOR);
        hash = (hash ^ word).wrapping_mul(FACTOR);
    }
    if !tail.is_empty() {
        let mut word = [0; 8];
        word[..tail.len()].copy_from_slice(tail);
        hash = (hash ^ u64::from_le_bytes(word)).wrapping_mul(FACTOR);
    }
    shaken(shaken(hash).wrapping_mul(FACTOR))
}
