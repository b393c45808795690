//! What a log directory holds, read without changing it.

use std::path::{Path, PathBuf};

use crate::disk::Disk;
use crate::error::JournalError;
use crate::frame::{End, FLAG_AFTER_SYNC, FrameRef, LSN_AT, Lsn, Scanner};
use crate::segment::{self, Head, SEGMENT_HEAD_BYTES};

/// Reads and checks a log, one segment in memory at a time. Changes nothing. [`JournalError::Damaged`] if frames are
/// missing or broken that may have been acknowledged.
pub fn scan<'a>(disk: &'a dyn Disk, directory: &Path) -> Result<Scanned<'a>, JournalError> {
    check(disk, directory, &mut |_| {})
}

/// Shows every frame of a log to an operator, in order, up to the end or the damage that is returned as an error.
pub fn inspect(
    disk: &dyn Disk,
    directory: &Path,
    show: &mut dyn FnMut(FrameSummary<'_>),
) -> Result<(), JournalError> {
    check(disk, directory, show).map(drop)
}

/// A frame and where it stands.
#[derive(Clone, Copy, Debug)]
pub struct FrameSummary<'a> {
    /// Below the root of the disk.
    pub file: &'a Path,
    /// From the start of the file.
    pub offset: u64,
    /// What stands there.
    pub frame: FrameRef<'a>,
}

/// A log that was checked.
#[derive(Debug)]
pub struct Scanned<'a> {
    disk: &'a dyn Disk,
    segments: Vec<CheckedSegment>,
    next_lsn: Lsn,
    frames: u64,
    cut: Option<Cut>,
}

/// The traces of a write that did not end. Nothing in them was acknowledged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cut {
    /// Below the root of the disk.
    pub file: PathBuf,
    /// Where they begin.
    pub offset: u64,
    /// How far they go.
    pub bytes: u64,
}

impl Scanned<'_> {
    /// Hands over all frames, in the order of their numbers. Reads the files a second time.
    pub fn each<E: From<JournalError>>(
        &self,
        mut take: impl FnMut(FrameRef<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        for CheckedSegment { path, salt, frames_bytes, .. } in &self.segments {
            let file = read(self.disk, path)?;
            let mut scanner = Scanner::new(frames_of(&file), *salt);
            while scanner.offset() < *frames_bytes {
                let at = SEGMENT_HEAD_BYTES + scanner.offset() as u64;
                let changed = || JournalError::damaged(path, at, "it has changed since it was checked");
                take(scanner.next().ok_or_else(changed)?)?;
            }
        }
        Ok(())
    }

    /// Makes what was read durable. That it can be read proves nothing: a process may have ended because a sync failed, and
    /// then the end of the log may be in the system's cache and never reach the disk. So the last group is written once
    /// more, and synced. To be called before anything is made of the frames that would look odd without them.
    pub fn secure(&self) -> Result<(), JournalError> {
        let Some(CheckedSegment { path, frames_bytes, last_group_at, .. }) = self.segments.last() else {
            return Ok(());
        };
        let file = self.disk.open(path).map_err(JournalError::io("open it", path))?;
        let from = match *last_group_at {
            0 => 0, // the head was written with the first group
            at => SEGMENT_HEAD_BYTES + at as u64,
        };
        let mut bytes = vec![0; (SEGMENT_HEAD_BYTES + *frames_bytes as u64 - from) as usize];
        file.read_at(&mut bytes, from).map_err(JournalError::io("read it", path))?;
        file.write_at(&bytes, from).map_err(JournalError::io("write to it", path))?;
        file.sync().map_err(JournalError::io("sync it", path))
    }

    /// The number that comes after the last frame: what [`Journal::start`](crate::Journal::start) wants. 1 if there is
    /// no log.
    pub fn next_lsn(&self) -> Lsn {
        self.next_lsn
    }

    /// How many frames there are.
    pub fn frames(&self) -> u64 {
        self.frames
    }

    /// The write that did not end and was left out.
    pub fn cut(&self) -> Option<&Cut> {
        self.cut.as_ref()
    }
}

#[derive(Debug)]
struct CheckedSegment {
    path: PathBuf,
    salt: u64,
    frames_bytes: usize,
    /// Where among the frames the last group begins: all before it was synced.
    last_group_at: usize,
}

fn check<'a>(
    disk: &'a dyn Disk,
    directory: &Path,
    show: &mut dyn FnMut(FrameSummary<'_>),
) -> Result<Scanned<'a>, JournalError> {
    let numbers = segments_since_start(disk, directory)?;
    let mut scanned = Scanned { disk, segments: Vec::new(), next_lsn: Lsn::FIRST, frames: 0, cut: None };
    for number in numbers {
        let path = segment::path_of(directory, number);
        let file = read(disk, &path)?;
        let head = Head::decode(&file, number);
        let head = head.map_err(|error| JournalError::damaged(&path, 0, error.to_string()))?;
        if let Some(head) = head {
            scanned.check_start(&head)?;
            scanned.check_segment(path, head, &file, show)?;
        }
    }
    Ok(scanned)
}

