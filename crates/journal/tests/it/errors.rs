//! Operations that fail, and a disk that is full.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use latchkey_journal::sim::{Faults, Loss, Refusal, SimDisk};
use latchkey_journal::{JournalError, Log, Lsn, scan};

use crate::support::{SEGMENT_BYTES, Told, append, directory, frames_on, settings};

/// Goal: whichever operation fails, nothing is reported durable that a crash then takes.
/// Method: as with crashes; the machine crashes some time after the error.
#[test]
fn an_error_of_any_operation_never_leads_to_a_false_promise() {
    let whole = SimDisk::new(0);
    Told::default().by_working_on(&whole).unwrap();
    let (mut failed, mut syncs_failed, mut sectors_forgotten) = (0, 0, 0);
    for at in 1..=whole.operations() {
        for refusal in [Refusal::Broken, Refusal::Full] {
            for loss in [Loss::All, Loss::Scattered] {
                let faults = Faults { fail_at: Some((at, refusal)), ..Faults::default() };
                let disk = SimDisk::with_faults(at, faults);
                let mut told = Told::default();
                failed += u64::from(told.by_working_on(&disk).is_err());
                assert_eq!(disk.fired().operations_failed, 1);
                syncs_failed += disk.fired().syncs_failed;
                sectors_forgotten += disk.fired().sectors_forgotten;
                told.check_kill(&disk, &format!("operation {at} fails with {refusal:?}"));
                told.check(&disk.crash(loss), &format!("operation {at} fails with {refusal:?}, {loss:?}"));
            }
        }
    }
    assert!(failed > whole.operations(), "{failed} of the runs noticed that something failed");
    assert!(syncs_failed > 40 && sectors_forgotten > 40, "{syncs_failed} syncs, {sectors_forgotten} sectors");
}

/// Goal: after a sync failed, the log is not fooled by the next one, which would say that all is well.
#[test]
fn a_failed_sync_is_never_tried_again() {
    let disk = SimDisk::new(1);
    let log = Arc::new(Log::start(Arc::new(disk.clone()), settings(1), Lsn::FIRST).unwrap());
    let lsn = append(&log, Lsn(1));
    let mut before = pin!(log.wait(lsn));
    let mut context = Context::from_waker(Waker::noop());
    assert_eq!(before.as_mut().poll(&mut context), Poll::Pending);
    let sync = disk.operations() + 2;
    disk.set_faults(Faults { fail_at: Some((sync, Refusal::Broken)), ..Faults::default() });
    let error = log.commit().unwrap_err();
    assert!(matches!(error, JournalError::Io { doing: "sync it", .. }), "{error}");
    assert_eq!(disk.operations(), sync);
    for _ in 0..3 {
        let next = log.last().next();
        append(&log, next);
        assert_eq!(log.commit(), Err(error.clone()));
        assert_eq!(log.tend(), Err(error.clone()));
    }
    assert_eq!(disk.operations(), sync, "the disk was asked again");
    assert_eq!((log.durable(), log.failure()), (Lsn::NONE, Some(&error)));
    assert_eq!(before.as_mut().poll(&mut context), Poll::Ready(Err(error.clone())));
    assert_eq!(pin!(log.wait(Lsn(3))).poll(&mut context), Poll::Ready(Err(error)));
}

/// Goal: what comes after the end is dropped, and does not keep what came before from being committed.
#[test]
fn a_record_after_the_end_is_dropped_and_waiting_for_it_fails() {
    let disk = SimDisk::new(1);
    let log = Arc::new(Log::start(Arc::new(disk.clone()), settings(1), Lsn::FIRST).unwrap());
    append(&log, Lsn(1));
    log.close();
    let late = append(&log, Lsn(2));
    assert!(log.commit_all().unwrap());
    assert_eq!((log.durable(), log.last(), log.failure()), (Lsn(1), Lsn(1), None));
    assert_eq!(log.fail(JournalError::Closed), JournalError::Closed);
    let mut context = Context::from_waker(Waker::noop());
    assert_eq!(pin!(log.wait(late)).poll(&mut context), Poll::Ready(Err(JournalError::Closed)));
    assert_eq!(frames_on(&disk).unwrap().len(), 1);
}

