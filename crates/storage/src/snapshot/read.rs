//! Reading a snapshot, and finding out that it is not what was written.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use latchkey_journal::{Disk, DiskFile};

use super::format::{
    BLOCK_HEAD_BYTES, BLOCK_RAW_BYTES_MAX, BlockHead, Codec, FOOT_BYTES, Foot, HEAD_BYTES, Head, INDEX_BYTES,
};
use crate::bytes::u64_at;
use crate::error::{OnFile, StorageError};

/// So much is read at once, unless one block is larger.
const READ_BYTES: u64 = 1024 * 1024;

/// A finished snapshot, open for reading. Its head, foot and index are checked and in memory.
#[derive(Debug)]
pub(crate) struct Snapshot {
    file: Arc<dyn DiskFile>,
    path: PathBuf,
    /// What it says of itself.
    pub(crate) head: Head,
    foot: Foot,
    /// Where each block begins and with which hash, and where the last one ends.
    index: Vec<(u64, u64)>,
    file_bytes: u64,
}

impl Snapshot {
    /// Opens a snapshot of this database and generation.
    pub(crate) fn open(
        disk: &dyn Disk,
        path: &Path,
        database: [u8; 16],
        generation: u64,
    ) -> Result<Self, StorageError> {
        let file = disk.open(path).on(path)?;
        let file_bytes = file.len().on(path)?;
        let damaged = |offset, what: &str| StorageError::damaged(path, offset, what);
        if file_bytes < (HEAD_BYTES + FOOT_BYTES) as u64 {
            return Err(damaged(0, "it is shorter than a head and a foot"));
        }
        let mut head_bytes = [0; HEAD_BYTES];
        file.read_at(&mut head_bytes, 0).on(path)?;
        let head = Head::from_bytes(&head_bytes).map_err(|what| damaged(0, what))?;
        if (head.database, head.generation) != (database, generation) {
            return Err(damaged(0, "it belongs to another database or generation than its name says"));
        }
        let foot_offset = file_bytes - FOOT_BYTES as u64;
        let mut foot_bytes = [0; FOOT_BYTES];
        file.read_at(&mut foot_bytes, foot_offset).on(path)?;
        let foot = Foot::from_bytes(&foot_bytes).map_err(|what| damaged(foot_offset, what))?;
        let mut snapshot = Self { file, path: path.to_owned(), head, foot, index: Vec::new(), file_bytes };
        snapshot.read_index(foot_offset)?;
        Ok(snapshot)
    }

    /// How many entries it has.
    pub(crate) fn entries(&self) -> u64 {
        self.foot.entries
    }

    /// What its entries count by the keyspace's formula.
    pub(crate) fn value_bytes(&self) -> u64 {
        self.foot.value_bytes
    }

    /// The length of the file in bytes.
    pub(crate) fn file_bytes(&self) -> u64 {
        self.file_bytes
    }

    /// How many blocks it has.
    pub(crate) fn blocks(&self) -> usize {
        self.index.len() - 1
    }

    /// The lowest and the highest hash that an entry of a block can have.
    pub(crate) fn hashes_of(&self, block: usize) -> (u64, u64) {
        let is_last = block + 1 == self.blocks();
        (self.index[block].0, if is_last { u64::MAX } else { self.index[block + 1].0 })
    }

    /// The blocks that begin with this hash, by their numbers; if there are none, the one that it lies in. What has this
    /// hash is there, but for what shares it with the first entry of the first of them: that may stand before, too.
    pub(crate) fn find(&self, hash: u64) -> Range<usize> {
        let begins = &self.index[..self.blocks()];
        let start = begins.partition_point(|&(first, _)| first < hash);
        let end = begins.partition_point(|&(first, _)| first <= hash);
        if start == end { start.saturating_sub(1)..end } else { start..end }
    }

    /// How many bytes of the file a block takes.
    pub(crate) fn bytes_of(&self, block: usize) -> u64 {
        self.index[block + 1].1 - self.index[block].1
    }

