//! What a database keeps through sleep, restart, compaction and deletion.

use latchkey_journal::sim::{Loss, SimDisk};
use latchkey_storage::{Durability, StorageError};

use crate::world::{Awake, Step, id, look, open};

#[test]
fn a_database_wakes_as_it_fell_asleep() {
    let disk = SimDisk::new(1);
    let (storage, _) = open(&disk, 1).unwrap();
    let mut awake = Awake::wake(&storage, 1, Durability::Always).unwrap();
    for key in 0..40 {
        awake.step(&Step::Put(key, 100));
    }
    awake.step(&Step::Expire(3, 1_800_000_000_000));
    awake.step(&Step::Rename(4, 5));
    awake.step(&Step::Remove(6));
    let (before, position) = (awake.contents(), awake.shelf.position());
    assert!(matches!(storage.wake(id(1), Durability::Always, 9), Err(StorageError::Awake)));
    awake.shelf.sleep().unwrap();
    let again = Awake::wake(&storage, 1, Durability::Always).unwrap();
    assert_eq!(again.contents(), before);
    assert_eq!(again.shelf.position(), position);
    assert_eq!(again.keyspace.seed(), 1);
}

#[test]
fn nothing_is_written_for_a_database_that_was_only_read() {
    let disk = SimDisk::new(1);
    let (storage, _) = open(&disk, 1).unwrap();
    let awake = Awake::wake(&storage, 1, Durability::Always).unwrap();
    awake.shelf.sleep().unwrap();
    assert!(!storage.exists(id(1)).unwrap());
    assert_eq!(storage.disk_bytes(id(1)).unwrap(), 0);
}

#[test]
fn what_was_durable_is_there_after_a_crash() {
    let disk = SimDisk::new(1);
    let (storage, _) = open(&disk, 1).unwrap();
    let mut awake = Awake::wake(&storage, 1, Durability::Always).unwrap();
    for key in 0..20 {
        awake.step(&Step::Put(key, 50));
    }
    storage.journal().wait_blocking(awake.shelf.last_lsn()).unwrap();
    let before = awake.contents();
    let disk = disk.crash(Loss::All);
    let (storage, recovered) = open(&disk, 2).unwrap();
    assert_eq!((recovered.frames, recovered.databases), (21, 1));
    assert_eq!(recovered.damaged, []);
    assert_eq!(look(&storage, 1), before);
}

#[test]
fn compaction_keeps_what_there_is() {
    let disk = SimDisk::new(1);
    let (storage, _) = open(&disk, 1).unwrap();
    let mut awake = Awake::wake(&storage, 1, Durability::Always).unwrap();
    for round in 0..5 {
        for key in 0..300 {
            awake.step(&Step::Put(key * 7 % 300 + round, 500));
        }
        awake.step(&Step::Rename(round, 1000 + round));
        let compacted = storage.compact(id(1), 5).unwrap().expect("there was something to do");
        assert!(compacted.after_bytes > 50_000, "{compacted:?}");
        // The next round goes on while awake, and from sleep.
        let before = awake.contents();
        awake.shelf.sleep().unwrap();
        assert!(storage.compact(id(1), 5).unwrap().is_none());
        awake = Awake::wake(&storage, 1, Durability::Always).unwrap();
        assert_eq!(awake.contents(), before);
        assert_eq!(awake.shelf.woken().steps, 0);
        assert_eq!(awake.shelf.woken().entries, before.len() as u64);
    }
    awake.step(&Step::Clear);
    awake.step(&Step::Put(1, 1));
    let before = awake.contents();
    awake.shelf.sleep().unwrap();
    storage.compact(id(1), 5).unwrap().expect("there was something to do");
    assert_eq!(look(&storage, 1), before);
    assert!(storage.disk_bytes(id(1)).unwrap() < 1000);
}

#[test]
fn a_deleted_database_is_gone_and_its_name_is_free() {
    let disk = SimDisk::new(1);
    let (storage, _) = open(&disk, 1).unwrap();
    let mut awake = Awake::wake(&storage, 1, Durability::Always).unwrap();
    awake.step(&Step::Put(1, 1000));
    assert_eq!(storage.delete(id(1)), Err(StorageError::Awake));
    awake.shelf.sleep().unwrap();
    storage.delete(id(1)).unwrap();
    assert!(!storage.exists(id(1)).unwrap());
    let mut second = Awake::wake(&storage, 1, Durability::Always).unwrap();
    assert!(second.contents().is_empty());
    second.step(&Step::Put(2, 10));
    storage.journal().wait_blocking(second.shelf.last_lsn()).unwrap();
    let before = second.contents();
    for loss in [Loss::All, Loss::Nothing] {
        let (storage, recovered) = open(&disk.crash(loss), 2).unwrap();
        assert_eq!(recovered.damaged, []);
        assert_eq!(look(&storage, 1), before);
    }
}
