//! The log with its threads.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

use crate::disk::Disk;
use crate::error::JournalError;
use crate::frame::Lsn;
use crate::log::{Log, Pressure, Record, Urgency};
use crate::settings::Settings;
use crate::waiters::Waiting;

/// The commit log of a node, at work: a [`Log`] with one thread that commits and one that makes segments ready and frees
/// them. Used by reference from any thread; dropping it closes it.
#[derive(Debug)]
pub struct Journal {
    shared: Arc<Shared>,
    has_threads: bool,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl Journal {
    /// Starts an empty log whose first frame will have the number `first_lsn`: [`Scanned::next_lsn`]. What the directory
    /// held is removed, so all that [`scan`] found there has to be durable elsewhere by now. `on_failure` is called at
    /// most once, on a thread of the journal, which it must not close.
    ///
    /// [`scan`]: crate::scan
    /// [`Scanned::next_lsn`]: crate::Scanned::next_lsn
    pub fn start(
        disk: Arc<dyn Disk>,
        settings: Settings,
        first_lsn: Lsn,
        on_failure: impl FnOnce(&JournalError) + Send + 'static,
    ) -> Result<Self, JournalError> {
        let (retry_after, has_threads) = (settings.retry_after, settings.has_threads);
        let log = Arc::new(Log::start(disk, settings, first_lsn)?);
        let on_failure: Mutex<Option<OnFailure>> = Mutex::new(Some(Box::new(on_failure)));
        let shared = Arc::new(Shared { log, bell: Bell::default(), on_failure, retry_after });
        // From here on, dropping the journal ends the thread that was started.
        let journal = Self { shared, has_threads, threads: Mutex::default() };
        if has_threads {
            journal.start_thread("log-commit", commit_until_closed)?;
            journal.start_thread("log-tend", tend_until_closed)?;
        }
        Ok(journal)
    }

    fn start_thread(
        &self,
        name: &'static str,
        run: fn(&Shared) -> Result<(), JournalError>,
    ) -> Result<(), JournalError> {
        let shared = Arc::clone(&self.shared);
        let thread = thread::Builder::new().name(name.to_owned()).spawn(move || shared.guard(run));
        let thread = thread.map_err(JournalError::io("start a thread", name.as_ref()))?;
        self.threads.lock().push(thread);
        Ok(())
    }

    /// Takes a record, and gives the number of its frame. Memory only. Callers ask [`is_congested`](Self::is_congested)
    /// and [`is_full`](Self::is_full) before they execute what leads to a record.
    pub fn append(&self, record: Record<'_>, urgency: Urgency) -> Lsn {
        self.shared.log.append(record, urgency)
    }

    /// Has what was taken made durable without delay, also what was taken as [`Urgency::Soon`]. Without threads, that is
    /// done when this returns, unless there is no room or the log has failed.
    pub fn hurry(&self) {
        self.shared.log.hurry();
        if !self.has_threads {
            // What it could not do is seen by whoever waits.
            let _ = self.shared.judge(self.shared.log.commit_all());
        }
    }

    /// Commits one group, as the thread does that commits: see [`Log::commit`]. For a log without threads.
    pub fn commit(&self) -> Result<Lsn, JournalError> {
        self.shared.judge(self.shared.log.commit())
    }

    /// Writes one group without syncing it: see [`Log::write`]. For a log without threads.
    pub fn write(&self) -> Result<Lsn, JournalError> {
        self.shared.judge(self.shared.log.write())
    }

    /// Frees segments and makes the next one ready, as the thread does that tends: see [`Log::tend`]. For a log without
    /// threads.
    pub fn tend(&self) -> Result<bool, JournalError> {
        self.shared.judge(self.shared.log.tend())
    }

    /// Ready when the frame and all before it are durable, or with the failure. One that was taken as [`Urgency::Soon`]
    /// is not hurried by being waited for.
    pub fn wait(&self, lsn: Lsn) -> Waiting {
        self.shared.log.wait(lsn)
    }

    /// Blocks until the frame and all before it are durable.
    pub fn wait_blocking(&self, lsn: Lsn) -> Result<(), JournalError> {
        self.wait(lsn).block()
    }

    /// The number of the last frame that was taken.
    pub fn last(&self) -> Lsn {
        self.shared.log.last()
    }

    /// Up to where all frames are durable.
    pub fn durable(&self) -> Lsn {
        self.shared.log.durable()
    }

    /// Up to where all frames are written, durable or not: a crash of the process does not take them.
    pub fn written(&self) -> Lsn {
        self.shared.log.written()
    }

    /// Says that frames up to `lsn` are durable elsewhere. Memory only: files are freed in the background.
    pub fn release(&self, lsn: Lsn) {
        self.shared.log.release(lsn);
        if self.shared.log.needs_tending() {
            self.shared.bell.ring();
        }
    }

    /// How many segments there are, and what keeps the oldest.
    pub fn pressure(&self) -> Pressure {
        self.shared.log.pressure()
    }

    /// Whether so much waits to be written that callers should wait before they execute anything that appends: until
    /// [`last`](Self::last) is durable.
    pub fn is_congested(&self) -> bool {
        self.shared.log.is_congested()
    }

    /// Whether there is no room for the next segment. Then what grows should be refused. Ends by itself, within
    /// [`Settings::retry_after`] of there being room.
    pub fn is_full(&self) -> bool {
        self.shared.log.is_full()
    }

    /// Bytes of frames that can be written even if the disk is full, less what waits. Frames beyond them wait for room.
    pub fn room_bytes(&self) -> u64 {
        self.shared.log.room_bytes()
    }

    /// Why nothing is acknowledged any more, if so.
    pub fn failure(&self) -> Option<JournalError> {
        self.shared.log.failure().cloned()
    }

    /// Makes all that was taken durable and ends the threads. Records that come later are dropped, and waiting for them
    /// fails. Fails if the log had failed, or if there is no room for what was taken.
    pub fn close(&self) -> Result<(), JournalError> {
        self.shared.log.close();
        self.shared.bell.ring();
        for thread in std::mem::take(&mut *self.threads.lock()) {
            thread.join().expect("the threads of the journal catch their panics");
        }
        if !self.has_threads {
            self.shared.guard(Shared::commit_the_last);
        }
        match self.shared.log.fail(JournalError::Closed) {
            JournalError::Closed => Ok(()),
            failure => Err(failure),
        }
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        // Nobody is left to be told; what failed was said to `on_failure`.
        let _ = self.close();
    }
}

type OnFailure = Box<dyn FnOnce(&JournalError) + Send>;

/// What the threads share.
struct Shared {
    log: Arc<Log>,
    bell: Bell,
    on_failure: Mutex<Option<OnFailure>>,
    retry_after: Duration,
}

impl Shared {
    /// Runs a thread. However it ends, nobody waits for it in vain.
    fn guard(&self, run: fn(&Self) -> Result<(), JournalError>) {
        let outcome = catch_unwind(AssertUnwindSafe(|| run(self))).unwrap_or(Err(JournalError::Panicked));
        // Whoever has to know is told.
        let _ = self.judge(outcome);
    }

