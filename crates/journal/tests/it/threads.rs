//! The log with its threads, under threads.

use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use latchkey_journal::sim::gate::{Gate, GatedDisk, Operation};
use latchkey_journal::sim::{Faults, Loss, Refusal, SimDisk};
use latchkey_journal::{
    Disk, Journal, JournalError, KIND_EFFECTS, Log, Lsn, RealDisk, Record, Settings, Urgency, Work, scan,
};

use crate::support::{SEGMENT_BYTES, directory, frames_on, settings};

const APPENDERS: usize = 64;

fn start(disk: impl Disk, settings: Settings) -> Journal {
    Journal::start(Arc::new(disk), settings, Lsn::FIRST, |error| panic!("{error}")).unwrap()
}

fn is_sync(_: &Path, operation: Operation) -> bool {
    operation == Operation::Sync
}

fn record(payload: &[u8]) -> Record<'_> {
    Record { database: [1; 16], seq: 1, kind: KIND_EFFECTS, flags: 0, payload }
}

/// Goal: many threads append and wait; each is told once, and not before its frame is durable; segments come and go
/// meanwhile; all is there afterwards.
#[test]
fn sixty_four_appenders_each_see_their_frames_durable() {
    let directory = tempfile::tempdir().unwrap();
    let disk = RealDisk::new(directory.path()).unwrap();
    let journal = start(disk.clone(), settings(1));
    thread::scope(|scope| {
        for appender in 0..APPENDERS {
            let journal = &journal;
            scope.spawn(move || {
                for round in 0..20 {
                    let lsn = journal.append(record(&[appender as u8; 40]), Urgency::Now);
                    journal.wait_blocking(lsn).unwrap();
                    assert!(journal.durable() >= lsn);
                    assert!(round < 19 || lsn.0 >= 20);
                }
            });
        }
    });
    assert_eq!(journal.durable(), Lsn(20 * APPENDERS as u64));
    assert!(journal.pressure().segments > 1);
    journal.close().unwrap();
    let scanned = scan(&disk, &self::directory()).unwrap();
    assert_eq!((scanned.frames(), scanned.cut()), (20 * APPENDERS as u64, None));
    let mut by_appender = [0; APPENDERS];
    scanned
        .each(|frame| {
            by_appender[frame.payload[0] as usize] += 1;
            Ok::<_, JournalError>(())
        })
        .unwrap();
    assert_eq!(by_appender, [20; APPENDERS]);
}

/// Goal: what queues while a sync is under way shares the next one.
/// Method: a disk whose syncs begin to block when told to, until all have appended.
#[test]
fn appends_during_a_sync_share_the_next_one() {
    let disk = SimDisk::new(1);
    let gate = Gate::default();
    let settings = Settings { segment_bytes: 1 << 20, group_bytes_max: 1 << 20, ..settings(1) };
    let journal = start(GatedDisk::new(&disk, &gate, is_sync), settings);
    // The segment that is made in the background has to be there, so that only commits sync.
    while journal.room_bytes() < 1 << 20 {
        thread::yield_now();
    }
    let before = disk.syncs();
    let _shut = gate.shut();
    thread::scope(|scope| {
        for _ in 0..APPENDERS {
            scope.spawn(|| {
                let lsn = journal.append(record(b"x"), Urgency::Now);
                if lsn.0 == APPENDERS as u64 {
                    gate.open();
                }
                journal.wait_blocking(lsn).unwrap();
            });
        }
    });
    let syncs = disk.syncs() - before;
    assert!((1..=2).contains(&syncs), "{syncs} syncs for {APPENDERS} appends");
    assert_eq!(frames_on(&disk).unwrap().len(), APPENDERS);
}

/// Goal: whenever the power fails, the log says which frame comes next: a segment goes only when the next one does.
/// Method: a commit that stops at its first sync in the next segment.
#[test]
fn a_segment_stays_until_the_next_one_has_a_durable_frame() {
    let disk = SimDisk::new(1);
    let gate = Gate::default();
    let log = Log::start(Arc::new(GatedDisk::new(&disk, &gate, is_sync)), settings(1), Lsn::FIRST).unwrap();
    let fill = [0; 700];
    log.append(record(&fill), Urgency::Now);
    log.append(record(&fill), Urgency::Now);
    assert!(log.tend().unwrap() && log.commit_all().unwrap());
    disk.set_faults(Faults { capacity_bytes: Some(2 * SEGMENT_BYTES), ..Faults::default() });
    let _shut = gate.shut();
    thread::scope(|scope| {
        let commit = scope.spawn(|| {
            log.append(record(&fill), Urgency::Now);
            log.commit_all().unwrap()
        });
        while log.pressure().segments < 2 {
            thread::yield_now();
        }
        log.release(Lsn(2));
        let has_room = log.tend().unwrap();
        let oldest = frames_on(&disk).unwrap()[0].lsn;
        gate.open();
        assert_eq!((has_room, oldest), (false, Lsn(1)));
        assert!(commit.join().unwrap());
    });
    assert!(log.tend().unwrap());
    assert_eq!(log.pressure().segments, 1);
}

