//! Crashes at every operation.

use std::sync::Arc;

use latchkey_journal::sim::{Faults, Loss, SimDisk};
use latchkey_journal::{Log, Lsn, scan};

use crate::support::{SEGMENT_BYTES, Told, append, directory, files_on, frames_on, settings};

/// Goal: wherever the power fails, all that was reported durable is there, frames are a run without gaps, nothing else
/// is there, and a log can be started on it.
/// Method: count the operations of a workload; run it once for each with a crash there, for each kind of loss.
#[test]
fn a_crash_at_any_operation_loses_nothing_that_was_promised() {
    let whole = SimDisk::new(0);
    Told::default().by_working_on(&whole).unwrap();
    let mut torn = 0;
    for crash_at in 1..=whole.operations() {
        for (kind, loss) in [Loss::All, Loss::Nothing, Loss::Torn, Loss::Scattered].into_iter().enumerate() {
            let faults = Faults { crash_at: Some(crash_at), ..Faults::default() };
            let disk = SimDisk::with_faults(crash_at * 4 + kind as u64, faults);
            let mut told = Told::default();
            told.by_working_on(&disk).unwrap_err();
            assert!(disk.has_crashed());
            let context = format!("crash at operation {crash_at}, {loss:?}");
            let next = disk.crash(loss);
            told.check(&next, &context);
            torn += u64::from(scan(&next, &directory()).unwrap().cut().is_some());
            check_that_it_goes_on(&next, &told, &context);
        }
    }
    assert!(torn > 20, "only {torn} of the crashes left a torn end to be cut");
}

/// What was there is replaced by what comes, and by nothing else.
fn check_that_it_goes_on(disk: &SimDisk, told: &Told, context: &str) {
    let next_lsn = scan(disk, &directory()).unwrap().next_lsn();
    let log = Log::start(Arc::new(disk.clone()), settings(9), next_lsn).unwrap();
    assert_eq!(append(&log, next_lsn), next_lsn, "{context}");
    log.commit_all().unwrap();
    assert!(next_lsn > told.durable, "{context}: frame {next_lsn} was given away twice");
    let frames = frames_on(&disk.crash(Loss::All)).unwrap();
    assert_eq!(frames.iter().map(|frame| frame.lsn).collect::<Vec<_>>(), [next_lsn], "{context}");
}

/// Goal: every kind of loss that the sweep relies on did happen in it.
#[test]
fn the_workload_meets_every_kind_of_loss() {
    let whole = SimDisk::new(0);
    Told::default().by_working_on(&whole).unwrap();
    let mut seen = [false; 5];
    for crash_at in 1..=whole.operations() {
        let disk = SimDisk::with_faults(crash_at, Faults { crash_at: Some(crash_at), ..Faults::default() });
        Told::default().by_working_on(&disk).unwrap_err();
        let fired = disk.crash(Loss::Scattered).fired();
        let counts =
            [fired.sectors_lost, fired.sectors_kept, fired.files_torn, fired.names_lost, fired.names_kept];
        seen.iter_mut().zip(counts).for_each(|(seen, count)| *seen |= count > 0);
    }
    assert_eq!(seen, [true; 5]);
}

/// Goal: frames of an earlier use of a file never pass for new ones, though they stand where new ones would, whole and
/// with plausible numbers.
#[test]
fn a_segment_that_is_used_again_shows_no_frame_of_its_past() {
    let disk = SimDisk::new(1);
    let log = Log::start(Arc::new(disk.clone()), settings(1), Lsn::FIRST).unwrap();
    let mut used_again = 0;
    while used_again < 5 {
        // The segment being written, and one that was freed and waits under its new name.
        let before = files_on(&disk);
        let next = log.last().next();
        append(&log, next);
        log.commit_all().unwrap();
        log.release(log.durable());
        log.tend().unwrap();
        let files = files_on(&disk);
        used_again += u64::from(files != before);
        assert_eq!(files.len(), 2, "the log does not grow: {files:?}");
        assert_eq!(frames_on(&disk).unwrap().last().unwrap().lsn, log.durable());
        assert_eq!(scan(&disk, &directory()).unwrap().cut(), None);
    }
}

/// Goal: writing into a segment that is ready takes no room, also when the power failed since it was made.
#[test]
fn a_segment_is_filled_for_good_before_it_is_used() {
    let disk = SimDisk::new(1);
    let log = Log::start(Arc::new(disk.clone()), settings(1), Lsn::FIRST).unwrap();
    assert!(log.tend().unwrap());
    let next = disk.crash(Loss::All);
    let bytes: Vec<usize> = files_on(&next).iter().map(|file| next.contents(file).unwrap().len()).collect();
    assert_eq!(bytes, [SEGMENT_BYTES as usize; 2]);
}
