//! The log without its threads: a state machine that whoever drives it can stop anywhere.

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use parking_lot::{Condvar, Mutex, MutexGuard};

use crate::disk::Disk;
use crate::error::JournalError;
use crate::frame::{self, FrameRef, Lsn};
use crate::segment::{self, SEGMENT_HEAD_BYTES, Segment};
use crate::settings::Settings;
use crate::waiters::{Waiters, Waiting};
use crate::writer::Writer;

/// One log of frames for all databases of a node.
///
/// [`append`](Self::append) takes frames into memory. [`commit`](Self::commit) makes what was taken durable, a group at a
/// time; [`write`](Self::write) only keeps it from ending with the process. [`tend`](Self::tend) keeps a segment ready for when
/// the present one is full, and frees those whose frames were [`release`](Self::release)d. These three do I/O, the first two on
/// one thread of [`Journal`](crate::Journal) and the third on another, or step by step in a simulation.
///
/// Once the disk refuses anything but room, the log has failed for good: what it was asked to write may be there or not,
/// nobody knows, and asking again proves nothing.
pub struct Log {
    disk: Arc<dyn Disk>,
    settings: Settings,
    queue: Mutex<Queue>,
    /// Told of frames to be written, and of the end. One thread waits for it: the one that commits.
    queued: Condvar,
    /// Locked while a group is written.
    writer: Mutex<Writer>,
    /// Locked while a segment is made. Taken after `writer`.
    stock: Mutex<Stock>,
    /// Segments with frames, oldest first; the last one is being written.
    live: Mutex<VecDeque<Live>>,
    waiters: Waiters,
    written: AtomicU64,
    durable: AtomicU64,
    released: AtomicU64,
    queued_bytes: AtomicUsize,
    current_room_bytes: AtomicU64,
    spare_room_bytes: AtomicU64,
    is_full: AtomicBool,
    /// Whether frames were taken out of the queue and are not written yet.
    has_leftover: AtomicBool,
    ended: OnceLock<JournalError>,
}

/// A record to be logged.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    /// Whose it is.
    pub database: [u8; 16],
    /// Its number among the frames of its database: contiguous from 1.
    pub seq: u64,
    /// What the payload is, such as [`KIND_EFFECTS`](crate::KIND_EFFECTS).
    pub kind: u8,
    /// [`FLAG_NOT_PROMISED`](crate::FLAG_NOT_PROMISED) or 0.
    pub flags: u8,
    /// At most [`PAYLOAD_BYTES_MAX`](crate::PAYLOAD_BYTES_MAX).
    pub payload: &'a [u8],
}

/// When a frame has to be durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Urgency {
    /// Within [`Settings::sync_within`](crate::Settings::sync_within).
    Soon,
    /// Somebody waits for it.
    Now,
}

/// How much the log holds that tails have not taken over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pressure {
    /// Segments with frames, the one being written among them.
    pub segments: usize,
    /// Up to where frames have to be released before the oldest segment can be freed. Nothing if there is only the one
    /// being written.
    pub oldest_ends_at: Option<Lsn>,
}

impl Log {
    /// Starts an empty log whose first frame will have the number `first_lsn`. What the directory held is removed, but
    /// not before the new log is there: a crash in between finds all of it.
    pub fn start(disk: Arc<dyn Disk>, settings: Settings, first_lsn: Lsn) -> Result<Self, JournalError> {
        assert!(settings.segment_bytes > SEGMENT_HEAD_BYTES, "segments of {} bytes", settings.segment_bytes);
        let directory = &settings.directory;
        disk.create_dir(directory).map_err(JournalError::io("make it", directory))?;
        for above in directory.ancestors().skip(1) {
            disk.sync_dir(above).map_err(JournalError::io("sync it", above))?;
        }
        let (old, unfinished) = segment::list(&*disk, directory)?;
        for path in &unfinished {
            segment::remove(&*disk, directory, path)?;
        }
        let (first, old) = Self::first_segment(&*disk, &settings, old)?;
        let mut writer = Writer::new(first, settings.seed);
        writer.begin_segment(first_lsn, true)?;
        writer.sync()?;
        for path in old {
            segment::remove(&*disk, directory, &path)?;
        }
        Ok(Self::with_writer(disk, settings, writer, first_lsn))
    }

