//! Tails: files with the steps of one database since a snapshot, as frames.
//!
//! A frame of a tail that is *promised* is written only after the log has it for good, and the log keeps it until the
//! tail is synced. Before each sync comes a seal, a frame that says: this is all. So whatever a crash does to such a
//! tail, the log has what is missing; and where the log has nothing, a tail that does not end with its seal is damaged.
//! A tail that is not promised (durability `none`) ends where its first bad frame is.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use latchkey_journal::{Disk, DiskFile, FrameRef, Lsn, NoFrame, decode};

use crate::bytes::{array_at, u32_at, u64_at};
use crate::error::{OnFile, StorageError};

/// The length of a tail's head in bytes.
pub(crate) const HEAD_BYTES: usize = 72;

/// The payload is the seed of a database that begins here, eight bytes.
pub(crate) const KIND_BIRTH: u8 = 2;
/// No payload: all frames of the tail up to here were written before the sync that followed.
pub(crate) const KIND_SEAL: u8 = 3;

/// What stands for a number in frames that the log does not have. (A frame has a number, or it is none.)
pub(crate) const UNLOGGED: Lsn = Lsn::FIRST;

const MAGIC: &[u8; 8] = b"LKTAIL1\0";
const VERSION: u32 = 1;
const FLAG_NOT_PROMISED: u32 = 1;

/// So much is read at once, unless a frame is larger.
const READ_BYTES: usize = 1024 * 1024;

/// What a tail says of itself at its beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    /// The database.
    pub(crate) database: [u8; 16],
    /// The generation that the file's name says too.
    pub(crate) generation: u64,
    /// The last step before those that stand here.
    pub(crate) after_seq: u64,
    /// The seed of the keyspace.
    pub(crate) seed: u64,
    /// Goes into the checksums of frames.
    pub(crate) salt: u64,
    /// Whether its frames are in the log until they are synced here.
    pub(crate) is_promised: bool,
}

impl Head {
    pub(crate) fn to_bytes(self) -> [u8; HEAD_BYTES] {
        let flags = if self.is_promised { 0 } else { FLAG_NOT_PROMISED };
        let mut bytes = [0; HEAD_BYTES];
        bytes[..8].copy_from_slice(MAGIC);
        bytes[8..12].copy_from_slice(&VERSION.to_le_bytes());
        bytes[12..16].copy_from_slice(&flags.to_le_bytes());
        bytes[16..32].copy_from_slice(&self.database);
        bytes[32..40].copy_from_slice(&self.generation.to_le_bytes());
        bytes[40..48].copy_from_slice(&self.after_seq.to_le_bytes());
        bytes[48..56].copy_from_slice(&self.seed.to_le_bytes());
        bytes[56..64].copy_from_slice(&self.salt.to_le_bytes());
        let crc = crc32c::crc32c(&bytes[..68]);
        bytes[68..].copy_from_slice(&crc.to_le_bytes());
        bytes
    }

    fn from_bytes(bytes: &[u8; HEAD_BYTES]) -> Result<Self, &'static str> {
        if crc32c::crc32c(&bytes[..68]) != u32_at(bytes, 68) {
            return Err("the head's checksum is wrong");
        }
        if &bytes[..8] != MAGIC {
            return Err("this is no tail");
        }
        if u32_at(bytes, 8) != VERSION || u32_at(bytes, 12) > FLAG_NOT_PROMISED {
            return Err("a version that this program does not know");
        }
        Ok(Self {
            database: array_at(bytes, 16),
            generation: u64_at(bytes, 32),
            after_seq: u64_at(bytes, 40),
            seed: u64_at(bytes, 48),
            salt: u64_at(bytes, 56),
            is_promised: u32_at(bytes, 12) & FLAG_NOT_PROMISED == 0,
        })
    }
}

/// The seed in a birth.
pub(crate) fn seed_in(frame: &FrameRef<'_>) -> Option<u64> {
    let is_birth = frame.kind == KIND_BIRTH && frame.seq == 1;
    frame.payload.try_into().ok().filter(|_| is_birth).map(u64::from_le_bytes)
}

/// How far a tail can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Extent {
    /// Where the last good frame ends.
    pub(crate) bytes: u64,
    /// The last step.
    pub(crate) seq: u64,
    /// Whether the last good frame is a seal, or there is none at all.
    pub(crate) is_sealed: bool,
    /// How long the file is.
    pub(crate) file_bytes: u64,
}

impl Extent {
    /// Whether something stands after the last good frame.
    pub(crate) fn is_torn(&self) -> bool {
        self.file_bytes > self.bytes
    }
}

/// A tail that is open, with a head that is as it was written.
#[derive(Debug)]
pub(crate) struct Tail {
    pub(crate) file: Arc<dyn DiskFile>,
    pub(crate) path: PathBuf,
    pub(crate) head: Head,
}

