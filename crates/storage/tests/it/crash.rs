//! Crashes and errors at every operation of a node's life.

use std::collections::BTreeMap;

use latchkey_journal::sim::{Faults, Fired, Loss, Refusal, SimDisk};
use latchkey_storage::{Durability, StorageError};

use crate::world::{Contents, Expected, Op, Step, World, look, open};

/// Everything that can happen to a node, once or more.
fn workload() -> Vec<Op> {
    use Durability::{Always, EverySecond, None};
    let mut ops = vec![Op::Wake(1, Always), Op::Wake(2, EverySecond), Op::Wake(3, None)];
    let put = |name, key, length| Op::Step(name, Step::Put(key, length));
    for key in 0..6 {
        ops.extend([put(1, key, 90), put(2, key, 40), put(3, key, 200), Op::Tend]);
        ops.extend((key % 2 == 1).then_some(Op::Wait(1)));
    }
    ops.extend([Op::Sleep(2), put(1, 7, 900), Op::Wait(1), Op::Wake(2, Always), put(2, 7, 30)]);
    ops.extend([Op::Step(1, Step::Several(vec![Step::Remove(1), Step::Rename(2, 9), Step::Push(8, 1)]))]);
    ops.extend([Op::Tend, Op::Compact(1), put(1, 10, 100), Op::Wait(1), Op::Sleep(2), Op::Compact(2)]);
    ops.extend([Op::SetDurability(1, None), put(1, 11, 400), Op::Tend, put(1, 12, 10)]);
    ops.extend([
        Op::SetDurability(1, Always),
        put(1, 13, 10),
        Op::Wait(1),
        Op::SetDurability(3, EverySecond),
    ]);
    ops.extend([put(3, 8, 20), Op::Wait(3), Op::Delete(2), Op::Wake(2, Always), put(2, 1, 70), Op::Wait(2)]);
    for key in 20..26 {
        // Enough to fill segments, so that tails are synced to free them.
        ops.extend([put(1, key, 1500), put(3, key, 700), Op::Wait(3), Op::Tend, Op::Wait(1)]);
    }
    ops.extend([Op::Drop(1), Op::Wake(1, Always), put(1, 30, 5), Op::Wait(1), Op::Sleep(1), Op::Compact(1)]);
    ops.extend([Op::Step(3, Step::Clear), Op::Wait(3), Op::Compact(3), Op::Sleep(3), Op::Wake(1, None)]);
    ops.extend([
        put(1, 31, 350),
        Op::Tend,
        put(1, 32, 10),
        Op::Sleep(1),
        Op::Wake(1, EverySecond),
        put(1, 33, 5),
    ]);
    ops
}

/// The life of a node on a disk with faults, up to the first error.
fn live(disk: &SimDisk, ops: &[Op]) -> (BTreeMap<u8, Expected>, Result<(), StorageError>) {
    let storage = match open(disk, 1) {
        Ok((storage, _)) => storage,
        Err(error) => return (BTreeMap::new(), Err(error)),
    };
    let mut world = World::new(disk, storage);
    let ended = world.run(ops);
    (world.expected, ended)
}

/// Opens what a crash left, checks it, and returns what there is.
#[track_caller]
fn check(disk: &SimDisk, expected: &BTreeMap<u8, Expected>) -> BTreeMap<u8, Contents> {
    let (storage, recovered) = open(disk, 2).expect("a crash is recovered from");
    assert_eq!(recovered.damaged, []);
    let contents = contents(&storage);
    for (name, contents) in &contents {
        expected.get(name).cloned().unwrap_or_default().check(*name, contents);
    }
    storage.close().expect("nothing goes wrong any more");
    contents
}

fn contents(storage: &latchkey_storage::Storage) -> BTreeMap<u8, Contents> {
    (1..=3).map(|name| (name, look(storage, name))).collect()
}