    /// A segment to begin with, and those to be removed. If the disk is full, the oldest of them is used again.
    fn first_segment(
        disk: &dyn Disk,
        settings: &Settings,
        old: Vec<u64>,
    ) -> Result<(Segment, Vec<PathBuf>), JournalError> {
        let directory = &settings.directory;
        let number = old.last().map_or(1, |last| last + 1);
        let mut old: Vec<PathBuf> =
            old.into_iter().map(|number| segment::path_of(directory, number)).collect();
        match segment::make(disk, directory, number, settings.segment_bytes) {
            Err(error) if error.is_full() && !old.is_empty() => {
                Ok((segment::recycle(disk, directory, &old.remove(0), number)?, old))
            }
            made => Ok((made?, old)),
        }
    }

    fn with_writer(disk: Arc<dyn Disk>, settings: Settings, writer: Writer, first_lsn: Lsn) -> Self {
        let last = Lsn(first_lsn.0 - 1);
        let live = VecDeque::from([Live::of(&writer.segment, last)]);
        Self {
            disk,
            settings,
            queue: Mutex::new(Queue::new(last)),
            queued: Condvar::new(),
            current_room_bytes: AtomicU64::new(writer.room_bytes()),
            stock: Mutex::new(Stock { spare: None, last_number: writer.segment.number }),
            writer: Mutex::new(writer),
            live: Mutex::new(live),
            waiters: Waiters::default(),
            written: AtomicU64::new(last.0),
            durable: AtomicU64::new(last.0),
            released: AtomicU64::new(0),
            queued_bytes: AtomicUsize::new(0),
            spare_room_bytes: AtomicU64::new(0),
            is_full: AtomicBool::new(false),
            has_leftover: AtomicBool::new(false),
            ended: OnceLock::new(),
        }
    }

    /// Takes a record, and gives the number of its frame. Memory only: [`commit`](Self::commit) writes it. After the log
    /// failed or was closed the record is dropped, and waiting for the number, which nobody gets, fails.
    pub fn append(&self, record: Record<'_>, urgency: Urgency) -> Lsn {
        let Record { database, seq, kind, flags, payload } = record;
        let mut queue = self.queue.lock();
        let lsn = queue.last.next();
        if queue.is_closed {
            return lsn;
        }
        queue.last = lsn;
        FrameRef { lsn, database, seq, kind, flags, payload }.encode_unsealed(&mut queue.frames);
        self.queued_bytes.fetch_add(frame::encoded_bytes(payload.len()), Ordering::Relaxed);
        let is_much = queue.frames.len() > self.settings.group_bytes_max;
        let wanted = match urgency {
            Urgency::Now => Wanted::Commit,
            Urgency::Soon if is_much => Wanted::Write,
            Urgency::Soon => Wanted::WriteSoon,
        };
        if wanted > queue.wanted || queue.since.is_none() {
            queue.want(wanted);
            self.queued.notify_one();
        }
        lsn
    }

    /// Somebody waits for what was taken, also for what was taken as [`Urgency::Soon`].
    pub fn hurry(&self) {
        let mut queue = self.queue.lock();
        if queue.has_unsynced() && queue.wanted < Wanted::Commit {
            queue.wanted = Wanted::Commit;
            self.queued.notify_one();
        }
    }

    /// Writes and syncs one group of what was taken, as much as [`Settings::group_bytes_max`](crate::Settings) and the
    /// segment allow; says up to where all is durable now. That it is what it was means that nothing waited, or that
    /// there is no room ([`is_full`](Self::is_full)).
    pub fn commit(&self) -> Result<Lsn, JournalError> {
        self.advance(true)?;
        Ok(self.durable())
    }

    /// Writes one group of what was taken, and syncs it only if somebody waits for it, or if as much as
    /// [`Settings::group_bytes_max`](crate::Settings) is not synced. Says up to where all is written now; that it is what it
    /// was has the same reasons as with [`commit`](Self::commit).
    pub fn write(&self) -> Result<Lsn, JournalError> {
        self.advance(false)?;
        Ok(self.written())
    }