    /// Ends the log if this failed, and tells of it once.
    fn judge<T>(&self, outcome: Result<T, JournalError>) -> Result<T, JournalError> {
        outcome.map_err(|error| {
            let error = self.log.fail(error);
            self.bell.ring();
            let on_failure = self.on_failure.lock().take();
            if let Some(on_failure) = on_failure.filter(|_| error != JournalError::Closed) {
                on_failure(&error);
            }
            error
        })
    }

    fn commit_the_last(&self) -> Result<(), JournalError> {
        if self.log.commit_all()? { Ok(()) } else { Err(self.log.no_room()) }
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.log.fmt(f)
    }
}

fn commit_until_closed(shared: &Shared) -> Result<(), JournalError> {
    let log = &shared.log;
    loop {
        let work = log.await_work();
        while !log.work(work)? {
            if !log.await_retry() {
                break;
            }
        }
        if log.needs_tending() {
            shared.bell.ring();
        }
        if log.is_closed() {
            return shared.commit_the_last();
        }
    }
}

fn tend_until_closed(shared: &Shared) -> Result<(), JournalError> {
    while !shared.log.is_closed() {
        let retry_after = if shared.log.tend()? { None } else { Some(shared.retry_after) };
        shared.bell.await_ring(retry_after);
    }
    Ok(())
}

/// Wakes one thread, also if it was not asleep yet.
#[derive(Debug, Default)]
struct Bell {
    has_rung: Mutex<bool>,
    rang: Condvar,
}

impl Bell {
    fn ring(&self) {
        *self.has_rung.lock() = true;
        self.rang.notify_one();
    }

    /// Until it rings, or `longest` has passed.
    fn await_ring(&self, longest: Option<Duration>) {
        let mut has_rung = self.has_rung.lock();
        let is_silent = |has_rung: &mut bool| !*has_rung;
        match longest {
            Some(longest) => _ = self.rang.wait_while_for(&mut has_rung, is_silent, longest),
            None => self.rang.wait_while(&mut has_rung, is_silent),
        }
        *has_rung = false;
    }
}