/// How many operations the workload is, about: its threads are free to take turns.
fn operations() -> u64 {
    let disk = SimDisk::new(1);
    let (_, ended) = live(&disk, &workload());
    ended.expect("nothing goes wrong");
    disk.operations()
}

/// Goal: whatever operation a crash strikes, and whatever it takes of what was not synced, each database holds a prefix
/// of its steps with all that was promised; recovering again changes nothing.
#[test]
fn a_crash_at_any_operation_takes_nothing_that_was_promised() {
    let ops = workload();
    let mut fired = Fired::default();
    for crash_at in 1..=operations() + 5 {
        for loss in [Loss::All, Loss::Nothing, Loss::Torn, Loss::Scattered] {
            let faults = Faults { crash_at: Some(crash_at), ..Faults::default() };
            let disk = SimDisk::with_faults(crash_at, faults);
            let (expected, _) = live(&disk, &ops);
            let left = disk.crash(loss);
            add(&mut fired, left.fired());
            println!("crash at {crash_at}, {loss:?}");
            let first = check(&left, &expected);
            let exactly = check(&left.crash(Loss::All), &expected);
            assert_eq!(first, exactly, "recovering twice");
        }
    }
    let Fired { sectors_lost, sectors_kept, files_torn, names_lost, names_kept, .. } = fired;
    assert!([sectors_lost, sectors_kept, files_torn, names_lost, names_kept].iter().all(|&times| times > 10));
}

fn add(fired: &mut Fired, more: Fired) {
    fired.sectors_lost += more.sectors_lost;
    fired.sectors_kept += more.sectors_kept;
    fired.files_torn += more.files_torn;
    fired.names_lost += more.names_lost;
    fired.names_kept += more.names_kept;
    fired.operations_failed += more.operations_failed;
    fired.syncs_failed += more.syncs_failed;
}

/// Goal: recovery itself may be struck by a crash, at any operation.
#[test]
fn a_crash_during_recovery_takes_nothing_either() {
    let ops = workload();
    let total = operations();
    for crash_at in [total / 5, total / 2, total * 3 / 4, total * 9 / 10] {
        let faults = Faults { crash_at: Some(crash_at), ..Faults::default() };
        let disk = SimDisk::with_faults(crash_at, faults);
        let (expected, _) = live(&disk, &ops);
        for again_at in 1.. {
            let left = disk.crash(Loss::Scattered);
            left.set_faults(Faults { crash_at: Some(left.operations() + again_at), ..Faults::default() });
            let opened = open(&left, 3);
            let has_crashed = left.has_crashed();
            drop(opened);
            println!("crash at {crash_at}, then at {again_at}");
            check(&left.crash(Loss::Scattered), &expected);
            if !has_crashed {
                break;
            }
        }
    }
}

/// What happens to databases whose steps are all in the log, among them a deletion and a new beginning.
fn logged_workload() -> Vec<Op> {
    use Durability::{Always, EverySecond};
    let put = |name, key, length| Op::Step(name, Step::Put(key, length));
    let mut ops =
        vec![Op::Wake(1, Always), Op::Wake(2, EverySecond), put(1, 1, 400), put(2, 1, 40), Op::Wait(1)];
    ops.extend([Op::Tend, put(1, 2, 300), Op::Sleep(2), Op::Delete(2), Op::Delete(2), Op::Wake(2, Always)]);
    ops.extend([put(2, 2, 350), Op::Wait(2), Op::Compact(1), put(1, 3, 500), Op::Wait(1), Op::Tend]);
    ops.extend([Op::Drop(2), Op::Delete(2), Op::Sleep(1), Op::Wake(1, Always), put(1, 4, 20), Op::Wait(1)]);
    ops
}