/// Goal: when the disk breaks, nobody waits for ever, and one is told.
#[test]
fn a_failure_reaches_everybody_who_waits_and_is_reported_once() {
    let disk = SimDisk::new(1);
    let reports = Arc::new(AtomicUsize::new(0));
    let reported = Arc::clone(&reports);
    let on_failure = move |_: &JournalError| _ = reported.fetch_add(1, Ordering::Relaxed);
    let journal = Journal::start(Arc::new(disk.clone()), settings(1), Lsn::FIRST, on_failure).unwrap();
    let lsn = journal.append(record(b"kept"), Urgency::Now);
    journal.wait_blocking(lsn).unwrap();
    let next = disk.crash(Loss::All);
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let lsn = journal.append(record(b"lost"), Urgency::Now);
                assert!(matches!(journal.wait_blocking(lsn), Err(JournalError::Io { .. })));
            });
        }
    });
    assert!(journal.failure().is_some());
    assert_eq!(journal.wait_blocking(lsn), Ok(()), "what was promised stays promised");
    assert_eq!(journal.close().err(), journal.failure());
    assert_eq!(reports.load(Ordering::Relaxed), 1);
    assert_eq!(frames_on(&next).unwrap().len(), 1);
}

/// Goal: a full disk ends by itself: for what waits, and for what is refused meanwhile.
#[test]
fn a_journal_goes_on_when_there_is_room_again() {
    let disk = SimDisk::new(1);
    disk.set_faults(Faults { capacity_bytes: Some(SEGMENT_BYTES), ..Faults::default() });
    let journal = start(disk.clone(), settings(1));
    while !journal.is_full() {
        thread::yield_now();
    }
    let lsns: Vec<Lsn> = (0..20).map(|_| journal.append(record(&[0; 200]), Urgency::Now)).collect();
    journal.wait_blocking(lsns[0]).unwrap();
    assert!(journal.durable() < lsns[19] && journal.room_bytes() == 0);
    disk.set_faults(Faults::default());
    journal.wait_blocking(lsns[19]).unwrap();
    while journal.is_full() {
        thread::yield_now();
    }
    journal.close().unwrap();
}

#[test]
fn a_frame_that_nobody_waits_for_is_durable_a_little_later_or_with_the_next() {
    let journal = start(SimDisk::new(1), settings(1));
    let lsn = journal.append(record(b"soon"), Urgency::Soon);
    journal.wait_blocking(lsn).unwrap();

    let settings = Settings { sync_within: Duration::from_secs(3600), ..settings(1) };
    let journal = start(SimDisk::new(1), settings);
    journal.append(record(b"soon"), Urgency::Soon);
    let lsn = journal.append(record(b"now"), Urgency::Now);
    journal.wait_blocking(lsn).unwrap();
    assert_eq!(journal.durable(), Lsn(2));
}

/// Goal: what nobody waits for costs no sync of its own.
#[test]
fn frames_that_nobody_waits_for_share_one_sync() {
    let disk = SimDisk::new(1);
    let settings = Settings {
        sync_within: Duration::from_secs(3600),
        segment_bytes: 1 << 20,
        group_bytes_max: 1 << 20,
        ..settings(1)
    };
    let journal = start(disk.clone(), settings);
    // The segment that is made in the background has to be there, so that only commits sync.
    while journal.room_bytes() < 1 << 20 {
        thread::yield_now();
    }
    let before = disk.syncs();
    let last = (0..1000).map(|_| journal.append(record(b"soon"), Urgency::Soon)).last().unwrap();
    assert_eq!((disk.syncs(), journal.durable()), (before, Lsn::NONE), "nobody waits yet");
    journal.hurry();
    journal.wait_blocking(last).unwrap();
    assert_eq!(disk.syncs(), before + 1);
}

#[test]
fn closing_commits_what_was_taken_and_drops_what_comes_later() {
    let disk = SimDisk::new(1);
    let journal = start(disk.clone(), Settings { sync_within: Duration::from_secs(3600), ..settings(1) });
    for _ in 0..30 {
        journal.append(record(&[0; 100]), Urgency::Soon);
    }
    journal.close().unwrap();
    journal.close().unwrap();
    assert_eq!(journal.durable(), Lsn(30));
    let late = journal.append(record(b"late"), Urgency::Now);
    assert_eq!(journal.wait_blocking(late), Err(JournalError::Closed));
    assert_eq!(journal.failure(), None);
    assert_eq!(frames_on(&disk.crash(Loss::All)).unwrap().len(), 30);
}