/// Goal: a full disk is noticed before what was accepted cannot be written, and is no failure.
#[test]
fn a_full_disk_is_said_early_and_waited_out() {
    let disk = SimDisk::new(1);
    disk.set_faults(Faults { capacity_bytes: Some(2 * SEGMENT_BYTES + 100), ..Faults::default() });
    let log = Log::start(Arc::new(disk.clone()), settings(1), Lsn::FIRST).unwrap();
    assert!(log.tend().unwrap() && !log.is_full());
    // Into the second segment: the third cannot be made.
    while log.pressure().segments < 2 {
        let next = log.last().next();
        append(&log, next);
        assert!(log.commit_all().unwrap());
    }
    assert!(!log.tend().unwrap() && log.is_full());
    let mut room_bytes = log.room_bytes();
    while log.room_bytes() > 300 {
        let next = log.last().next();
        append(&log, next);
        assert!(log.commit_all().unwrap(), "there are {room_bytes} bytes");
        assert!(log.room_bytes() < room_bytes);
        room_bytes = log.room_bytes();
    }
    // What was accepted nevertheless waits, and is written when there is room.
    let durable = log.durable();
    for _ in 0..5 {
        let next = log.last().next();
        append(&log, next);
    }
    assert!(!log.commit_all().unwrap());
    assert!(log.is_full() && log.failure().is_none() && log.durable() >= durable);
    disk.set_faults(Faults::default());
    assert!(log.commit_all().unwrap() && log.tend().unwrap() && !log.is_full());
    assert!(disk.fired().writes_without_room > 0);
    assert_eq!(frames_on(&disk).unwrap().len() as u64, log.last().0);
}

/// Goal: a node whose disk is full can be started.
#[test]
fn a_log_starts_on_a_full_disk_in_the_room_of_the_one_before() {
    let disk = SimDisk::new(1);
    let log = Log::start(Arc::new(disk.clone()), settings(1), Lsn::FIRST).unwrap();
    append(&log, Lsn(1));
    assert!(log.commit_all().unwrap());
    let disk = disk.crash(Loss::All);
    disk.set_faults(Faults { capacity_bytes: Some(SEGMENT_BYTES), ..Faults::default() });
    let next_lsn = scan(&disk, &directory()).unwrap().next_lsn();
    let log = Log::start(Arc::new(disk.clone()), settings(2), next_lsn).unwrap();
    assert_eq!(append(&log, next_lsn), Lsn(2));
    assert!(log.commit_all().unwrap());
    assert_eq!(frames_on(&disk).unwrap().iter().map(|frame| frame.lsn).collect::<Vec<_>>(), [Lsn(2)]);
}

/// Goal: what is kept free is kept free, but not from what was accepted.
#[test]
fn the_last_room_is_for_what_was_accepted() {
    let disk = SimDisk::new(1);
    disk.set_faults(Faults { capacity_bytes: Some(3 * SEGMENT_BYTES), ..Faults::default() });
    let settings = latchkey_journal::Settings { free_bytes_min: SEGMENT_BYTES + 1, ..settings(1) };
    let log = Log::start(Arc::new(disk.clone()), settings, Lsn::FIRST).unwrap();
    assert!(!log.tend().unwrap() && log.is_full());
    while log.pressure().segments < 2 {
        let next = log.last().next();
        append(&log, next);
        assert!(log.commit_all().unwrap());
    }
}

#[test]
fn congestion_begins_when_more_waits_than_may_and_ends_with_a_commit() {
    let log = Log::start(Arc::new(SimDisk::new(1)), settings(1), Lsn::FIRST).unwrap();
    while !log.is_congested() {
        let next = log.last().next();
        append(&log, next);
        assert!(log.last().0 < 100);
    }
    assert!(log.commit_all().unwrap() && !log.is_congested());
}