    /// Commits until all that has been taken by now is durable. Whether it is: if not, there is no room.
    pub fn commit_all(&self) -> Result<bool, JournalError> {
        advance_to(self.last(), || self.durable(), || self.commit())
    }

    /// Does what [`await_work`](Self::await_work) said, for all that has been taken by now. Whether it is done: if not,
    /// there is no room.
    pub fn work(&self, work: Work) -> Result<bool, JournalError> {
        match work {
            Work::Write => advance_to(self.last(), || self.written(), || self.write()),
            Work::Commit => self.commit_all(),
        }
    }

    fn advance(&self, syncs: bool) -> Result<(), JournalError> {
        let before = self.durable();
        self.advance_group(syncs).map_err(|error| self.fail(error))?;
        if self.durable() > before {
            self.waiters.wake_through(self.durable());
        }
        Ok(())
    }

    fn advance_group(&self, syncs: bool) -> Result<(), JournalError> {
        let mut writer = self.writer.lock();
        self.check()?;
        if writer.is_idle() {
            self.queue.lock().hand_over(&mut writer);
        }
        let syncs = syncs || writer.is_urgent();
        let Some(frame_bytes) = writer.next_frame_bytes() else {
            return if syncs { self.sync(&mut writer) } else { Ok(()) };
        };
        let unsynced_bytes_max = self.settings.group_bytes_max;
        let has_room = writer.room_bytes() >= frame_bytes;
        // Of several segments, only the last may lack its end.
        if !has_room || writer.unsynced_bytes() + frame_bytes as usize > unsynced_bytes_max {
            self.sync(&mut writer)?;
        }
        if !has_room && !self.change_segment(&mut writer, frame_bytes)? {
            return Ok(());
        }
        let bytes_max = unsynced_bytes_max.saturating_sub(writer.unsynced_bytes());
        let (last, bytes) = writer.write_group(bytes_max)?;
        self.current_room_bytes.store(writer.room_bytes(), Ordering::Relaxed);
        self.queued_bytes.fetch_sub(bytes, Ordering::Relaxed);
        self.has_leftover.store(writer.next_frame_bytes().is_some(), Ordering::Relaxed);
        self.written.store(last.0, Ordering::Release);
        let is_much = writer.unsynced_bytes() >= unsynced_bytes_max || writer.next_frame_bytes().is_some();
        if syncs || is_much { self.sync(&mut writer) } else { Ok(()) }
    }

    /// Makes what was written durable.
    fn sync(&self, writer: &mut Writer) -> Result<(), JournalError> {
        if writer.unsynced_bytes() == 0 {
            return Ok(());
        }
        writer.sync()?;
        let last = self.written();
        if writer.is_idle() {
            self.queue.lock().note_synced();
        }
        self.live.lock().back_mut().expect("the segment being written is live").last = last;
        self.durable.store(last.0, Ordering::Release);
        Ok(())
    }

    /// Goes on in the segment that was made ready, or makes one now: what was accepted may use the room that is kept free
    /// from [`tend`](Self::tend). Whether there is one.
    fn change_segment(&self, writer: &mut Writer, frame_bytes: u64) -> Result<bool, JournalError> {
        let mut stock = self.stock.lock();
        match self.have_spare(&mut stock, SEGMENT_HEAD_BYTES + frame_bytes) {
            Ok(()) => {}
            Err(error) if error.is_full() => {
                self.is_full.store(true, Ordering::Relaxed);
                return Ok(false);
            }
            Err(error) => return Err(error),
        }
        let spare = stock.spare.take().expect("it is there since the line above");
        self.spare_room_bytes.store(0, Ordering::Relaxed);
        self.live.lock().push_back(Live::of(&spare, self.durable()));
        *writer = writer.continued_in(spare);
        Ok(true)
    }

