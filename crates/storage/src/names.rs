//! What the files of a database are called. Names are the state: nothing else says which files count.
//!
//! ```text
//! db/ab/ab…/                  one database; `ab` is the last byte of its id, in hexadecimal as all numbers here
//!   0000000000000007.snap     the snapshot of generation 7
//!   0000000000000007.tail     the steps since
//!   0000000000000008.tmp      a snapshot that is being written
//!   0000000000000001.unplaced steps from the log that do not follow what is there: the database is not served
//! deleted/<id>.<lsn>.going    a database whose files are being removed, with the last frame of the log that is its own
//! deleted/<id>.<lsn>.gone     one whose files are removed; the log may still have frames of it
//! ```

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use latchkey_journal::Disk;

use crate::error::{OnFile, StorageError};

/// The directory of all databases.
pub(crate) const DATABASES: &str = "db";
/// The directory of marks for databases that were deleted.
pub(crate) const DELETED: &str = "deleted";

const SNAPSHOT: &str = "snap";
const TAIL: &str = "tail";
const UNFINISHED: &str = "tmp";
const UNPLACED: &str = "unplaced";

/// The directory of a database. Ids begin with the time, so it is their end that spreads them.
pub(crate) fn directory(database: [u8; 16]) -> PathBuf {
    let name = hexadecimal(database);
    [DATABASES, &name[name.len() - 2..], &name].iter().collect()
}

/// The id that a directory's name says.
pub(crate) fn id_of(name: &str) -> Option<[u8; 16]> {
    let is_plain = name.len() == 32 && name.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    is_plain.then(|| u128::from_str_radix(name, 16).ok()).flatten().map(u128::to_be_bytes)
}

/// The id of a database, as it is written in names.
pub(crate) fn hexadecimal(database: [u8; 16]) -> String {
    database.iter().fold(String::with_capacity(32), |mut name, byte| {
        write!(name, "{byte:02x}").expect("a string takes what is written");
        name
    })
}

pub(crate) fn snapshot(directory: &Path, generation: u64) -> PathBuf {
    numbered(directory, generation, SNAPSHOT)
}

pub(crate) fn tail(directory: &Path, generation: u64) -> PathBuf {
    numbered(directory, generation, TAIL)
}

pub(crate) fn unfinished(directory: &Path, generation: u64) -> PathBuf {
    numbered(directory, generation, UNFINISHED)
}

pub(crate) fn unplaced(directory: &Path, number: u64) -> PathBuf {
    numbered(directory, number, UNPLACED)
}

fn numbered(directory: &Path, number: u64, extension: &str) -> PathBuf {
    directory.join(format!("{number:016x}.{extension}"))
}

/// The files of a database, by what they are. Each list is in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Listing {
    pub(crate) snapshots: Vec<u64>,
    pub(crate) tails: Vec<u64>,
    pub(crate) unfinished: Vec<u64>,
    pub(crate) unplaced: Vec<u64>,
}

impl Listing {
    /// What is in a directory; nothing if there is none. Names that are not ours are passed over.
    pub(crate) fn read(disk: &dyn Disk, directory: &Path) -> Result<Self, StorageError> {
        let mut listing = Self::default();
        for name in disk.list(directory).on(directory)? {
            let Some((number, extension)) = number_of(&name) else { continue };
            match extension {
                SNAPSHOT => listing.snapshots.push(number),
                TAIL => listing.tails.push(number),
                UNFINISHED => listing.unfinished.push(number),
                UNPLACED => listing.unplaced.push(number),
                _ => {}
            }
        }
        for numbers in
            [&mut listing.snapshots, &mut listing.tails, &mut listing.unfinished, &mut listing.unplaced]
        {
            numbers.sort_unstable();
        }
        Ok(listing)
    }

    /// The snapshot that counts.
    pub(crate) fn newest_snapshot(&self) -> Option<u64> {
        self.snapshots.last().copied()
    }

    /// The tails that count, in order.
    pub(crate) fn live_tails(&self) -> &[u64] {
        let first = self.newest_snapshot().unwrap_or(0);
        &self.tails[self.tails.partition_point(|&generation| generation < first)..]
    }

