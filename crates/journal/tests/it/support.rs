//! A workload that touches all that the log does, and what has to be true of the log that it leaves.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use latchkey_journal::sim::SimDisk;
use latchkey_journal::{Frame, JournalError, KIND_EFFECTS, Log, Lsn, Record, Settings, Urgency, Work, scan};

pub(crate) const SEGMENT_BYTES: u64 = 4096 + 1536;

pub(crate) fn directory() -> PathBuf {
    Settings::new(0).directory
}

/// Segments of a few frames.
pub(crate) fn settings(seed: u64) -> Settings {
    Settings {
        segment_bytes: SEGMENT_BYTES,
        group_bytes_max: 600,
        queue_bytes_max: 4096,
        free_bytes_min: 0,
        sync_within: Duration::from_millis(1),
        retry_after: Duration::from_millis(1),
        ..Settings::new(seed)
    }
}

/// A record whose every byte follows from its number.
pub(crate) fn payload(lsn: Lsn) -> Vec<u8> {
    // One in 23 is larger than a segment.
    let bytes = if lsn.0.is_multiple_of(23) { 2500 } else { lsn.0 as usize * 37 % 200 };
    (0..bytes).map(|at| (lsn.0 as usize * 7 + at) as u8).collect()
}

pub(crate) fn append(log: &Log, lsn: Lsn) -> Lsn {
    append_for(log, lsn, Urgency::Now)
}

fn append_for(log: &Log, lsn: Lsn, urgency: Urgency) -> Lsn {
    let payload = payload(lsn);
    let record = Record { database: [3; 16], seq: lsn.0, kind: KIND_EFFECTS, flags: 0, payload: &payload };
    log.append(record, urgency)
}

/// What somebody who used the log was told.
#[derive(Debug, Default)]
pub(crate) struct Told {
    pub(crate) appended: Lsn,
    pub(crate) durable: Lsn,
    /// What does not end with the process.
    pub(crate) written: Lsn,
    /// What he said himself: the log may forget these.
    pub(crate) released: Lsn,
}

impl Told {
    /// Two lives of a log: groups of one to five frames, some of which wait to be synced, segments made, filled, freed and used again, in the second life
    /// on top of what the first one left.
    pub(crate) fn by_working_on(&mut self, disk: &SimDisk) -> Result<(), JournalError> {
        for life in 0..2 {
            let next_lsn = scan(disk, &directory())?.next_lsn();
            self.released = Lsn(next_lsn.0 - 1);
            let log = Log::start(Arc::new(disk.clone()), settings(life), next_lsn)?;
            for step in 0..14 {
                self.step(&log, step)?;
            }
        }
        Ok(())
    }

    fn step(&mut self, log: &Log, step: u64) -> Result<(), JournalError> {
        let is_soon = step % 4 == 1;
        let urgency = if is_soon { Urgency::Soon } else { Urgency::Now };
        for _ in 0..=step % 5 {
            self.appended = append_for(log, log.last().next(), urgency);
        }
        if step.is_multiple_of(3) {
            log.tend()?;
        }
        let outcome = self.work(log, if is_soon { Work::Write } else { Work::Commit });
        (self.durable, self.written) = (log.durable(), log.written());
        if let Some(ends_at) = log.pressure().oldest_ends_at.filter(|_| step.is_multiple_of(2)) {
            self.released = ends_at.max(self.released);
            log.release(ends_at);
        }
        outcome
    }

    fn work(&self, log: &Log, work: Work) -> Result<(), JournalError> {
        // A disk that has no room for once has it the next time.
        while !log.work(work)? {
            assert!(log.is_full(), "nothing was written, and nobody says why");
        }
        Ok(())
    }

    /// Asserts that what was written is there after the process ended, whatever ended it.
    pub(crate) fn check_kill(&self, disk: &SimDisk, context: &str) {
        let next_lsn =
            scan(disk, &directory()).unwrap_or_else(|error| panic!("{context}: {error}")).next_lsn();
        assert!(next_lsn > self.written, "{context}: {next_lsn:?} is next after {self:?}");
    }

    /// Asserts that what was promised is on the disk and nothing else: a run of frames without gaps, from what was
    /// released or earlier, to what was durable or later, each as it was appended.
    pub(crate) fn check(&self, disk: &SimDisk, context: &str) {
        let frames = frames_on(disk).unwrap_or_else(|error| panic!("{context}: {error}"));
        let lsns: Vec<u64> = frames.iter().map(|frame| frame.lsn.0).collect();
        assert!(lsns.is_sorted_by(|one, next| one + 1 == *next), "{context}: gaps in {lsns:?}");
        for frame in &frames {
            assert_eq!((&frame.payload, frame.seq), (&payload(frame.lsn), frame.lsn.0), "{context}");
        }
        if self.durable > self.released {
            let (first, last) = (lsns.first(), lsns.last());
            assert!(first.is_some_and(|first| *first <= self.released.0 + 1), "{context}: {self:?} {lsns:?}");
            assert!(last.is_some_and(|last| *last >= self.durable.0), "{context}: {self:?} {lsns:?}");
        }
        assert!(lsns.last().is_none_or(|last| *last <= self.appended.0), "{context}: {self:?} {lsns:?}");
        assert!(scan(disk, &directory()).unwrap().next_lsn() > self.durable, "{context}: {self:?}");
        assert_eq!(frames_on(disk).unwrap(), frames, "{context}: a second look sees something else");
    }
}

pub(crate) fn frames_on(disk: &SimDisk) -> Result<Vec<Frame>, JournalError> {
    let scanned = scan(disk, &directory())?;
    let mut frames = Vec::new();
    scanned.each(|frame| {
        frames.push(frame.to_frame());
        Ok::<_, JournalError>(())
    })?;
    assert_eq!(frames.len() as u64, scanned.frames());
    Ok(frames)
}

/// The segments, in order.
pub(crate) fn files_on(disk: &SimDisk) -> Vec<PathBuf> {
    let names = latchkey_journal::Disk::list(disk, &directory()).unwrap();
    names.iter().map(|name| directory().join(Path::new(name))).collect()
}
