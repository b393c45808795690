//! Looking whether all files are what was written. Changes nothing.

use std::path::Path;

use latchkey_journal::{Disk, Frame};

use crate::error::{OnFile, StorageError};
use crate::names::{self, DATABASES};
use crate::outside::{Copy, Logged, retrying};

/// What [`check`] found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Databases that have files, or steps in the log.
    pub databases: u64,
    /// Snapshots and tails that count.
    pub files: u64,
    /// Their length.
    pub file_bytes: u64,
    /// Keys of all databases.
    pub keys: u64,
    /// Frames in the log.
    pub frames: u64,
    /// What is wrong, each with its file.
    pub problems: Vec<StorageError>,
}

/// Reads everything there is, one database after the other, as waking would. `log` is the directory of the log. Memory
/// for the largest database and the log. A server may run on the disk.
///
/// An error means that the disk cannot be read; what is wrong with files is in the report.
pub fn check(disk: &dyn Disk, log: &Path) -> Result<Report, StorageError> {
    let mut report = Report::default();
    let logged = match retrying(|| Logged::read(disk, log, None)) {
        Err(error) if error.is_damage() => {
            report.problems.push(error);
            Logged::default()
        }
        logged => logged?,
    };
    report.frames = logged.frames;
    let mut ids = stored(disk)?;
    ids.extend(logged.of.keys());
    ids.sort_unstable();
    ids.dedup();
    for id in ids.into_iter().filter(|id| !logged.going.contains(id)) {
        let frames = logged.of.get(&id).map_or(&[][..], Vec::as_slice);
        report.add(read_again(disk, log, id, frames))?;
    }
    Ok(report)
}

/// The ids of all databases that have files.
pub fn stored(disk: &dyn Disk) -> Result<Vec<[u8; 16]>, StorageError> {
    let mut ids = Vec::new();
    let databases = Path::new(DATABASES);
    for group in disk.list(databases).on(databases)? {
        let group = databases.join(group);
        ids.extend(disk.list(&group).on(&group)?.iter().filter_map(|name| names::id_of(name)));
    }
    Ok(ids)
}

/// Reads a database; if that fails, once more with what the log holds by then, as a server may have moved things.
fn read_again(
    disk: &dyn Disk,
    log: &Path,
    id: [u8; 16],
    frames: &[Frame],
) -> Result<Option<Copy>, StorageError> {
    Copy::read(disk, id, frames).or_else(|_| {
        retrying(|| {
            let logged = Logged::read(disk, log, Some(id))?;
            Copy::read(disk, id, logged.of.get(&id).map_or(&[][..], Vec::as_slice))
        })
    })
}

impl Report {
    fn add(&mut self, read: Result<Option<Copy>, StorageError>) -> Result<(), StorageError> {
        match read {
            Ok(Some(copy)) => {
                self.databases += 1;
                self.files += copy.files;
                self.file_bytes += copy.file_bytes;
                self.keys += copy.keyspace.keys() as u64;
            }
            Ok(None) => {}
            Err(error) if error.is_damage() => {
                self.databases += 1;
                self.problems.push(error);
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }
}