    /// Sees to it that a segment of `bytes` at least is ready.
    fn have_spare(&self, stock: &mut Stock, bytes: u64) -> Result<(), JournalError> {
        let directory = &self.settings.directory;
        match &mut stock.spare {
            Some(spare) if spare.bytes >= bytes => {}
            Some(spare) => segment::lengthen(spare, bytes)?,
            none => {
                let bytes = bytes.max(self.settings.segment_bytes);
                let spare = segment::make(&*self.disk, directory, stock.last_number + 1, bytes)?;
                stock.last_number = spare.number;
                *none = Some(spare);
            }
        }
        let room = stock.spare.as_ref().map_or(0, Segment::frame_bytes);
        self.spare_room_bytes.store(room, Ordering::Relaxed);
        Ok(())
    }

    /// Frees segments whose frames were released, and makes the next segment ready. Whether there is room for it: if not,
    /// this is to be called again after a while.
    pub fn tend(&self) -> Result<bool, JournalError> {
        let tended = self.check().and_then(|()| {
            let mut stock = self.stock.lock();
            self.free_segments(&mut stock)?;
            self.refill(&mut stock)
        });
        let has_room = tended.map_err(|error| self.fail(error))?;
        self.is_full.store(!has_room, Ordering::Relaxed);
        Ok(has_room)
    }

    fn free_segments(&self, stock: &mut Stock) -> Result<(), JournalError> {
        while let Some(freed) = self.oldest_if_released() {
            self.free_segment(stock, &freed)?;
            self.live.lock().pop_front();
        }
        Ok(())
    }

    /// The oldest segment, if it can go: also, the next one has a durable frame, so that a crash always leaves one that
    /// says which frame comes next.
    fn oldest_if_released(&self) -> Option<Live> {
        let live = self.live.lock();
        let (oldest, next) = (live.front()?, live.get(1)?);
        (oldest.last < next.last && oldest.last.0 <= self.released()).then(|| oldest.clone())
    }

    fn free_segment(&self, stock: &mut Stock, freed: &Live) -> Result<(), JournalError> {
        let directory = &self.settings.directory;
        if stock.spare.is_some() || freed.bytes != self.settings.segment_bytes {
            return segment::remove(&*self.disk, directory, &freed.path);
        }
        let number = stock.last_number + 1;
        let spare = segment::recycle(&*self.disk, directory, &freed.path, number)?;
        stock.last_number = number;
        stock.spare = Some(spare);
        self.have_spare(stock, freed.bytes)
    }

    /// Whether there is, or was made, a segment to go on in, and what has to be left of the disk is left.
    fn refill(&self, stock: &mut Stock) -> Result<bool, JournalError> {
        let Settings { directory, segment_bytes, free_bytes_min, .. } = &self.settings;
        let free_bytes =
            self.disk.free_bytes().map_err(JournalError::io("ask for the room on it", directory))?;
        let wanted_bytes = if stock.spare.is_some() { 0 } else { *segment_bytes };
        if free_bytes < free_bytes_min.saturating_add(wanted_bytes) {
            return Ok(false);
        }
        match self.have_spare(stock, *segment_bytes) {
            Err(error) if error.is_full() => Ok(false),
            made => made.map(|()| true),
        }
    }

    /// Whether [`tend`](Self::tend) has something to do now. A disk that is full is asked again after a while, not with
    /// every commit.
    pub fn needs_tending(&self) -> bool {
        let wants_spare = self.spare_room_bytes.load(Ordering::Relaxed) == 0 && !self.is_full();
        wants_spare || self.oldest_if_released().is_some()
    }

    /// Says that frames up to `lsn` are durable elsewhere. Memory only: [`tend`](Self::tend) frees their segments.
    pub fn release(&self, lsn: Lsn) {
        self.released.fetch_max(lsn.0, Ordering::Relaxed);
    }

    fn released(&self) -> u64 {
        self.released.load(Ordering::Relaxed)
    }

    /// How many segments there are, and what keeps the oldest.
    pub fn pressure(&self) -> Pressure {
        let live = self.live.lock();
        let oldest = live.front().filter(|_| live.len() > 1);
        Pressure { segments: live.len(), oldest_ends_at: oldest.map(|oldest| oldest.last) }
    }