/// Goal: the process ends after an error, or is killed, and the machine goes on: what the next process reads may be in
/// the cache of the system and never reach the disk, unless it is written again. Nor may what it removed come back.
#[test]
fn a_crash_after_a_restart_takes_nothing_that_was_promised() {
    let ops = logged_workload();
    let disk = SimDisk::new(1);
    live(&disk, &ops).1.expect("nothing goes wrong");
    for fail_at in 1..=disk.operations() + 5 {
        for (loss, crash_at) in
            [(Loss::All, 10_000), (Loss::Scattered, 10_000), (Loss::All, 6 + fail_at % 40)]
        {
            println!("an error at {fail_at}, then {loss:?} at {crash_at}");
            let faults = Faults { fail_at: Some((fail_at, Refusal::Broken)), ..Faults::default() };
            let disk = SimDisk::with_faults(fail_at, faults);
            let (mut expected, _) = live(&disk, &ops);
            disk.set_faults(Faults { crash_at: Some(disk.operations() + crash_at), ..Faults::default() });
            if let Ok((storage, recovered)) = open(&disk, 4) {
                assert_eq!(recovered.damaged, []);
                disk.set_faults(Faults::default());
                let mut world = World::new(&disk, storage);
                world.expected = expected;
                // One that was going is gone by now, and its id is used again.
                let again = [
                    Op::Wake(2, Durability::Always),
                    Op::Step(2, Step::Put(9, 9)),
                    Op::Wait(2),
                    Op::Sleep(2),
                ];
                let gone = world.expected.get(&2).is_none_or(|expected| expected.may_be_gone());
                if gone && look(&world.storage, 2).is_empty() {
                    world.expected.remove(&2);
                    let _ = world.run(&again);
                }
                expected = world.expected;
            }
            check(&disk.crash(loss), &expected);
        }
    }
}

/// Goal: whatever operation the disk refuses, nothing that was promised is lost, now or after a restart, and nothing
/// hangs. What found no room goes on when there is room.
#[test]
fn an_error_at_any_operation_takes_nothing_that_was_promised() {
    let ops = workload();
    let mut fired = Fired::default();
    for fail_at in 1..=operations() + 5 {
        for refusal in [Refusal::Broken, Refusal::Full] {
            let faults = Faults { fail_at: Some((fail_at, refusal)), ..Faults::default() };
            let disk = SimDisk::with_faults(fail_at, faults);
            let Ok((storage, _)) = open(&disk, 1) else { continue };
            let mut world = World::new(&disk, storage);
            println!("{refusal:?} at {fail_at}");
            for op in &ops {
                if world.happen(op).is_err() && world.storage.failure().is_some() {
                    break;
                }
            }
            let loss = if fail_at % 2 == 0 { Loss::All } else { Loss::Scattered };
            let left = disk.crash(loss);
            check(&left, &world.expected);
            add(&mut fired, left.fired());
        }
    }
    assert!(fired.operations_failed > 100 && fired.syncs_failed > 10, "{fired:?}");
}

/// Goal: a disk that is full takes nothing that was promised; when there is room again, all goes on.
#[test]
fn a_full_disk_takes_nothing_that_was_promised() {
    let ops = workload();
    let mut refused = 0;
    for capacity_bytes in (30_000..120_000).step_by(3_000) {
        let disk = SimDisk::with_faults(7, Faults::default());
        let (storage, _) = open(&disk, 1).expect("there is room");
        disk.set_faults(Faults { capacity_bytes: Some(capacity_bytes), ..Faults::default() });
        let mut world = World::new(&disk, storage);
        for op in ops.iter().filter(|op| !matches!(op, Op::Wait(_))) {
            if let Err(error) = world.happen(op) {
                assert!(error.is_full(), "{op:?}: {error}");
                refused += 1;
            }
        }
        disk.set_faults(Faults::default());
        for name in 1..=3 {
            world.happen(&Op::Wait(name)).expect("there is room again");
            assert_eq!(world.storage.failure(), None);
            world.happen(&Op::Sleep(name)).expect("there is room again");
        }
        check(&disk.crash(Loss::All), &world.expected);
    }
    assert!(refused > 0, "there was always room");
}
