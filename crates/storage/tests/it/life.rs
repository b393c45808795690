//! What a database keeps through sleep, restart, compaction and deletion.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use latchkey_journal::Disk;
use latchkey_journal::sim::{Faults, Loss, Refusal, SimDisk};
use latchkey_storage::{Durability, Storage, StorageError, Woken};

use crate::world::{Awake, Step, id, look, open, open_without_threads, settings};

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
    awake.step(&Step::Library(1, Some(100)));
    storage.compact(id(1), 5).unwrap().expect("there was something to do");
    awake.step(&Step::Clear);
    awake.step(&Step::Put(1, 1));
    let before = awake.contents();
    awake.shelf.sleep().unwrap();
    storage.compact(id(1), 5).unwrap().expect("there was something to do");
    assert_eq!(look(&storage, 1), before);
    assert!(storage.disk_bytes(id(1)).unwrap() < 1000);
    assert_eq!(before.len(), 2, "the key, and the library that was not cleared");
}

#[test]
fn compaction_keeps_libraries_before_the_keys() {
    let disk = SimDisk::new(1);
    let (storage, _) = open(&disk, 1).unwrap();
    let mut awake = Awake::wake(&storage, 1, Durability::Always).unwrap();
    let rounds = [
        vec![Step::Library(1, Some(400_000)), Step::Library(2, Some(10)), Step::Put(1, 10)],
        vec![Step::Put(2, 10)],
        vec![Step::Library(2, None), Step::Library(3, Some(300_000)), Step::Remove(1)],
        vec![Step::Library(1, Some(5))],
    ];
    for round in rounds {
        awake.step(&Step::Several(round));
        storage.compact(id(1), 5).unwrap().expect("there was something to do");
        let (before, bytes) = (awake.contents(), awake.keyspace.bytes());
        awake.shelf.sleep().unwrap();
        awake = Awake::wake(&storage, 1, Durability::Always).unwrap();
        assert_eq!((awake.contents(), awake.keyspace.bytes()), (before, bytes));
        assert_eq!(awake.shelf.woken().steps, 0);
    }
}