impl Tail {
    /// Opens a tail of this database and generation. `None` if its making was interrupted: then nothing is in it.
    pub(crate) fn open(
        disk: &dyn Disk,
        path: &Path,
        database: [u8; 16],
        generation: u64,
    ) -> Result<Option<Self>, StorageError> {
        let file = disk.open(path).on(path)?;
        let file_bytes = file.len().on(path)?;
        let mut bytes = [0; HEAD_BYTES];
        if file_bytes < HEAD_BYTES as u64 {
            return Ok(None);
        }
        file.read_at(&mut bytes, 0).on(path)?;
        match Head::from_bytes(&bytes) {
            Ok(head) if (head.database, head.generation) == (database, generation) => {
                Ok(Some(Self { file, path: path.to_owned(), head }))
            }
            Ok(_) => Err(StorageError::damaged(
                path,
                0,
                "it belongs to another database or generation than its name says",
            )),
            // The head is synced before any frame is written: with nothing behind it, it never was.
            Err(_) if file_bytes == HEAD_BYTES as u64 => Ok(None),
            Err(what) => Err(StorageError::damaged(path, 0, what)),
        }
    }

    /// Makes a tail, with its head and its name synced. The directory is there and synced.
    pub(crate) fn create(disk: &dyn Disk, path: &Path, head: Head) -> Result<Self, StorageError> {
        let file = disk.create(path).on(path)?;
        file.write_at(&head.to_bytes(), 0).on(path)?;
        file.sync().on(path)?;
        let directory = path.parent().expect("a tail is in its database's directory");
        disk.sync_dir(directory).on(directory)?;
        Ok(Self { file, path: path.to_owned(), head })
    }

    /// Visits the frames that are steps, in order, and tells how far that went. Frames out of order are damage.
    pub(crate) fn visit(
        &self,
        mut visit: impl FnMut(u64, &FrameRef<'_>) -> Result<(), StorageError>,
    ) -> Result<Extent, StorageError> {
        let mut window = Window::open(&*self.file, &self.path)?;
        let mut extent = Extent {
            bytes: HEAD_BYTES as u64,
            seq: self.head.after_seq,
            is_sealed: true,
            file_bytes: window.file_bytes,
        };
        loop {
            match decode(window.bytes(), self.head.salt) {
                Ok(frame) => {
                    extent.seq = self.check_order(&frame, extent)?;
                    extent.is_sealed = frame.kind == KIND_SEAL;
                    if frame.kind != KIND_SEAL {
                        visit(extent.bytes, &frame)?;
                    }
                    let bytes = frame.encoded_bytes();
                    extent.bytes += bytes as u64;
                    window.consume(bytes);
                }
                Err(NoFrame::Short { bytes }) if window.can_hold(bytes) => window.fill(bytes)?,
                Err(_) => return Ok(extent),
            }
        }
    }

    /// Writes its first bytes once more, as they can be read. Where a sync has failed, the system takes what it could not
    /// write for written, so that no later sync would.
    pub(crate) fn write_anew(&self, bytes: u64) -> Result<(), StorageError> {
        let mut buffer = Vec::new();
        let mut offset = 0;
        while offset < bytes {
            buffer.resize(usize::try_from(bytes - offset).unwrap_or(usize::MAX).min(READ_BYTES), 0);
            self.file.read_at(&mut buffer, offset).on(&self.path)?;
            self.file.write_at(&buffer, offset).on(&self.path)?;
            offset += buffer.len() as u64;
        }
        Ok(())
    }

    /// An error that says where in this file something is wrong.
    pub(crate) fn damaged(&self, offset: u64, what: impl Into<String>) -> StorageError {
        StorageError::damaged(&self.path, offset, what)
    }

    /// The step that the tail is at with this frame.
    fn check_order(&self, frame: &FrameRef<'_>, before: Extent) -> Result<u64, StorageError> {
        let expected = if frame.kind == KIND_SEAL { before.seq } else { before.seq + 1 };
        if frame.database != self.head.database || frame.seq != expected {
            return Err(self.damaged(before.bytes, "a step that is not the next one of this database"));
        }
        Ok(expected)
    }
}

/// The part of a file that is in memory.
struct Window<'a> {
    file: &'a dyn DiskFile,
    path: &'a Path,
    file_bytes: u64,
    /// Where in the file `buffer` ends.
    end: u64,
    buffer: Vec<u8>,
    /// How much of `buffer` is used up.
    used: usize,
}

impl<'a> Window<'a> {
    fn open(file: &'a dyn DiskFile, path: &'a Path) -> Result<Self, StorageError> {
        let file_bytes = file.len().on(path)?;
        Ok(Self { file, path, file_bytes, end: HEAD_BYTES as u64, buffer: Vec::new(), used: 0 })
    }

    fn bytes(&self) -> &[u8] {
        &self.buffer[self.used..]
    }

    fn consume(&mut self, bytes: usize) {
        self.used += bytes;
    }

    /// Whether the file has so many bytes from the place where the window is.
    fn can_hold(&self, bytes: usize) -> bool {
        (self.bytes().len() as u64).saturating_add(self.file_bytes - self.end) >= bytes as u64
    }

    /// Reads until there are at least so many bytes.
    fn fill(&mut self, bytes: usize) -> Result<(), StorageError> {
        self.buffer.drain(..self.used);
        self.used = 0;
        let kept = self.buffer.len();
        let wanted = bytes.max(READ_BYTES).saturating_sub(kept);
        let read = wanted.min(usize::try_from(self.file_bytes - self.end).unwrap_or(usize::MAX));
        self.buffer.resize(kept + read, 0);
        self.file.read_at(&mut self.buffer[kept..], self.end).on(self.path)?;
        self.end += read as u64;
        Ok(())
    }
}
