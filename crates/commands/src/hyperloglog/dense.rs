//! Dense registers: 6 bits each, four of them in three bytes, least significant bits first.

use super::sketch::REGISTERS;

/// What they take.
pub(super) const BYTES: usize = REGISTERS / 4 * 3;

const RANK_MASK: u32 = 0x3f;

/// A register's rank.
pub(super) fn get(bytes: &[u8], register: usize) -> u8 {
    (quad(bytes, register) >> shift(register) & RANK_MASK) as u8
}

/// Gives a register a rank.
pub(super) fn set(bytes: &mut [u8], register: usize, rank: u8) {
    let others = quad(bytes, register) & !(RANK_MASK << shift(register));
    let quad = others | u32::from(rank) << shift(register);
    let at = register / 4 * 3;
    bytes[at..at + 3].copy_from_slice(&quad.to_le_bytes()[..3]);
}

/// All ranks, in order.
pub(super) fn ranks(bytes: &[u8]) -> impl Iterator<Item = u8> {
    let quads = bytes.as_chunks::<3>().0.iter().map(|&[a, b, c]| u32::from_le_bytes([a, b, c, 0]));
    quads.flat_map(|quad| [0, 6, 12, 18].map(|shift| (quad >> shift & RANK_MASK) as u8))
}

/// The four registers that share three bytes with this one.
fn quad(bytes: &[u8], register: usize) -> u32 {
    let at = register / 4 * 3;
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], 0])
}

fn shift(register: usize) -> usize {
    register % 4 * 6
}