    /// The files that do not count, as paths in the directory.
    pub(crate) fn garbage(&self, directory: &Path) -> Vec<PathBuf> {
        let newest = self.newest_snapshot().unwrap_or(0);
        let is_old = |&&generation: &&u64| generation < newest;
        let snapshots = self.snapshots.iter().filter(is_old).map(|&old| snapshot(directory, old));
        let tails = self.tails.iter().filter(is_old).map(|&old| tail(directory, old));
        let unfinished = self.unfinished.iter().map(|&left| unfinished(directory, left));
        snapshots.chain(tails).chain(unfinished).collect()
    }

    /// The files that count, as paths in the directory.
    pub(crate) fn live(&self, directory: &Path) -> Vec<PathBuf> {
        let snapshots = self.newest_snapshot().into_iter().map(|newest| snapshot(directory, newest));
        let tails = self.live_tails().iter().map(|&generation| tail(directory, generation));
        snapshots.chain(tails).collect()
    }

    /// Whether there is anything that counts.
    pub(crate) fn is_empty(&self) -> bool {
        self.snapshots.is_empty() && self.tails.is_empty() && self.unplaced.is_empty()
    }
}

fn number_of(name: &str) -> Option<(u64, &str)> {
    let (number, extension) = name.split_once('.')?;
    let is_plain = number.len() == 16 && number.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    is_plain.then(|| u64::from_str_radix(number, 16).ok()).flatten().map(|number| (number, extension))
}

/// A mark that a database was deleted. It stands until the log has no frame of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tombstone {
    pub(crate) database: [u8; 16],
    /// The last frame of the log that may be of the database as it was; later ones are of one with the same name.
    pub(crate) lsn: u64,
    /// Whether its files are removed for good.
    pub(crate) is_gone: bool,
}

impl Tombstone {
    pub(crate) fn path(&self) -> PathBuf {
        let state = if self.is_gone { "gone" } else { "going" };
        Path::new(DELETED).join(format!("{}.{:016x}.{state}", hexadecimal(self.database), self.lsn))
    }

    /// All there are.
    pub(crate) fn read_all(disk: &dyn Disk) -> Result<Vec<Self>, StorageError> {
        let directory = Path::new(DELETED);
        let names = disk.list(directory).on(directory)?;
        Ok(names.iter().filter_map(|name| Self::of(name)).collect())
    }

    fn of(name: &str) -> Option<Self> {
        let mut parts = name.split('.');
        let database = id_of(parts.next()?)?;
        let lsn = u64::from_str_radix(parts.next()?, 16).ok()?;
        let is_gone = match parts.next()? {
            "going" => false,
            "gone" => true,
            _ => return None,
        };
        Some(Self { database, lsn, is_gone })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_says_what_it_was_made_of() {
        let id = [0xab, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 0xff];
        assert_eq!(directory(id), Path::new("db/ff/ab0102030405060708090a0b0c0d0eff"));
        assert_eq!(id_of(&hexadecimal(id)), Some(id));
        for name in ["", "ab", "AB0102030405060708090a0b0c0d0eff", "+b0102030405060708090a0b0c0d0eff"] {
            assert_eq!(id_of(name), None, "{name}");
        }
        for is_gone in [false, true] {
            let mark = Tombstone { database: id, lsn: 0x1234, is_gone };
            let path = mark.path();
            assert_eq!(Tombstone::of(path.file_name().unwrap().to_str().unwrap()), Some(mark));
        }
    }

    #[test]
    fn the_newest_snapshot_and_the_tails_from_it_on_count() {
        let listing =
            Listing { snapshots: vec![3, 5], tails: vec![3, 4, 5, 6], unfinished: vec![7], unplaced: vec![] };
        assert_eq!(listing.newest_snapshot(), Some(5));
        assert_eq!(listing.live_tails(), [5, 6]);
        let names: Vec<_> =
            listing.garbage(Path::new("")).iter().map(|path| path.display().to_string()).collect();
        let expected = [
            "0000000000000003.snap",
            "0000000000000003.tail",
            "0000000000000004.tail",
            "0000000000000007.tmp",
        ];
        assert_eq!(names, expected);
    }
}
