//! The checksum of RDB payloads and files, bit by bit: that of `latchkey-rdb` is not for others to use.

/// The sum over these bytes.
pub(crate) fn crc64(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |sum, &byte| (0..8).fold(sum ^ u64::from(byte), |sum, _| shifted(sum)))
}

fn shifted(sum: u64) -> u64 {
    if sum & 1 == 1 { (sum >> 1) ^ 0x95ac_9329_ac4b_c9b5 } else { sum >> 1 }
}