/// Goal: memory for what waits to be written has a bound, and it is a bound that ends by itself, also if it is reached by
/// many databases with so little each that none has a full chunk.
#[test]
fn many_databases_with_little_each_do_not_wait_for_ever() {
    for durability in [Durability::Always, Durability::None] {
        let disk = SimDisk::new(1);
        let mut settings = settings(1);
        settings.pending_bytes_max = 4_000;
        let (storage, _) = Storage::open(Arc::new(disk), settings, |_| {}).unwrap();
        let mut awake: Vec<_> =
            (1..=40).map(|name| Awake::wake(&storage, name, durability).unwrap()).collect();
        awake.iter_mut().for_each(|awake| _ = awake.step(&Step::Put(1, 50)));
        assert!(storage.is_congested() && !storage.has_work(), "{durability:?}: no chunk is full");
        storage.journal().wait_blocking(storage.journal().last()).unwrap();
        storage.tend().unwrap();
        assert!(!storage.is_congested(), "{durability:?}");
        for (name, awake) in (1..).zip(awake) {
            let before = awake.contents();
            awake.shelf.sleep().unwrap();
            assert_eq!(look(&storage, name), before, "{durability:?}");
        }
    }
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

/// Goal: where a deletion was interrupted, nothing of the old database comes back into one that is made anew.
/// Method: the process ends at each operation of the deletion, and the next one at each operation of the first sleep of the
/// new database; then the power fails.
#[test]
fn an_interrupted_deletion_leaves_nothing_to_come_back() {
    for (of_deletion, of_sleep) in (1..=10).flat_map(|first| (1..=8).map(move |second| (first, second))) {
        let disk = SimDisk::new(1);
        let (storage, _) = open_without_threads(&disk, 1).unwrap();
        let mut awake = Awake::wake(&storage, 1, Durability::Always).unwrap();
        awake.step(&Step::Put(1, 1000));
        storage.compact(id(1), 5).unwrap().expect("there is something to do");
        awake.shelf.sleep().unwrap();
        fail_after(&disk, of_deletion);
        let is_deleted = storage.delete(id(1)).is_ok();
        assert_eq!(is_deleted, of_deletion == 10, "all of its operations are tried");
        drop(storage);
        disk.set_faults(Faults::default());
        let (storage, _) = open_without_threads(&disk, 2).unwrap();
        let (mut keyspace, shelf) = storage.wake(id(1), Durability::Always, 77).unwrap();
        if of_deletion == 1 {
            assert_eq!(keyspace.keys(), 1, "it was not marked yet");
            continue;
        }
        keyspace.begin_record();
        let mut second = Awake { keyspace, shelf };
        let lsn = second.step(&Step::Put(2, 10));
        storage.journal().hurry();
        storage.journal().wait_blocking(lsn).unwrap();
        fail_after(&disk, of_sleep);
        drop(second.shelf.sleep());
        let (storage, recovered) = open(&disk.crash(Loss::All), 3).unwrap();
        assert_eq!(recovered.damaged, [], "{of_deletion} {of_sleep}");
        let (again, _) = storage.wake(id(1), Durability::Always, 5).unwrap();
        assert_eq!((again.seed(), again.keys()), (77, 1), "{of_deletion} {of_sleep}");
        assert_eq!(again.canonical(), second.keyspace.canonical(), "{of_deletion} {of_sleep}");
    }
}

/// Goal: files that another process had made hold what the next one puts there, and what it found in them, though their names
/// may not be synced, or a sync of them failed and lies in the cache of the system only. Of these steps nothing is in the
/// log, so recovery does not look at them.
/// Method: the process ends at each operation of a compaction and a sleep; the next one does a step and sleeps; then the
/// power fails.
#[test]
fn a_step_is_kept_in_a_file_of_a_process_that_ended() {
    for seed in 1..=4 {
        for durability in [Durability::None, Durability::Always] {
            while_it_fails(|operation| {
                let disk = SimDisk::new(seed);
                let is_whole = fall_asleep_badly(&disk, operation);
                let (storage, _) = open_without_threads(&disk, 2).unwrap();
                let mut again = Awake::wake(&storage, 1, durability).unwrap();
                again.step(&Step::Put(4, 10));
                let before = again.contents();
                again.shelf.sleep().unwrap();
                for loss in [Loss::All, Loss::Scattered] {
                    let case = format!("{seed} {durability:?} {operation} {loss:?}");
                    let (storage, recovered) = open(&disk.crash(loss), 3).unwrap();
                    assert_eq!(recovered.damaged, [], "{case}");
                    assert!(look(&storage, 1) == before, "{case}");
                }
                is_whole
            });
        }
    }
}

/// Goal: who closes the storage has all steps synced, also those of a database that was given up, and of one that only an
/// earlier process wrote to.
/// Method: a chunk of a database without a log is written, and nothing of it waits in memory any more; then its shelf is
/// dropped, or the process ends and the next one does that.
#[test]
fn closing_syncs_what_was_written_for_a_database_that_was_dropped() {
    for is_killed in [false, true] {
        let disk = SimDisk::new(1);
        let (storage, _) = open_without_threads(&disk, 1).unwrap();
        let mut awake = Awake::wake(&storage, 1, Durability::None).unwrap();
        awake.step(&Step::Put(1, 1000));
        storage.tend().unwrap();
        let expected = awake.contents();
        let storage = if is_killed {
            std::mem::forget((awake, storage));
            let (storage, _) = open_without_threads(&disk, 2).unwrap();
            drop(Awake::wake(&storage, 1, Durability::None).unwrap());
            storage
        } else {
            drop(awake);
            storage
        };
        storage.close().unwrap();
        let (storage, _) = open_without_threads(&disk.crash(Loss::All), 3).unwrap();
        assert_eq!(look(&storage, 1), expected, "{is_killed}");
    }
}

/// Goal: after a sync of the log failed, the next process may read frames that are in the cache of the system only. If the
/// machine crashes while it brings them into tails, no tail may be left with steps that the log has lost: that is how
/// damage looks.
#[test]
fn a_crash_while_steps_are_recovered_that_a_failed_sync_left_in_memory_is_no_damage() {
    let mut kept = [0; 2];
    for (seed, crash_at) in (1..=8).flat_map(|seed| (1..=60).map(move |crash_at| (seed, crash_at))) {
        let disk = SimDisk::new(seed);
        let (storage, _) = open_without_threads(&disk, 1).unwrap();
        let mut awake = Awake::wake(&storage, 1, Durability::Always).unwrap();
        awake.step(&Step::Put(1, 100));
        let first = awake.contents();
        awake.shelf.sleep().unwrap();
        storage.close().unwrap();
        let (storage, _) = open_without_threads(&disk, 2).unwrap();
        let mut awake = Awake::wake(&storage, 1, Durability::Always).unwrap();
        awake.step(&Step::Put(2, 700));
        let second = awake.contents();
        // The group is written, and not synced.
        fail_after(&disk, 2);
        storage.journal().commit().unwrap_err();
        drop((awake, storage));
        disk.set_faults(Faults { crash_at: Some(disk.operations() + crash_at), ..Faults::default() });
        drop(open_without_threads(&disk, 3));
        let (storage, recovered) = open_without_threads(&disk.crash(Loss::Nothing), 4).unwrap();
        assert_eq!(recovered.damaged, [], "{seed} {crash_at}");
        let found = look(&storage, 1);
        kept[usize::from(found == second)] += 1;
        assert!([first, second].contains(&found), "{seed} {crash_at}");
    }
    assert!(kept.iter().all(|&times| times > 20), "{kept:?}");
}

/// Calls it with 1, 2 and so on until it says that all went well.
fn while_it_fails(mut is_whole: impl FnMut(u64) -> bool) {
    (1..).find(|&operation| is_whole(operation)).expect("it goes well some day");
}

/// Makes a database with steps that are not in the log, and compacts it and lets it sleep while an operation fails, upon
/// which the process ends. Whether nothing failed.
fn fall_asleep_badly(disk: &SimDisk, operation: u64) -> bool {
    let (storage, _) = open_without_threads(disk, 1).unwrap();
    let mut awake = Awake::wake(&storage, 1, Durability::None).unwrap();
    awake.step(&Step::Put(1, 1000));
    storage.compact(id(1), 5).unwrap().expect("there is something to do");
    awake.step(&Step::Put(2, 1000));
    fail_after(disk, operation);
    let compacted = storage.compact(id(1), 5);
    awake.step(&Step::Put(3, 1000));
    let asleep = awake.shelf.sleep();
    disk.set_faults(Faults::default());
    compacted.is_ok() && asleep.is_ok()
}

fn fail_after(disk: &SimDisk, operations: u64) {
    let fail_at = Some((disk.operations() + operations, Refusal::Broken));
    disk.set_faults(Faults { fail_at, ..Faults::default() });
}

/// Goal: a database that leaves nothing in the log can be deleted as often as one likes.
#[test]
fn a_database_is_deleted_twice_with_nothing_in_the_log_in_between() {
    let disk = SimDisk::new(1);
    let (storage, _) = open(&disk, 1).unwrap();
    for _ in 0..2 {
        let mut awake = Awake::wake(&storage, 1, Durability::None).unwrap();
        awake.step(&Step::Put(1, 100));
        awake.shelf.sleep().unwrap();
        storage.delete(id(1)).unwrap();
    }
    let mut other = Awake::wake(&storage, 2, Durability::Always).unwrap();
    for key in 0..400 {
        let lsn = other.step(&Step::Put(key, 500));
        storage.journal().wait_blocking(lsn).unwrap();
        storage.tend().unwrap();
    }
    assert!(
        disk.list(Path::new("deleted")).unwrap().is_empty(),
        "the marks stand no longer than they have to"
    );
}

/// Goal: a compaction that has much to copy and little to change puts each entry in its place.
#[test]
fn compaction_of_many_blocks_changes_what_was_touched() {
    let disk = SimDisk::new(1);
    let (storage, _) = open(&disk, 1).unwrap();
    let mut awake = Awake::wake(&storage, 1, Durability::Always).unwrap();
    (0..2500).for_each(|key| _ = awake.step(&Step::Put(key, 1000)));
    awake.step(&Step::Put(2501, 600 << 10));
    storage.compact(id(1), 5).unwrap().expect("there was something to do");
    for round in 0..6_u16 {
        for key in 0..4 {
            awake.step(&Step::Put(round * 400 + key, 100));
            awake.step(&Step::Remove(round * 400 + key + 10));
            awake.step(&Step::Rename(round * 400 + key + 20, 3000 + round * 10 + key));
        }
        let before = disk.operations();
        storage.compact(id(1), 5).unwrap().expect("there was something to do");
        assert!(disk.operations() - before < 60, "{}", disk.operations() - before);
        let expected = awake.contents();
        awake.shelf.sleep().unwrap();
        awake = Awake::wake(&storage, 1, Durability::Always).unwrap();
        assert_eq!(awake.shelf.woken(), Woken { entries: expected.len() as u64, steps: 0, cut_bytes: 0 });
        assert_eq!(awake.contents(), expected);
        assert_eq!(awake.keyspace.bytes(), awake.keyspace.recount_bytes());
    }
}

/// Goal: what happens to a database while it is compacted goes to the next tail, and is not lost.
#[test]
fn tails_that_have_grown_are_compacted_in_the_background() {
    let disk = SimDisk::new(1);
    let (storage, _) = open(&disk, 1).unwrap();
    let mut awake = Awake::wake(&storage, 1, Durability::Always).unwrap();
    let mut compactions = 0;
    for round in 0..200 {
        awake.step(&Step::Put(round % 7, 300));
        storage.tend().unwrap();
        compactions += usize::from(storage.compact_due(0).unwrap().is_some());
    }
    assert!(compactions > 5, "{compactions}");
    assert!(storage.disk_bytes(id(1)).unwrap() < 12 << 10);
    let expected = awake.contents();
    awake.shelf.sleep().unwrap();
    assert_eq!(look(&storage, 1), expected);
}

/// Goal: who falls asleep leaves short tails, so that a key is soon found.
#[test]
fn a_database_that_falls_asleep_is_compacted_sooner() {
    let (storage, _) = open(&SimDisk::new(1), 1).unwrap();
    let mut awake = Awake::wake(&storage, 1, Durability::Always).unwrap();
    awake.step(&Step::Put(1, 400));
    assert!(storage.compact_due(0).unwrap().is_none(), "it is awake");
    awake.shelf.sleep().unwrap();
    assert!(storage.compact_due(0).unwrap().is_some());
    let mut awake = Awake::wake(&storage, 1, Durability::Always).unwrap();
    assert_eq!(awake.shelf.woken().steps, 0);
    awake.step(&Step::Put(1, 4));
    awake.shelf.sleep().unwrap();
    assert!(storage.compact_due(0).unwrap().is_none(), "that is short");
}

/// Goal: a database can be deleted, and made anew, while a compaction of it runs.
#[test]
fn threads_may_take_turns_as_they_like() {
    let disk = SimDisk::new(1);
    let (storage, _) = open(&disk, 1).unwrap();
    let is_done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !is_done.load(Relaxed) {
                storage.compact(id(1), 0).unwrap();
                storage.tend().unwrap();
            }
        });
        for round in 0..60_u16 {
            let mut awake = Awake::wake(&storage, 1, Durability::Always).unwrap();
            for key in 0..30 {
                awake.step(&Step::Put(key + round, 200));
            }
            let expected = awake.contents();
            awake.shelf.sleep().unwrap();
            let awake = Awake::wake(&storage, 1, Durability::Always).unwrap();
            assert_eq!(awake.contents(), expected);
            drop(awake);
            if round % 3 == 0 {
                storage.delete(id(1)).unwrap();
                assert!(look(&storage, 1).is_empty());
            }
        }
        is_done.store(true, Relaxed);
    });
}
