//! Segments: the files that the log consists of.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::disk::{Disk, DiskFile};
use crate::error::JournalError;
use crate::frame::{Lsn, u32_at, u64_at};

/// Where the frames of a segment begin.
pub(crate) const SEGMENT_HEAD_BYTES: u64 = 4096;

const MAGIC: &[u8; 8] = b"LKLOG1\0\0";
const VERSION: u32 = 1;
/// Fits in a sector, so it is written wholly or not at all.
const HEAD_USED_BYTES: usize = 44;
const ZEROES_WRITTEN_AT_ONCE: usize = 1 << 20;

/// A segment that frames are written into, zeroes or old frames up to its end.
#[derive(Debug)]
pub(crate) struct Segment {
    pub(crate) file: Arc<dyn DiskFile>,
    pub(crate) path: PathBuf,
    pub(crate) number: u64,
    pub(crate) bytes: u64,
    /// Whether old frames may stand in it.
    pub(crate) is_recycled: bool,
}

impl Segment {
    /// Bytes of frames that fit in it.
    pub(crate) fn frame_bytes(&self) -> u64 {
        self.bytes - SEGMENT_HEAD_BYTES
    }
}

/// Makes a segment of zeroes that survives a crash, so that writing into it takes no room and changes no metadata.
pub(crate) fn make(
    disk: &dyn Disk,
    directory: &Path,
    number: u64,
    bytes: u64,
) -> Result<Segment, JournalError> {
    let unfinished = directory.join("next.tmp");
    let path = path_of(directory, number);
    let file = disk.create(&unfinished).map_err(JournalError::io("make it", &unfinished))?;
    let filled = fill_with_zeroes(&*file, &unfinished, 0, bytes);
    if let Err(error) = filled {
        disk.remove(&unfinished).map_err(JournalError::io("remove it", &unfinished))?;
        return Err(error);
    }
    rename(disk, directory, &unfinished, &path)?;
    Ok(Segment { file, path, number, bytes, is_recycled: false })
}

/// Makes a segment that nothing was written into longer.
pub(crate) fn lengthen(segment: &mut Segment, bytes: u64) -> Result<(), JournalError> {
    fill_with_zeroes(&*segment.file, &segment.path, segment.bytes, bytes)?;
    segment.bytes = bytes;
    Ok(())
}

/// Turns a segment whose frames are not needed into one for frames to come. Its head, of a lower number than its name,
/// says that it is not in use; another salt will keep its old frames from being read.
pub(crate) fn recycle(
    disk: &dyn Disk,
    directory: &Path,
    freed: &Path,
    number: u64,
) -> Result<Segment, JournalError> {
    let path = path_of(directory, number);
    rename(disk, directory, freed, &path)?;
    let file = disk.open(&path).map_err(JournalError::io("open it", &path))?;
    let bytes = file.len().map_err(JournalError::io("ask for its length", &path))?.max(SEGMENT_HEAD_BYTES);
    Ok(Segment { file, path, number, bytes, is_recycled: true })
}

/// Removes a file, and returns when it is gone for good: what is removed next will not be gone without it.
pub(crate) fn remove(disk: &dyn Disk, directory: &Path, path: &Path) -> Result<(), JournalError> {
    disk.remove(path).map_err(JournalError::io("remove it", path))?;
    disk.sync_dir(directory).map_err(JournalError::io("sync it", directory))
}

fn rename(disk: &dyn Disk, directory: &Path, from: &Path, to: &Path) -> Result<(), JournalError> {
    disk.rename(from, to).map_err(JournalError::io("rename it", from))?;
    disk.sync_dir(directory).map_err(JournalError::io("sync it", directory))
}

fn fill_with_zeroes(file: &dyn DiskFile, path: &Path, from: u64, to: u64) -> Result<(), JournalError> {
    let zeroes = vec![0; ZEROES_WRITTEN_AT_ONCE.min((to - from) as usize)];
    let mut offset = from;
    while offset < to {
        let bytes = zeroes.len().min((to - offset) as usize);
        file.write_at(&zeroes[..bytes], offset).map_err(JournalError::io("fill it", path))?;
        offset += bytes as u64;
    }
    file.sync().map_err(JournalError::io("sync it", path))
}

/// What a segment says of itself, once it is in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) number: u64,
    pub(crate) first_lsn: Lsn,
    pub(crate) salt: u64,
    /// Whether old frames of another salt may stand behind the new ones.
    pub(crate) is_recycled: bool,
    /// Whether a log was started with it: what segments before it held was safe elsewhere by then.
    pub(crate) starts_log: bool,
}