#[test]
fn a_journal_that_cannot_write_what_it_took_does_not_close_in_silence() {
    let disk = SimDisk::new(1);
    disk.set_faults(Faults { capacity_bytes: Some(SEGMENT_BYTES), ..Faults::default() });
    let journal = Journal::start(Arc::new(disk), settings(1), Lsn::FIRST, |_| {}).unwrap();
    let last = (0..20).map(|_| journal.append(record(&[0; 200]), Urgency::Now)).last().unwrap();
    let error = journal.close().unwrap_err();
    assert!(matches!(error, JournalError::Io { kind: io::ErrorKind::StorageFull, .. }), "{error}");
    assert_eq!(journal.wait_blocking(last), Err(error));
}

/// Goal: what was taken out of the queue at once, and did not fit into one group, is written though nobody comes after it.
#[test]
fn what_did_not_fit_into_a_group_is_not_forgotten() {
    let log = Log::start(Arc::new(SimDisk::new(1)), settings(1), Lsn::FIRST).unwrap();
    let lsns: Vec<Lsn> = (0..3).map(|_| log.append(record(&[7; 400]), Urgency::Now)).collect();
    assert_eq!(log.commit().unwrap(), lsns[0], "one fits into a group");
    let (tell, told) = mpsc::channel();
    thread::scope(|scope| {
        scope.spawn(|| tell.send(log.await_work()));
        let work = told.recv_timeout(Duration::from_secs(10));
        log.close();
        assert_eq!(work, Ok(Work::Write));
    });
    assert!(log.work(Work::Write).unwrap());
    assert_eq!(log.durable(), lsns[2], "somebody waits for it");
}

/// Goal: what nobody waits for is soon with the system, where it does not end with the process, though it is synced later.
#[test]
fn what_nobody_waits_for_is_written_before_it_is_synced() {
    let disk = SimDisk::new(1);
    let settings = Settings { sync_within: Duration::from_secs(3600), ..settings(1) };
    let journal = start(disk.clone(), settings);
    let lsn = journal.append(record(b"x"), Urgency::Soon);
    while journal.written() < lsn {
        thread::yield_now();
    }
    assert_eq!(journal.durable(), Lsn::NONE);
    assert_eq!(frames_on(&disk).unwrap().len(), 1);
    journal.hurry();
    journal.wait_blocking(lsn).unwrap();
    assert_eq!(frames_on(&disk.crash(Loss::All)).unwrap().len(), 1);
}

/// Goal: without threads, nothing happens on the disk but when it is asked for, and a failure is told of once.
#[test]
fn a_log_without_threads_does_what_it_is_told() {
    let disk = SimDisk::new(1);
    let told = Arc::new(AtomicUsize::new(0));
    let teller = Arc::clone(&told);
    let settings = Settings { has_threads: false, ..settings(1) };
    let on_failure = move |_: &JournalError| _ = teller.fetch_add(1, Ordering::Relaxed);
    let journal = Journal::start(Arc::new(disk.clone()), settings, Lsn::FIRST, on_failure).unwrap();
    let before = disk.operations();
    let first = journal.append(record(b"one"), Urgency::Now);
    assert_eq!((disk.operations(), journal.durable()), (before, Lsn::NONE));
    assert_eq!(journal.commit().unwrap(), first);
    let second = journal.append(record(b"two"), Urgency::Soon);
    journal.hurry();
    assert_eq!(journal.durable(), second);
    assert!(journal.tend().unwrap());
    let at = disk.operations() + 1;
    disk.set_faults(Faults { fail_at: Some((at, Refusal::Broken)), ..Faults::default() });
    let lost = journal.append(record(b"three"), Urgency::Now);
    journal.hurry();
    assert!(journal.wait_blocking(lost).is_err() && journal.commit().is_err() && journal.close().is_err());
    assert_eq!((told.load(Ordering::Relaxed), journal.durable()), (1, second));
}

/// Goal: closing one makes all durable that was taken.
#[test]
fn a_log_without_threads_is_closed_with_all_that_it_took() {
    let disk = SimDisk::new(1);
    let settings = Settings { has_threads: false, ..settings(1) };
    let journal = start(disk.clone(), settings);
    let lsn = journal.append(record(b"one"), Urgency::Soon);
    journal.close().unwrap();
    assert_eq!(frames_on(&disk.crash(Loss::All)).unwrap().len() as u64, lsn.0);
}
