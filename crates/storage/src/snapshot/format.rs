//! The fixed parts of a snapshot file: head, block heads, index and foot, as bytes and back.

use crate::bytes::{array_at, u32_at, u64_at};

/// How many bytes of entries a block holds at most, unless it holds one entry that is larger.
pub(crate) const BLOCK_RAW_BYTES_MAX: usize = 256 * 1024;

/// The length of [`Head`] in bytes.
pub(super) const HEAD_BYTES: usize = 72;
/// The length of [`BlockHead`] in bytes.
pub(super) const BLOCK_HEAD_BYTES: usize = 20;
/// The length of one element of the index in bytes.
pub(super) const INDEX_BYTES: usize = 16;
/// The length of [`Foot`] in bytes.
pub(super) const FOOT_BYTES: usize = 56;

const HEAD_MAGIC: &[u8; 8] = b"LKSNAP1\0";
const FOOT_MAGIC: &[u8; 8] = b"LKSNAPE\0";
const VERSION: u32 = 1;

/// What a snapshot says of itself at its beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    /// The database.
    pub(crate) database: [u8; 16],
    /// The generation that the file's name says too.
    pub(crate) generation: u64,
    /// The last step that it contains.
    pub(crate) seq: u64,
    /// The seed under which entries are in hash order.
    pub(crate) seed: u64,
    /// When it was written, in milliseconds since the epoch. For operators.
    pub(crate) created_ms: i64,
}

/// How the entries of a block are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Codec {
    /// As they are.
    Raw = 0,
    /// As one zstd frame.
    Zstd = 1,
}

/// What stands before the stored bytes of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BlockHead {
    pub(super) raw_bytes: u32,
    pub(super) stored_bytes: u32,
    pub(super) entries: u32,
    pub(super) codec: Codec,
    pub(super) crc: u32,
}

/// What a snapshot says of itself at its end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Foot {
    pub(super) index_offset: u64,
    pub(super) blocks: u64,
    pub(super) entries: u64,
    pub(super) value_bytes: u64,
    /// Over the checksums of all blocks, in order.
    pub(super) blocks_crc: u32,
    pub(super) index_crc: u32,
}

impl Head {
    pub(super) fn to_bytes(self) -> [u8; HEAD_BYTES] {
        let mut bytes = [0; HEAD_BYTES];
        bytes[..8].copy_from_slice(HEAD_MAGIC);
        bytes[8..12].copy_from_slice(&VERSION.to_le_bytes());
        bytes[16..32].copy_from_slice(&self.database);
        bytes[32..40].copy_from_slice(&self.generation.to_le_bytes());
        bytes[40..48].copy_from_slice(&self.seq.to_le_bytes());
        bytes[48..56].copy_from_slice(&self.seed.to_le_bytes());
        bytes[56..64].copy_from_slice(&self.created_ms.to_le_bytes());
        seal(&mut bytes[..], 68);
        bytes
    }

    /// Or what is wrong with the bytes.
    pub(super) fn from_bytes(bytes: &[u8; HEAD_BYTES]) -> Result<Self, &'static str> {
        check_sealed(bytes, 68, "the head's checksum is wrong")?;
        if &bytes[..8] != HEAD_MAGIC {
            return Err("this is no snapshot");
        }
        if u32_at(bytes, 8) != VERSION {
            return Err("a version that this program does not know");
        }
        Ok(Self {
            database: array_at(bytes, 16),
            generation: u64_at(bytes, 32),
            seq: u64_at(bytes, 40),
            seed: u64_at(bytes, 48),
            created_ms: i64::from_le_bytes(array_at(bytes, 56)),
        })
    }
}

impl BlockHead {
    /// The head of a block with these bytes, with the checksum over both.
    pub(super) fn of(raw_bytes: u32, entries: u32, codec: Codec, stored: &[u8]) -> Self {
        let stored_bytes = u32::try_from(stored.len()).expect("the writer refuses larger blocks");
        let mut head = Self { raw_bytes, stored_bytes, entries, codec, crc: 0 };
        head.crc = head.crc_with(stored);
        head
    }

    /// The checksum that a block with this head and these bytes must have.
    pub(super) fn crc_with(&self, stored: &[u8]) -> u32 {
        crc32c::crc32c_append(crc32c::crc32c(&self.to_bytes()[..16]), stored)
    }

    pub(super) fn to_bytes(self) -> [u8; BLOCK_HEAD_BYTES] {
        let mut bytes = [0; BLOCK_HEAD_BYTES];
        bytes[..4].copy_from_slice(&self.raw_bytes.to_le_bytes());
        bytes[4..8].copy_from_slice(&self.stored_bytes.to_le_bytes());
        bytes[8..12].copy_from_slice(&self.entries.to_le_bytes());
        bytes[12] = self.codec as u8;
        bytes[16..].copy_from_slice(&self.crc.to_le_bytes());
        bytes
    }

    pub(super) fn from_bytes(bytes: &[u8]) -> Result<Self, &'static str> {
        let codec = match bytes[12..16] {
            [0, 0, 0, 0] => Codec::Raw,
            [1, 0, 0, 0] => Codec::Zstd,
            _ => return Err("a block in a form that this program does not know"),
        };
        Ok(Self {
            raw_bytes: u32_at(bytes, 0),
            stored_bytes: u32_at(bytes, 4),
            entries: u32_at(bytes, 8),
            codec,
            crc: u32_at(bytes, 16),
        })
    }
}

impl Foot {
    pub(super) fn to_bytes(self) -> [u8; FOOT_BYTES] {
        let mut bytes = [0; FOOT_BYTES];
        bytes[..8].copy_from_slice(&self.index_offset.to_le_bytes());
        bytes[8..16].copy_from_slice(&self.blocks.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.entries.to_le_bytes());
        bytes[24..32].copy_from_slice(&self.value_bytes.to_le_bytes());
        bytes[32..36].copy_from_slice(&self.blocks_crc.to_le_bytes());
        bytes[36..40].copy_from_slice(&self.index_crc.to_le_bytes());
        bytes[48..].copy_from_slice(FOOT_MAGIC);
        seal(&mut bytes[..], 44);
        bytes
    }

    pub(super) fn from_bytes(bytes: &[u8; FOOT_BYTES]) -> Result<Self, &'static str> {
        if &bytes[48..] != FOOT_MAGIC {
            return Err("it has no foot: it was not finished, or its end is lost");
        }
        check_sealed(bytes, 44, "the foot's checksum is wrong")?;
        Ok(Self {
            index_offset: u64_at(bytes, 0),
            blocks: u64_at(bytes, 8),
            entries: u64_at(bytes, 16),
            value_bytes: u64_at(bytes, 24),
            blocks_crc: u32_at(bytes, 32),
            index_crc: u32_at(bytes, 36),
        })
    }
}

/// Writes the checksum of all bytes before `at` there.
fn seal(bytes: &mut [u8], at: usize) {
    let crc = crc32c::crc32c(&bytes[..at]);
    bytes[at..at + 4].copy_from_slice(&crc.to_le_bytes());
}

fn check_sealed(bytes: &[u8], at: usize, what: &'static str) -> Result<(), &'static str> {
    if crc32c::crc32c(&bytes[..at]) == u32_at(bytes, at) { Ok(()) } else { Err(what) }
}
