//! Writing a snapshot: entries in hash order go in, blocks with an index come out.

use std::io;
use std::sync::Arc;

use latchkey_journal::DiskFile;
use latchkey_keyspace::Libraries;
use latchkey_keyspace::codec::encode_library;
use zstd::bulk::Compressor;

use super::format::{BLOCK_RAW_BYTES_MAX, BlockHead, Codec, Foot, Head};
use super::read::Block;

/// So much is gathered before it is written.
const WRITE_BYTES: usize = 1024 * 1024;

/// So much is written before it is written back: the log shares the disk, and would wait behind hundreds of megabytes.
pub(super) const WRITE_BACK_BYTES: u64 = 8 << 20;

/// The zstd level: the fastest. A snapshot is written far more often than it is sent anywhere.
const ZSTD_LEVEL: i32 = 1;

/// Libraries stand where keys of this hash stand, and before those.
pub(crate) const LIBRARY_HASH: u64 = 0;

/// A block of this size or more is taken over as it is; smaller ones are joined with their neighbours.
const COPIED_RAW_BYTES_MIN: u32 = BLOCK_RAW_BYTES_MAX as u32 / 4;

/// A snapshot on its way to a file. It exists once [`finish`](Self::finish) has returned.
pub(crate) struct Writer {
    compressor: Compressor<'static>,
    file: Arc<dyn DiskFile>,
    /// How much of the file is written.
    written_bytes: u64,
    written_back_bytes: u64,
    /// What comes next in the file.
    gathered: Vec<u8>,
    /// The entries of the block that is open.
    block: Vec<u8>,
    block_entries: u32,
    block_first_hash: u64,
    last_hash: u64,
    index: Vec<u8>,
    foot: Foot,
}

impl Writer {
    /// Begins at the start of an empty file.
    pub(crate) fn new(file: Arc<dyn DiskFile>, head: &Head) -> io::Result<Self> {
        Ok(Self {
            compressor: Compressor::new(ZSTD_LEVEL)?,
            file,
            written_bytes: 0,
            written_back_bytes: 0,
            gathered: head.to_bytes().to_vec(),
            block: Vec::new(),
            block_entries: 0,
            block_first_hash: 0,
            last_hash: 0,
            index: Vec::new(),
            foot: Foot::default(),
        })
    }

    /// Adds an entry, which `encode` appends to what it is given. Hashes must not go down.
    pub(crate) fn push(&mut self, hash: u64, encode: impl FnOnce(&mut Vec<u8>)) -> io::Result<()> {
        assert!(hash >= self.last_hash, "entries of a snapshot come in hash order");
        self.last_hash = hash;
        let start = self.block.len();
        encode(&mut self.block);
        if self.block.len() > BLOCK_RAW_BYTES_MAX && start > 0 {
            let entry = self.block.split_off(start);
            self.close_block()?;
            self.block = entry;
        }
        if self.block_entries == 0 {
            self.block_first_hash = hash;
        }
        self.block_entries += 1;
        Ok(())
    }

    /// Adds function libraries, which come before all keys.
    pub(crate) fn push_libraries(&mut self, libraries: &Libraries) -> io::Result<()> {
        libraries.iter().try_for_each(|(name, library)| {
            self.push(LIBRARY_HASH, |out| encode_library(out, name, library.code()))
        })
    }

    /// Adds a block of another snapshot as it is, if that is worth it: one that is too small is to be added entry by
    /// entry, so that blocks do not dwindle from snapshot to snapshot. Whether it was added.
    pub(crate) fn push_block(&mut self, block: &Block<'_>) -> io::Result<bool> {
        if block.head.raw_bytes < COPIED_RAW_BYTES_MIN {
            return Ok(false);
        }
        assert!(block.first_hash >= self.last_hash, "blocks of a snapshot come in hash order");
        self.close_block()?;
        self.last_hash = block.first_hash;
        self.put_block(block.first_hash, block.head, block.stored)?;
        Ok(true)
    }

    /// Writes what is left, with the index and the foot, and syncs the file. `value_bytes` is what the entries count by
    /// the keyspace's formula. Returns the length of the file in bytes.
    pub(crate) fn finish(mut self, value_bytes: u64) -> io::Result<u64> {
        self.close_block()?;
        self.foot.index_offset = self.written_bytes + self.gathered.len() as u64;
        self.foot.index_crc = crc32c::crc32c(&self.index);
        self.foot.value_bytes = value_bytes;
        let index = std::mem::take(&mut self.index);
        self.gathered.extend_from_slice(&index);
        self.gathered.extend_from_slice(&self.foot.to_bytes());
        self.write_gathered()?;
        self.file.sync()?;
        Ok(self.written_bytes)
    }

    fn close_block(&mut self) -> io::Result<()> {
        if self.block_entries == 0 {
            return Ok(());
        }
        let mut raw = std::mem::take(&mut self.block);
        let raw_bytes = u32::try_from(raw.len()).map_err(|_| too_large())?;
        let compressed = self.compressor.compress(&raw)?;
        let (codec, stored) =
            if compressed.len() < raw.len() { (Codec::Zstd, &compressed) } else { (Codec::Raw, &raw) };
        let head = BlockHead::of(raw_bytes, self.block_entries, codec, stored);
        self.put_block(self.block_first_hash, head, stored)?;
        self.block_entries = 0;
        raw.clear();
        raw.shrink_to(2 * BLOCK_RAW_BYTES_MAX);
        self.block = raw;
        Ok(())
    }

    fn put_block(&mut self, first_hash: u64, head: BlockHead, stored: &[u8]) -> io::Result<()> {
        let offset = self.written_bytes + self.gathered.len() as u64;
        self.index.extend_from_slice(&first_hash.to_le_bytes());
        self.index.extend_from_slice(&offset.to_le_bytes());
        self.foot.blocks += 1;
        self.foot.entries += u64::from(head.entries);
        self.foot.blocks_crc = crc32c::crc32c_append(self.foot.blocks_crc, &head.crc.to_le_bytes());
        self.gathered.extend_from_slice(&head.to_bytes());
        self.gathered.extend_from_slice(stored);
        if self.gathered.len() >= WRITE_BYTES { self.write_gathered() } else { Ok(()) }
    }

    fn write_gathered(&mut self) -> io::Result<()> {
        self.file.write_at(&self.gathered, self.written_bytes)?;
        self.written_bytes += self.gathered.len() as u64;
        self.gathered.clear();
        self.gathered.shrink_to(2 * WRITE_BYTES);
        if self.written_bytes - self.written_back_bytes >= WRITE_BACK_BYTES {
            self.file.write_back()?;
            self.written_back_bytes = self.written_bytes;
        }
        Ok(())
    }
}

fn too_large() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, "an entry of more than 4 GiB")
}