    /// The number of the last frame that was taken.
    pub fn last(&self) -> Lsn {
        self.queue.lock().last
    }

    /// Up to where all frames are durable.
    pub fn durable(&self) -> Lsn {
        Lsn(self.durable.load(Ordering::Acquire))
    }

    /// Up to where all frames are written, durable or not.
    pub fn written(&self) -> Lsn {
        Lsn(self.written.load(Ordering::Acquire))
    }

    /// Whether so much waits to be written that callers should wait before they execute anything that appends: until
    /// [`last`](Self::last) is durable.
    pub fn is_congested(&self) -> bool {
        self.queued_bytes.load(Ordering::Relaxed) > self.settings.queue_bytes_max
    }

    /// Whether there was no room for the next segment when it was last tried. Then what grows should be refused; what
    /// is in [`room_bytes`](Self::room_bytes) can still be written.
    pub fn is_full(&self) -> bool {
        self.is_full.load(Ordering::Relaxed)
    }

    /// Bytes of frames that fit in the segments there are, less what waits to be written. Frames beyond them wait for
    /// room.
    pub fn room_bytes(&self) -> u64 {
        let room =
            self.current_room_bytes.load(Ordering::Relaxed) + self.spare_room_bytes.load(Ordering::Relaxed);
        room.saturating_sub(self.queued_bytes.load(Ordering::Relaxed) as u64)
    }

    /// Why nothing is acknowledged any more, if so.
    pub fn failure(&self) -> Option<&JournalError> {
        self.ended.get().filter(|ended| **ended != JournalError::Closed)
    }

    /// Takes no more records. What was taken can still be committed.
    pub fn close(&self) {
        self.queue.lock().is_closed = true;
        self.queued.notify_all();
    }

    /// Whether it takes no more records.
    pub fn is_closed(&self) -> bool {
        self.queue.lock().is_closed
    }

    /// Ends the log: whoever waits for what is not durable, now or later, gets this error, or an earlier one, which is
    /// returned.
    pub fn fail(&self, error: JournalError) -> JournalError {
        let ended = self.ended.get_or_init(|| error);
        self.end_queue(self.queue.lock());
        self.waiters.wake_all();
        ended.clone()
    }

    fn end_queue(&self, mut queue: MutexGuard<'_, Queue>) {
        queue.is_closed = true;
        queue.frames = Vec::new();
        self.queued.notify_all();
    }

    /// Blocks until something is to be done with what was taken, or the log is closed. For one thread.
    pub fn await_work(&self) -> Work {
        // More may have been taken out of the queue at once than fitted into a group.
        if self.has_leftover.load(Ordering::Relaxed) {
            return Work::Write;
        }
        let mut queue = self.queue.lock();
        loop {
            match queue.due(&self.settings) {
                _ if queue.is_closed => return Work::Commit,
                Some((work, at)) if at <= Instant::now() => return work,
                Some((_, at)) => _ = self.queued.wait_until(&mut queue, at),
                None => self.queued.wait(&mut queue),
            }
        }
    }

    /// Blocks for [`Settings::retry_after`](crate::Settings::retry_after), or until the log is closed or fails. Whether
    /// neither happened. For the thread that commits, like [`await_work`](Self::await_work).
    pub fn await_retry(&self) -> bool {
        let mut queue = self.queue.lock();
        let is_open = |queue: &mut Queue| !queue.is_closed;
        self.queued.wait_while_for(&mut queue, is_open, self.settings.retry_after);
        !queue.is_closed
    }

    /// Ready when the frame and all before it are durable, or never will be.
    pub fn wait(self: &Arc<Self>, lsn: Lsn) -> Waiting {
        Waiting::new(Arc::clone(self), lsn)
    }

    pub(crate) fn waiters(&self) -> &Waiters {
        &self.waiters
    }

    /// Nothing while it is not decided.
    pub(crate) fn outcome_of(&self, lsn: Lsn) -> Option<Result<(), JournalError>> {
        if lsn <= self.durable() {
            return Some(Ok(()));
        }
        self.ended.get().map(|error| Err(error.clone()))
    }