impl Head {
    /// ```text
    ///  0  magic      "LKLOG1\0\0"
    ///  8  version    u32  1
    /// 12  flags      u32  1: used before; old frames of another salt may stand behind the new ones
    ///                     2: the first since a start; segments before it count no more
    /// 16  number     u64  that of the file's name
    /// 24  first lsn  u64  of its first frame
    /// 32  salt       u64
    /// 40  crc        u32  CRC-32C of bytes 0..40
    /// 44  zeroes up to 4096
    /// ```
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEAD_USED_BYTES);
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&VERSION.to_le_bytes());
        let flags = u32::from(self.is_recycled) | (u32::from(self.starts_log) << 1);
        bytes.extend_from_slice(&flags.to_le_bytes());
        bytes.extend_from_slice(&self.number.to_le_bytes());
        bytes.extend_from_slice(&self.first_lsn.0.to_le_bytes());
        bytes.extend_from_slice(&self.salt.to_le_bytes());
        bytes.extend_from_slice(&crc32c::crc32c(&bytes).to_le_bytes());
        bytes
    }

    /// Reads the head of the file that is named after `number`; nothing if the file is not in use.
    pub(crate) fn decode(file: &[u8], number: u64) -> Result<Option<Self>, HeadError> {
        let Some(head) = file.first_chunk::<HEAD_USED_BYTES>() else {
            return if file.iter().all(|&byte| byte == 0) { Ok(None) } else { Err(HeadError::Broken) };
        };
        if head.iter().all(|&byte| byte == 0) {
            return Ok(None);
        }
        if &head[..8] != MAGIC || u32_at(head, 40) != crc32c::crc32c(&head[..40]) {
            return Err(HeadError::Broken);
        }
        if u32_at(head, 8) != VERSION {
            return Err(HeadError::Version(u32_at(head, 8)));
        }
        let flags = u32_at(head, 12);
        let found = Self {
            number: u64_at(head, 16),
            first_lsn: Lsn(u64_at(head, 24)),
            salt: u64_at(head, 32),
            is_recycled: flags & 1 != 0,
            starts_log: flags & 2 != 0,
        };
        match found.number.cmp(&number) {
            std::cmp::Ordering::Less => Ok(None),
            std::cmp::Ordering::Equal => Ok(Some(found)),
            std::cmp::Ordering::Greater => Err(HeadError::Number(found.number)),
        }
    }
}

/// Why the head of a segment cannot be read.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum HeadError {
    #[error("the head of the segment fails its checksum")]
    Broken,
    #[error("version {0} of the log, of which this program knows version 1")]
    Version(u32),
    #[error("the head belongs to segment {0}")]
    Number(u64),
}

/// The salt of a segment: its own, under the seed of this start.
pub(crate) fn salt_of(seed: u64, number: u64) -> u64 {
    fastrand::Rng::with_seed(seed ^ number.wrapping_mul(0x9e37_79b9_7f4a_7c15)).u64(..)
}

pub(crate) fn path_of(directory: &Path, number: u64) -> PathBuf {
    directory.join(format!("{number:016}.log"))
}

/// The segments in a directory, by number, and the files that are left of unfinished work.
pub(crate) fn list(disk: &dyn Disk, directory: &Path) -> Result<(Vec<u64>, Vec<PathBuf>), JournalError> {
    let names = disk.list(directory).map_err(JournalError::io("list it", directory))?;
    let mut numbers: Vec<u64> = names.iter().filter_map(|name| number_in(name)).collect();
    numbers.sort_unstable();
    let unfinished = names.iter().filter(|name| name.ends_with(".tmp"));
    Ok((numbers, unfinished.map(|name| directory.join(name)).collect()))
}

fn number_in(name: &str) -> Option<u64> {
    let number = name.strip_suffix(".log")?.parse().ok()?;
    (name == format!("{number:016}.log")).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: Head = Head { number: 3, first_lsn: Lsn(9), salt: 7, is_recycled: true, starts_log: false };

    /// The bytes of version 1. The sum was computed by another program.
    #[test]
    fn a_head_has_these_bytes() {
        let bytes = HEAD.encode();
        let numbers = [[3, 0, 0, 0, 0, 0, 0, 0], [9, 0, 0, 0, 0, 0, 0, 0], [7, 0, 0, 0, 0, 0, 0, 0]].concat();
        assert_eq!(bytes[..16], *b"LKLOG1\0\0\x01\0\0\0\x01\0\0\0");
        assert_eq!((&bytes[16..40], &bytes[40..]), (&*numbers, &[251, 7, 97, 15][..]));
        assert_eq!(Head::decode(&bytes, 3), Ok(Some(HEAD)));
        let first = Head { is_recycled: false, starts_log: true, ..HEAD };
        assert_eq!(first.encode()[12..16], [2, 0, 0, 0]);
        assert_eq!(Head::decode(&first.encode(), 3), Ok(Some(first)));
    }

    #[test]
    fn a_file_is_in_use_if_its_head_has_the_number_of_its_name() {
        let bytes = HEAD.encode();
        assert_eq!(Head::decode(&bytes, 4), Ok(None));
        assert_eq!(Head::decode(&bytes, 2), Err(HeadError::Number(3)));
        assert_eq!(Head::decode(&[0; 4096], 3), Ok(None));
        assert_eq!(Head::decode(&[], 3), Ok(None));
        assert_eq!(Head::decode(&bytes[..43], 3), Err(HeadError::Broken));
    }

    #[test]
    fn a_version_to_come_is_refused_by_name() {
        let mut bytes = HEAD.encode();
        bytes[8] = 2;
        let crc = crc32c::crc32c(&bytes[..40]).to_le_bytes();
        bytes[40..].copy_from_slice(&crc);
        let error = Head::decode(&bytes, 3).unwrap_err();
        assert_eq!(error.to_string(), "version 2 of the log, of which this program knows version 1");
    }

    #[test]
    fn other_files_are_no_segments() {
        let names =
            ["0000000000000012.log", "12.log", "+000000000000012.log", "0000000000000012.tmp", "x.log"];
        assert_eq!(names.map(number_in), [Some(12), None, None, None, None]);
    }
}
