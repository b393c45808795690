//! What a log directory holds, read without changing it.

use std::path::{Path, PathBuf};

use crate::disk::Disk;
use crate::error::JournalError;
use crate::frame::{FrameRef, Lsn};

/// Reads and checks a log, one segment in memory at a time. Changes nothing.
pub fn scan<'a>(disk: &'a dyn Disk, directory: &Path) -> Result<Scanned<'a>, JournalError> {
    unimplemented!("{disk:?} {directory:?}")
}

/// A log that was checked.
#[derive(Debug)]
pub struct Scanned<'a> {
    #[allow(dead_code)]
    disk: &'a dyn Disk,
}

#[allow(missing_docs, unused_variables)]
impl Scanned<'_> {
    /// Hands over all frames, in the order of their numbers.
    pub fn each<E: From<JournalError>>(
        &self,
        mut take: impl FnMut(FrameRef<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        unimplemented!()
    }
    /// For the frame after the last: what [`Journal::start`](crate::Journal::start) wants. 1 if there is no log.
    pub fn next_lsn(&self) -> Lsn {
        unimplemented!()
    }
    pub fn frames(&self) -> u64 {
        unimplemented!()
    }
    /// The write that did not end and was left out.
    pub fn cut(&self) -> Option<&Cut> {
        unimplemented!()
    }
}

/// The traces of a write that did not end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cut {
    /// Below the root of the disk.
    pub file: PathBuf,
    /// Where it begins.
    pub offset: u64,
    /// How far its traces go.
    pub bytes: u64,
}
