//! `CLIENT PAUSE`: databases whose connections are held up.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use latchkey_pipeline::DatabaseId;
use parking_lot::Mutex;
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

/// The databases whose connections are paused. No more than there are databases: each has one pause.
#[derive(Debug, Default)]
pub(crate) struct Pauses {
    by_database: Mutex<HashMap<DatabaseId, Pause>>,
    /// How many there are, so that it costs nothing to ask when there are none.
    count: AtomicUsize,
}

/// What a pause holds up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Held {
    All,
    Writes,
}

#[derive(Debug)]
struct Pause {
    held: Held,
    ends: Instant,
    /// Dropped when the pause is over before its time, or another takes its place.
    _goes_on: watch::Sender<()>,
    is_over: watch::Receiver<()>,
}

/// A wait for the end of a pause.
#[derive(Debug)]
pub(crate) struct Paused {
    ends: Instant,
    is_over: watch::Receiver<()>,
}

impl Paused {
    /// Done when it has ended, or is another one now.
    pub(crate) async fn end(mut self) {
        // Nothing is ever sent: it ends with the time, or with the sender.
        drop(timeout_at(self.ends, self.is_over.changed()).await);
    }
}

impl Pauses {
    /// Holds up connections to a database for so long. Of two pauses, the longer and the stricter counts.
    pub(crate) fn begin(&self, database: DatabaseId, held: Held, duration: Duration) {
        /// As good as for ever; a later instant may be one that the clock cannot say.
        const DURATION_MAX: Duration = Duration::from_secs(30 * 365 * 24 * 60 * 60);
        let now = Instant::now();
        let mut pauses = self.by_database.lock();
        let old = pauses.remove(&database).filter(|old| old.ends > now);
        let (ends, held) = match old {
            Some(old) if old.held == Held::All => (old.ends, Held::All),
            Some(old) => (old.ends, held),
            None => (now, held),
        };
        let (goes_on, is_over) = watch::channel(());
        let ends = ends.max(now + duration.min(DURATION_MAX));
        pauses.insert(database, Pause { held, ends, _goes_on: goes_on, is_over });
        self.count.store(pauses.len(), Relaxed);
    }

    /// Lets connections to a database go on.
    pub(crate) fn end(&self, database: DatabaseId) {
        let mut pauses = self.by_database.lock();
        pauses.remove(&database);
        self.count.store(pauses.len(), Relaxed);
    }

    /// Lets everybody go on.
    pub(crate) fn end_all(&self) {
        self.by_database.lock().clear();
        self.count.store(0, Relaxed);
    }

    /// What to wait for before something is done that may write, if `writes`.
    pub(crate) fn find(&self, database: DatabaseId, writes: impl FnOnce() -> bool) -> Option<Paused> {
        if self.count.load(Relaxed) == 0 {
            return None;
        }
        let mut pauses = self.by_database.lock();
        let pause = pauses.get(&database)?;
        if pause.ends <= Instant::now() {
            pauses.remove(&database);
            self.count.store(pauses.len(), Relaxed);
            return None;
        }
        let holds = pause.held == Held::All || writes();
        holds.then(|| Paused { ends: pause.ends, is_over: pause.is_over.clone() })
    }
}
