//! Files that are not what was written.

use std::path::{Path, PathBuf};

use latchkey_journal::Disk;
use latchkey_journal::sim::{Loss, SimDisk};
use latchkey_storage::{Durability, StorageError, check, read};

use crate::world::{Awake, Contents, Step, id, open};

const LOG: &str = "log";
const DIRECTORY: &str = "db/01/01010101010101010101010101010101";

/// A database with a snapshot and a tail, asleep, and what it holds.
fn sleeper() -> (SimDisk, Contents) {
    let disk = SimDisk::new(5);
    let (storage, _) = open(&disk, 1).unwrap();
    let mut awake = Awake::wake(&storage, 1, Durability::Always).unwrap();
    for key in 0..4 {
        awake.step(&Step::Put(key, 60));
    }
    storage.compact(id(1), 1_700_000_000_000).unwrap().unwrap();
    awake.step(&Step::Put(9, 30));
    awake.step(&Step::Remove(1));
    let contents = awake.contents();
    awake.shelf.sleep().unwrap();
    storage.close().unwrap();
    // The next start empties the log, which would heal the tail.
    open(&disk, 2).unwrap().0.close().unwrap();
    (disk.crash(Loss::All), contents)
}

fn files(disk: &SimDisk) -> Vec<PathBuf> {
    let directory = Path::new(DIRECTORY);
    disk.list(directory).unwrap().iter().map(|name| directory.join(name)).collect()
}

/// Goal: no flipped bit is taken for data.
#[test]
fn every_byte_that_changes_is_noticed_or_harmless() {
    let (disk, contents) = sleeper();
    let files = files(&disk);
    assert_eq!(files.len(), 2, "{files:?}");
    let (mut noticed, mut total) = (0, 0);
    for file in files {
        let bytes = disk.contents(&file).unwrap().len() as u64;
        total += bytes;
        for byte in 0..bytes {
            let copy = disk.crash(Loss::Nothing);
            assert!(copy.flip_bit(&file, byte * 8 + byte % 8));
            match read(&copy, Path::new(LOG), id(1)) {
                Ok(found) => {
                    let found = found.unwrap_or_else(|| panic!("gone, byte {byte} of {}", file.display()));
                    assert_eq!(found.canonical(), contents, "byte {byte} of {}", file.display());
                }
                Err(error) => {
                    assert!(
                        matches!(&error, StorageError::Damaged { file: named, .. } if *named == file),
                        "{error}"
                    );
                    noticed += 1;
                }
            }
        }
    }
    assert_eq!(noticed, total);
}

/// Goal: a file that was cut anywhere, or has something after its end, is noticed.
#[test]
fn every_length_that_changes_is_noticed() {
    let (disk, _) = sleeper();
    for file in files(&disk) {
        let bytes = disk.contents(&file).unwrap().len() as u64;
        for length in (0..bytes).chain([bytes + 1, bytes + 600]) {
            let copy = disk.crash(Loss::Nothing);
            copy.open(&file).unwrap().set_len(length).unwrap();
            let read = read(&copy, Path::new(LOG), id(1));
            let is_tail = file.extension().is_some_and(|extension| extension == "tail");
            if is_tail && length <= 72 {
                // The same as one whose making was interrupted: then the tail is empty.
                continue;
            }
            assert!(
                matches!(read, Err(StorageError::Damaged { .. })),
                "{length} of {bytes}, {}",
                file.display()
            );
        }
    }
}

/// Goal: one damaged database keeps no other from being served, is not served itself, and can be deleted.
#[test]
fn a_damaged_database_is_set_apart() {
    let (disk, _) = sleeper();
    let tail = files(&disk).pop().unwrap();
    disk.flip_bit(&tail, 8 * 100);
    let (storage, recovered) = open(&disk, 2).unwrap();
    assert_eq!(recovered.damaged, []);
    assert!(matches!(
        Awake::wake(&storage, 1, Durability::Always).map(drop),
        Err(StorageError::Damaged { .. })
    ));
    let report = check(&disk, Path::new(LOG)).unwrap();
    assert!(matches!(&report.problems[..], [StorageError::Damaged { file, .. }] if *file == tail));
    let mut other = Awake::wake(&storage, 2, Durability::Always).unwrap();
    other.step(&Step::Put(1, 1));
    other.shelf.sleep().unwrap();
    storage.delete(id(1)).unwrap();
    assert!(Awake::wake(&storage, 1, Durability::Always).unwrap().contents().is_empty());
    assert_eq!(check(&disk, Path::new(LOG)).unwrap().problems, []);
}

/// Goal: what the log holds of a database that is damaged is kept beside it, and the database stays apart.
#[test]
fn steps_that_cannot_be_placed_are_kept() {
    let disk = SimDisk::new(5);
    let (storage, _) = open(&disk, 1).unwrap();
    let mut awake = Awake::wake(&storage, 1, Durability::Always).unwrap();
    awake.step(&Step::Put(1, 1));
    awake.shelf.sleep().unwrap();
    storage.close().unwrap();
    let (storage, _) = open(&disk, 2).unwrap();
    let mut awake = Awake::wake(&storage, 1, Durability::Always).unwrap();
    awake.step(&Step::Put(2, 1));
    storage.journal().wait_blocking(awake.shelf.last_lsn()).unwrap();
    let disk = disk.crash(Loss::All);
    disk.flip_bit(&files(&disk)[0], 8 * 100);
    for _ in 0..2 {
        let (storage, recovered) = open(&disk, 3).unwrap();
        let is_known = recovered.damaged.iter().any(|(damaged, _)| *damaged == id(1));
        assert_eq!(is_known, recovered.frames > 0);
        let woken = Awake::wake(&storage, 1, Durability::Always).map(drop);
        assert!(matches!(woken, Err(StorageError::Damaged { .. })));
        assert_eq!(files(&disk).len(), 2);
        storage.close().unwrap();
    }
}