    /// What to fail with if what was taken cannot be written before the end.
    pub(crate) fn no_room(&self) -> JournalError {
        let full = io::Error::from(io::ErrorKind::StorageFull);
        JournalError::io("write all that was taken", &self.settings.directory)(full)
    }

    fn check(&self) -> Result<(), JournalError> {
        self.ended.get().map_or(Ok(()), |error| Err(error.clone()))
    }
}

impl fmt::Debug for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut log = f.debug_struct("Log");
        log.field("durable", &self.durable()).field("ended", &self.ended).finish_non_exhaustive()
    }
}

/// Does `step` until `reached` is as far as `last`. Whether it is: if not, a step has led nowhere.
fn advance_to(
    last: Lsn,
    reached: impl Fn() -> Lsn,
    step: impl Fn() -> Result<Lsn, JournalError>,
) -> Result<bool, JournalError> {
    while reached() < last {
        let before = reached();
        if step()? == before {
            return Ok(false);
        }
    }
    Ok(true)
}

/// What is to be done with frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// They are to be written: [`Log::write`].
    Write,
    /// They are to be written and synced: [`Log::commit`].
    Commit,
}

/// What those who have frames in the queue want to be done with them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Wanted {
    /// There are none.
    Nothing,
    /// They are to be written within [`Settings::write_within`].
    WriteSoon,
    /// They are to be written now: they are many.
    Write,
    /// Somebody waits for them to be durable.
    Commit,
}

/// What was taken and not yet written.
struct Queue {
    /// Frames without their sums, one after the other.
    frames: Vec<u8>,
    last: Lsn,
    wanted: Wanted,
    /// When the first of them was taken.
    since: Option<Instant>,
    /// When the first of those was taken that are written, or about to be, and not synced.
    written_since: Option<Instant>,
    is_closed: bool,
}

impl Queue {
    fn new(last: Lsn) -> Self {
        Self {
            frames: Vec::new(),
            last,
            wanted: Wanted::Nothing,
            since: None,
            written_since: None,
            is_closed: false,
        }
    }

    /// Notes what is wanted for a frame that was just taken.
    fn want(&mut self, wanted: Wanted) {
        self.wanted = wanted.max(self.wanted);
        self.since.get_or_insert_with(Instant::now);
    }

    /// Whether there are frames that are not durable.
    fn has_unsynced(&self) -> bool {
        self.since.or(self.written_since).is_some()
    }

    /// Gives its frames away, to be written.
    fn hand_over(&mut self, writer: &mut Writer) {
        writer.take(&mut self.frames, self.wanted == Wanted::Commit);
        self.wanted = Wanted::Nothing;
        self.written_since = self.written_since.or(self.since.take());
    }

    /// All that was handed over is durable.
    fn note_synced(&mut self) {
        self.written_since = None;
        if self.since.is_none() {
            self.wanted = Wanted::Nothing;
        }
    }

    /// What is to be done next, and when.
    fn due(&self, settings: &Settings) -> Option<(Work, Instant)> {
        let first = self.written_since.or(self.since)?;
        let commit = (Work::Commit, first + settings.sync_within);
        Some(match (self.wanted, self.since) {
            (Wanted::Commit, _) => (Work::Commit, first),
            (Wanted::Write, Some(since)) => (Work::Write, since),
            (Wanted::WriteSoon, Some(since)) if since + settings.write_within < commit.1 => {
                (Work::Write, since + settings.write_within)
            }
            _ => commit,
        })
    }
}

/// Segments to come.
struct Stock {
    spare: Option<Segment>,
    last_number: u64,
}

/// A segment with frames.
#[derive(Clone)]
struct Live {
    path: PathBuf,
    bytes: u64,
    /// Of its frames; if it has none, the one before them.
    last: Lsn,
}

