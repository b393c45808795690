//! Bits that flip, and files that go missing.

use std::path::Path;
use std::sync::Arc;

use latchkey_journal::sim::SimDisk;
use latchkey_journal::{Disk, Frame, JournalError, Log, Lsn, inspect, scan};

use crate::support::{append, directory, files_on, frames_on, settings};

/// Three segments of groups of two frames, and one that is ready; the last of them used before if `is_recycled`.
fn log_on(disk: &SimDisk, is_recycled: bool) -> Vec<Frame> {
    let log = Log::start(Arc::new(disk.clone()), settings(1), Lsn::FIRST).unwrap();
    let segments = |log: &Log| log.pressure().segments;
    while segments(&log) < 4 {
        group_of_two(&log);
        log.tend().unwrap();
    }
    log.release(log.pressure().oldest_ends_at.unwrap());
    if is_recycled {
        log.tend().unwrap();
        while log.pressure().segments < 5 {
            group_of_two(&log);
        }
    }
    group_of_two(&log);
    frames_on(disk).unwrap()
}

fn group_of_two(log: &Log) {
    for _ in 0..2 {
        let next = log.last().next();
        append(log, next);
    }
    assert!(log.commit_all().unwrap());
}

/// Goal: a flipped bit is harmless, or refused with its place, or, in the last write, cut and reported like a torn end.
/// Method: flip one bit of every byte of every file, in turn; of the empty part of heads, of one byte in 64.
#[test]
fn a_flipped_bit_anywhere_is_found_or_harmless() {
    for is_recycled in [false, true] {
        let disk = SimDisk::new(1);
        let frames = log_on(&disk, is_recycled);
        let [mut harmless, mut cut, mut refused] = [0; 3];
        for file in files_on(&disk) {
            let bytes = disk.contents(&file).unwrap().len() as u64;
            for byte in (0..bytes).filter(|byte| !(44..4096).contains(byte) || byte % 64 == 0) {
                let bit = byte * 8 + byte % 8;
                assert!(disk.flip_bit(&file, bit));
                match outcome(&disk, &frames, &file) {
                    Outcome::Harmless => harmless += 1,
                    Outcome::Cut { is_reported: true } => cut += 1,
                    // What begins a frame in a segment that was used before can look like its past.
                    Outcome::Cut { .. } => assert!(is_recycled, "the last write is gone, and nobody says so"),
                    Outcome::Refused => refused += 1,
                }
                disk.flip_bit(&file, bit);
            }
        }
        assert!(harmless > 0 && cut > 0 && refused > cut, "{harmless} {cut} {refused}");
    }
}

enum Outcome {
    Harmless,
    Cut { is_reported: bool },
    Refused,
}

fn outcome(disk: &SimDisk, frames: &[Frame], flipped: &Path) -> Outcome {
    let found = match frames_on(disk) {
        Err(JournalError::Damaged { file, .. }) => {
            assert!(file == flipped || files_on(disk).contains(&file));
            return Outcome::Refused;
        }
        found => found.unwrap(),
    };
    if found == frames {
        return Outcome::Harmless;
    }
    assert!(frames.len() - found.len() <= 2, "more than the last write is gone");
    assert_eq!(found, frames[..found.len()]);
    Outcome::Cut { is_reported: scan(disk, &directory()).unwrap().cut().is_some() }
}

#[test]
fn a_segment_that_went_missing_is_damage() {
    let disk = SimDisk::new(1);
    log_on(&disk, false);
    let files = files_on(&disk);
    disk.remove(&files[1]).unwrap();
    let error = scan(&disk, &directory()).unwrap_err();
    assert!(matches!(&error, JournalError::Damaged { file, .. } if *file == files[0]), "{error}");
}

/// Goal: what was there when a log was started counts no more, whatever a crash leaves of it. After a sync that failed it may
/// have been in memory only; whoever started the log had put it elsewhere.
#[test]
fn what_was_there_before_a_start_counts_no_more() {
    let disk = SimDisk::new(1);
    let next = log_on(&disk, false).last().unwrap().lsn.next();
    let before: Vec<_> =
        files_on(&disk).into_iter().map(|file| (disk.contents(&file).unwrap(), file)).collect();
    let log = Log::start(Arc::new(disk.clone()), settings(2), next).unwrap();
    for (bytes, file) in &before {
        disk.create(file).unwrap().write_at(bytes, 0).unwrap();
    }
    assert!(disk.flip_bit(&before[0].1, 4096 * 8));
    let scanned = scan(&disk, &directory()).unwrap();
    assert_eq!((scanned.frames(), scanned.next_lsn()), (0, next));
    append(&log, next);
    assert!(log.commit_all().unwrap());
    assert_eq!(frames_on(&disk).unwrap().iter().map(|frame| frame.lsn).collect::<Vec<_>>(), [next]);
}

#[test]
fn an_operator_sees_every_frame_up_to_the_damage() {
    let disk = SimDisk::new(1);
    let frames = log_on(&disk, false);
    let seen = |disk: &SimDisk| {
        let mut seen = Vec::new();
        let outcome = inspect(disk, &directory(), &mut |summary| {
            assert!(summary.offset >= 4096 && summary.offset % 8 == 0);
            seen.push(summary.frame.to_frame());
        });
        (seen, outcome)
    };
    assert_eq!(seen(&disk), (frames.clone(), Ok(())));
    let second = files_on(&disk)[1].clone();
    disk.flip_bit(&second, (4096 + 50) * 8);
    let (before, outcome) = seen(&disk);
    assert!(!before.is_empty() && before.len() < frames.len() && frames.starts_with(&before));
    let Err(JournalError::Damaged { file, offset, .. }) = outcome else { panic!("{outcome:?}") };
    assert_eq!((file, offset), (second, 4096));
}

#[test]
fn no_log_is_an_empty_log() {
    let disk = SimDisk::new(1);
    let scanned = scan(&disk, &directory()).unwrap();
    assert_eq!((scanned.next_lsn(), scanned.frames(), scanned.cut()), (Lsn::FIRST, 0, None));
}