    /// Visits blocks in order: those that `wanted` says, by number. Neighbours are read together.
    pub(crate) fn visit(
        &self,
        wanted: impl Fn(usize) -> bool,
        mut visit: impl FnMut(usize, Block<'_>) -> Result<(), StorageError>,
    ) -> Result<(), StorageError> {
        let mut bytes = Vec::new();
        let mut next = 0;
        while let Some(first) = (next..self.blocks()).find(|&block| wanted(block)) {
            next = self.end_of_run(first, &wanted);
            let start = self.index[first].1;
            bytes.resize(to_usize(self.index[next].1 - start), 0);
            self.file.read_at(&mut bytes, start).on(&self.path)?;
            for number in first..next {
                let from = to_usize(self.index[number].1 - start);
                let to = to_usize(self.index[number + 1].1 - start);
                visit(number, self.block(number, &bytes[from..to])?)?;
            }
        }
        Ok(())
    }

    /// Checks that the blocks together are those that the foot speaks of. For who has visited all of them.
    pub(crate) fn check_blocks_crc(&self, blocks_crc: u32) -> Result<(), StorageError> {
        if blocks_crc == self.foot.blocks_crc {
            return Ok(());
        }
        Err(self
            .damaged(self.file_bytes - FOOT_BYTES as u64, "the blocks are not those that the foot sums up"))
    }

    /// An error that says where in this file something is wrong.
    pub(crate) fn damaged(&self, offset: u64, what: impl Into<String>) -> StorageError {
        StorageError::damaged(&self.path, offset, what)
    }

    fn read_index(&mut self, foot_offset: u64) -> Result<(), StorageError> {
        let offset = self.foot.index_offset;
        let index_bytes = foot_offset.checked_sub(offset);
        if index_bytes != self.foot.blocks.checked_mul(INDEX_BYTES as u64) {
            return Err(self.damaged(offset, "the index is not where the foot says"));
        }
        let mut bytes = vec![0; to_usize(foot_offset - offset)];
        self.file.read_at(&mut bytes, offset).on(&self.path)?;
        if crc32c::crc32c(&bytes) != self.foot.index_crc {
            return Err(self.damaged(offset, "the index's checksum is wrong"));
        }
        self.index = bytes.chunks_exact(INDEX_BYTES).map(|item| (u64_at(item, 0), u64_at(item, 8))).collect();
        self.index.push((u64::MAX, offset));
        let least = BLOCK_HEAD_BYTES as u64;
        let in_order =
            self.index.windows(2).all(|pair| pair[0].0 <= pair[1].0 && pair[0].1 + least <= pair[1].1);
        let begins = self.index[0].1 == HEAD_BYTES as u64;
        if begins && in_order { Ok(()) } else { Err(self.damaged(offset, "the index is not in order")) }
    }

    /// The first block after `first` that is not wanted, or does not fit in one read.
    fn end_of_run(&self, first: usize, wanted: &impl Fn(usize) -> bool) -> usize {
        let start = self.index[first].1;
        let fits = |&block: &usize| wanted(block) && self.index[block + 1].1 - start <= READ_BYTES;
        first + 1 + (first + 1..self.blocks()).take_while(fits).count()
    }

    /// The block whose bytes these are, checked.
    fn block<'a>(&'a self, number: usize, bytes: &'a [u8]) -> Result<Block<'a>, StorageError> {
        let (first_hash, offset) = self.index[number];
        let head = BlockHead::from_bytes(bytes).map_err(|what| self.damaged(offset, what))?;
        let stored = &bytes[BLOCK_HEAD_BYTES..];
        if head.stored_bytes as usize != stored.len() || head.crc_with(stored) != head.crc {
            return Err(self.damaged(offset, "a block's checksum is wrong"));
        }
        if head.raw_bytes as usize > BLOCK_RAW_BYTES_MAX && head.entries != 1 {
            return Err(self.damaged(offset, "a block is too large"));
        }
        Ok(Block { snapshot: self, offset, first_hash, head, stored })
    }
}

/// Entries of a snapshot that are stored together.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Block<'a> {
    snapshot: &'a Snapshot,
    offset: u64,
    /// The hash of its first entry.
    pub(crate) first_hash: u64,
    pub(super) head: BlockHead,
    pub(super) stored: &'a [u8],
}

impl<'a> Block<'a> {
    /// The checksums of the blocks up to here, if `before` is that of those before.
    pub(crate) fn crc_after(&self, before: u32) -> u32 {
        crc32c::crc32c_append(before, &self.head.crc.to_le_bytes())
    }

    /// How many bytes its entries take.
    pub(crate) fn raw_bytes(&self) -> usize {
        self.head.raw_bytes as usize
    }

    /// Its entries as they were pushed, one after the other.
    pub(crate) fn raw<'b>(&self, unpacker: &'b mut Unpacker) -> Result<&'b [u8], StorageError>
    where
        'a: 'b,
    {
        match self.head.codec {
            Codec::Raw if self.head.raw_bytes == self.head.stored_bytes => Ok(self.stored),
            Codec::Raw => Err(self.damaged("a block has another length than its head says")),
            Codec::Zstd => unpacker
                .unpack(self.stored, self.head.raw_bytes as usize)
                .map_err(|what| self.damaged(format!("a block cannot be unpacked: {what}"))),
        }
    }

    /// An error that says that something is wrong in this block.
    pub(crate) fn damaged(&self, what: impl Into<String>) -> StorageError {
        self.snapshot.damaged(self.offset, what)
    }
}

/// Unpacks blocks, with memory that is used again for the next.
#[derive(Default)]
pub(crate) struct Unpacker {
    context: Option<zstd::bulk::Decompressor<'static>>,
    buffer: Vec<u8>,
}

impl Unpacker {
    fn unpack(&mut self, stored: &[u8], raw_bytes: usize) -> Result<&[u8], String> {
        let context = match self.context.take() {
            Some(context) => context,
            None => zstd::bulk::Decompressor::new().map_err(|error| error.to_string())?,
        };
        let context = self.context.insert(context);
        self.buffer.resize(raw_bytes.max(BLOCK_RAW_BYTES_MAX), 0);
        let buffer = &mut self.buffer[..raw_bytes];
        let length = context.decompress_to_buffer(stored, buffer).map_err(|error| error.to_string())?;
        if length == raw_bytes { Ok(buffer) } else { Err("its length is not what its head says".into()) }
    }
}

fn to_usize(bytes: u64) -> usize {
    usize::try_from(bytes).expect("files fit in the address space of a 64-bit machine")
}