impl Live {
    fn of(segment: &Segment, last: Lsn) -> Self {
        Self { path: segment.path.clone(), bytes: segment.bytes, last }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::sim::SimDisk;

    const SECOND: Duration = Duration::from_secs(1);

    fn log() -> Log {
        let settings = Settings { segment_bytes: 1 << 16, ..Settings::new(1) };
        Log::start(Arc::new(SimDisk::new(1)), settings, Lsn::FIRST).unwrap()
    }

    fn append(log: &Log, urgency: Urgency) {
        log.append(Record { database: [0; 16], seq: 1, kind: 1, flags: 0, payload: b"x" }, urgency);
    }

    fn due(log: &Log) -> Option<(Work, Instant)> {
        log.queue.lock().due(&log.settings)
    }

    /// Goal: what nobody waits for is written a moment after the first of it was taken and synced a second after that,
    /// however much comes after it.
    #[test]
    fn a_frame_is_due_after_it_was_taken_and_not_after_the_last() {
        let log = log();
        assert_eq!(due(&log), None);
        for _ in 0..2 {
            let before = Instant::now();
            append(&log, Urgency::Soon);
            let taken = before..=Instant::now();
            let write = due(&log).expect("it is to be written");
            assert_eq!(write.0, Work::Write);
            assert!(taken.contains(&(write.1 - log.settings.write_within)));
            append(&log, Urgency::Soon);
            assert_eq!(due(&log), Some(write), "the first of them does not wait for the last");
            log.write().unwrap();
            let commit = due(&log).expect("it is to be synced");
            assert_eq!(commit.0, Work::Commit);
            assert!(taken.contains(&(commit.1 - SECOND)));
            append(&log, Urgency::Soon);
            log.write().unwrap();
            assert_eq!(due(&log), Some(commit), "nor does it when it is written");
            log.commit().unwrap();
            assert_eq!(due(&log), None);
        }
    }

    /// Goal: whoever waits has the frame synced with the next write, also one that was taken, or written, before.
    #[test]
    fn a_frame_that_somebody_waits_for_is_synced_at_once() {
        let is_due =
            |log: &Log| due(log).is_some_and(|(work, at)| work == Work::Commit && at <= Instant::now());
        let log = log();
        append(&log, Urgency::Soon);
        append(&log, Urgency::Now);
        append(&log, Urgency::Soon);
        assert!(is_due(&log));
        log.write().unwrap();
        assert_eq!((log.durable(), due(&log)), (Lsn(3), None));
        append(&log, Urgency::Soon);
        log.hurry();
        assert!(is_due(&log), "it waits to be written");
        log.write().unwrap();
        assert_eq!((log.durable(), due(&log)), (Lsn(4), None));
        append(&log, Urgency::Soon);
        log.write().unwrap();
        assert_eq!((log.written(), log.durable()), (Lsn(5), Lsn(4)));
        log.hurry();
        assert!(is_due(&log), "it is written");
        assert!(log.commit_all().unwrap());
        assert_eq!((log.durable(), due(&log)), (Lsn(5), None));
        log.hurry();
        append(&log, Urgency::Soon);
        assert_eq!(due(&log).map(|(work, _)| work), Some(Work::Write), "nobody waits any more");
    }

    /// Goal: what is not synced has a bound in bytes, too.
    #[test]
    fn so_much_is_written_without_a_sync_and_no_more() {
        let settings = Settings { group_bytes_max: 150, segment_bytes: 1 << 16, ..Settings::new(1) };
        let log = Log::start(Arc::new(SimDisk::new(1)), settings, Lsn::FIRST).unwrap();
        let mut durable = Vec::new();
        for _ in 0..7 {
            append(&log, Urgency::Soon);
            log.write().unwrap();
            durable.push(log.durable().0);
        }
        assert_eq!(durable, [0, 0, 0, 3, 3, 3, 6], "frames of 48 bytes");
        (0..9).for_each(|_| append(&log, Urgency::Soon));
        assert!(due(&log).is_some_and(|(work, at)| work == Work::Write && at <= Instant::now()));
        assert!(log.work(Work::Write).unwrap());
        assert_eq!((log.written(), log.durable()), (Lsn(16), Lsn(15)));
        assert_eq!(due(&log).map(|(work, _)| work), Some(Work::Commit));
    }
}
