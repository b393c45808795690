//! Checking, copying and bringing in databases.

use std::path::Path;
use std::sync::Arc;

use latchkey_journal::sim::SimDisk;
use latchkey_journal::{Disk, RealDisk};
use latchkey_storage::{
    Durability, Settings, Storage, StorageError, check, copy_out, import, read, read_copy, stored,
};

use crate::world::{Awake, Step, id, look, open};

const LOG: &str = "log";

#[test]
fn a_copy_holds_what_was_acknowledged_while_the_server_runs() {
    let disk = SimDisk::new(1);
    let (storage, _) = open(&disk, 1).unwrap();
    let mut awake = Awake::wake(&storage, 1, Durability::Always).unwrap();
    for round in 0..20 {
        for key in 0..10 {
            awake.step(&Step::Put(round * 3 + key, 100));
        }
        storage.journal().wait_blocking(awake.shelf.last_lsn()).unwrap();
        if round % 5 == 0 {
            storage.compact(id(1), 0).unwrap();
        }
        storage.tend().unwrap();
        let target = SimDisk::new(2);
        let copied = copy_out(&disk, Path::new(LOG), id(1), &target, 7).unwrap().unwrap();
        assert_eq!(copied.keys, awake.keyspace.keys() as u64);
        assert_eq!(read_copy(&target, id(1)).unwrap().map(|copy| copy.keys()), Some(awake.keyspace.keys()));
        let (restored, _) = open(&target, 2).unwrap();
        assert_eq!(look(&restored, 1), awake.contents());
        assert_eq!(stored(&target).unwrap(), [id(1)]);
        let report = check(&disk, Path::new(LOG)).unwrap();
        assert_eq!((report.problems, report.databases, report.keys), (vec![], 1, copied.keys));
    }
    let again = copy_out(&disk, Path::new(LOG), id(1), &disk, 7);
    assert_eq!(again, Err(StorageError::Exists));
    assert_eq!(copy_out(&disk, Path::new(LOG), id(2), &SimDisk::new(2), 7), Ok(None));
}

#[test]
fn what_is_brought_in_is_a_database_like_any_other() {
    let disk = SimDisk::new(1);
    let (storage, _) = open(&disk, 1).unwrap();
    let mut source = Awake::wake(&storage, 1, Durability::None).unwrap();
    (0..50).for_each(|key| _ = source.step(&Step::Put(key, 20)));
    storage.import(id(2), &source.keyspace, 0).unwrap();
    assert_eq!(storage.import(id(2), &source.keyspace, 0), Err(StorageError::Exists));
    assert_eq!(storage.import(id(1), &source.keyspace, 0), Err(StorageError::Awake));
    let mut imported = Awake::wake(&storage, 2, Durability::Always).unwrap();
    assert_eq!(imported.contents(), source.contents());
    imported.step(&Step::Put(1000, 1));
    let contents = imported.contents();
    imported.shelf.sleep().unwrap();
    assert_eq!(look(&storage, 2), contents);
}

/// Goal: databases that sleep are not looked at when a node starts.
#[test]
fn ten_thousand_sleepers_cost_nothing_at_start() {
    let disk = SimDisk::new(1);
    drop(open(&disk, 1).unwrap());
    let start = |disk: &SimDisk| {
        let before = disk.operations();
        let (storage, recovered) = open(disk, 1).unwrap();
        assert_eq!(recovered.databases, 0);
        storage.close().unwrap();
        disk.operations() - before
    };
    let alone = start(&disk);
    let mut keyspace = latchkey_keyspace::Keyspace::new(1);
    keyspace.edit(crate::world::NOW).put(b"key", latchkey_keyspace::value::Text::from(&b"value"[..]));
    for number in 0..10_000_u128 {
        import(&disk, number.to_be_bytes(), &keyspace, 0).unwrap();
    }
    // The journal's threads are free to do one thing more or less before they end.
    assert!(start(&disk) <= alone + 8);
}

/// Goal: on a real disk as on a simulated one, with threads.
#[test]
fn a_real_disk_does_as_well() {
    let directory = tempfile::tempdir().unwrap();
    let disk: Arc<dyn Disk> = Arc::new(RealDisk::new(directory.path()).unwrap());
    let mut settings = Settings::new(1);
    settings.journal.segment_bytes = 1 << 20;
    settings.compaction_bytes_min = 100 << 10;
    let mut contents = Default::default();
    for life in 0..3_u16 {
        let (storage, _) = Storage::open(disk.clone(), settings.clone(), |error| panic!("{error}")).unwrap();
        let keeper = latchkey_storage::Keeper::start(storage.clone(), |_| {}).unwrap();
        let mut awake = Awake::wake(&storage, 1, Durability::Always).unwrap();
        assert_eq!(awake.contents(), contents);
        for key in 0..2000 {
            awake.step(&Step::Put(key * 3 % 997 + life, 300));
        }
        storage.journal().wait_blocking(awake.shelf.last_lsn()).unwrap();
        contents = awake.contents();
        if life == 1 {
            awake.shelf.sleep().unwrap();
        }
        keeper.stop();
        storage.close().unwrap();
    }
    let found = read(&*disk, Path::new(LOG), id(1)).unwrap().unwrap();
    assert_eq!(found.canonical(), contents);
}