/// The numbers of the segments that count: from the last one on with which a log was started. What those before it held was
/// safe elsewhere by then. They are about to be removed, and what a crash left of them may be anything.
fn segments_since_start(disk: &dyn Disk, directory: &Path) -> Result<Vec<u64>, JournalError> {
    let (mut numbers, _) = segment::list(disk, directory)?;
    for at in (0..numbers.len()).rev() {
        let bytes = read_start(disk, &segment::path_of(directory, numbers[at]), SEGMENT_HEAD_BYTES)?;
        // A head that cannot be read is told of when its segment is checked.
        if matches!(Head::decode(&bytes, numbers[at]), Ok(Some(head)) if head.starts_log) {
            numbers.drain(..at);
            break;
        }
    }
    Ok(numbers)
}

impl Scanned<'_> {
    /// A segment begins with the frame after the last of the one before it, which was durable by then.
    fn check_start(&self, head: &Head) -> Result<(), JournalError> {
        let Some(before) = self.segments.last().filter(|_| self.next_lsn != head.first_lsn) else {
            return Ok(());
        };
        let at = SEGMENT_HEAD_BYTES + before.frames_bytes as u64;
        let (expected, found) = (self.next_lsn, head.first_lsn);
        let what = format!("frame {expected} is missing; the next segment begins with frame {found}");
        Err(JournalError::damaged(&before.path, at, what))
    }

    fn check_segment(
        &mut self,
        path: PathBuf,
        head: Head,
        file: &[u8],
        show: &mut dyn FnMut(FrameSummary<'_>),
    ) -> Result<(), JournalError> {
        self.next_lsn = head.first_lsn;
        let mut scanner = Scanner::new(frames_of(file), head.salt);
        let mut offset = SEGMENT_HEAD_BYTES;
        let mut last_group_at = 0;
        while let Some(frame) = scanner.next() {
            if frame.lsn != self.next_lsn {
                let what = format!("frame {} where frame {} was expected", frame.lsn, self.next_lsn);
                return Err(JournalError::damaged(&path, offset, what));
            }
            if frame.flags & FLAG_AFTER_SYNC != 0 {
                last_group_at = (offset - SEGMENT_HEAD_BYTES) as usize;
            }
            show(FrameSummary { file: &path, offset, frame });
            self.next_lsn = frame.lsn.next();
            self.frames += 1;
            offset = SEGMENT_HEAD_BYTES + scanner.offset() as u64;
        }
        self.check_end(&path, &head, scanner.end(), file)?;
        let frames_bytes = scanner.offset();
        self.segments.push(CheckedSegment { path, salt: head.salt, frames_bytes, last_group_at });
        Ok(())
    }

    fn is_of_next_frame(&self, bytes: &[u8]) -> bool {
        bytes.get(LSN_AT..).and_then(|lsn| lsn.first_chunk()) == Some(&self.next_lsn.0.to_le_bytes())
    }

    fn check_end(&mut self, path: &Path, head: &Head, end: End, file: &[u8]) -> Result<(), JournalError> {
        let offset = SEGMENT_HEAD_BYTES + end.offset() as u64;
        match end {
            End::Clean { .. } => Ok(()),
            // What is left of an earlier use, unless it has the number of the frame that would be here.
            End::Leftover { .. } if head.is_recycled && !self.is_of_next_frame(&file[offset as usize..]) => {
                Ok(())
            }
            End::Leftover { bytes, .. } | End::Torn { bytes, .. } => {
                self.cut = Some(Cut { file: path.to_owned(), offset, bytes: bytes as u64 });
                Ok(())
            }
            End::Damaged { good_at, .. } => {
                let good_at = SEGMENT_HEAD_BYTES + good_at as u64;
                let what = format!("no frame, but at byte {good_at} is one that was written later");
                Err(JournalError::damaged(path, offset, what))
            }
        }
    }
}

fn frames_of(file: &[u8]) -> &[u8] {
    file.get(SEGMENT_HEAD_BYTES as usize..).unwrap_or_default()
}

fn read(disk: &dyn Disk, path: &Path) -> Result<Vec<u8>, JournalError> {
    read_start(disk, path, u64::MAX)
}

/// No more than so many bytes.
fn read_start(disk: &dyn Disk, path: &Path, bytes_max: u64) -> Result<Vec<u8>, JournalError> {
    let file = disk.open(path).map_err(JournalError::io("open it", path))?;
    let bytes = file.len().map_err(JournalError::io("ask for its length", path))?.min(bytes_max);
    let mut buffer = vec![0; bytes as usize];
    file.read_at(&mut buffer, 0).map_err(JournalError::io("read it", path))?;
    Ok(buffer)
}
