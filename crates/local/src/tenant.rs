//! One database and its lock.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use latchkey_engine::Database;
use parking_lot::{Mutex, MutexGuard};

use crate::offload::offload;

/// So many requests may wait for one database while it runs something long; the next is told that it is busy.
const WAITING_MAX: usize = 128;

/// Most commands are done sooner than a thread is woken. So long a request waits where it is, before it is put aside.
const SHORT_WAIT: Duration = Duration::from_micros(100);

/// A database behind its lock.
#[derive(Debug)]
pub(crate) struct Tenant {
    database: Mutex<Database>,
    waiting: AtomicUsize,
}

/// Too many requests wait for the database already.
pub(crate) struct Busy;

impl Tenant {
    pub(crate) fn new(database: Database) -> Self {
        Self { database: Mutex::new(database), waiting: AtomicUsize::new(0) }
    }

    /// Gives `work` the database. If somebody else has it, waits where no other database's requests are held up.
    pub(crate) fn with<R>(&self, work: impl FnOnce(&mut Database) -> R) -> Result<R, Busy> {
        if let Some(mut database) = self.database.try_lock_for(SHORT_WAIT) {
            let result = work(&mut database);
            MutexGuard::unlock_fair(database);
            return Ok(result);
        }
        let _place = Place::take(&self.waiting)?;
        Ok(offload(|| work(&mut self.database.lock())))
    }

    /// Gives `work` the database if nobody else has it.
    pub(crate) fn try_with<R>(&self, work: impl FnOnce(&mut Database) -> R) -> Option<R> {
        self.database.try_lock().map(|mut database| work(&mut database))
    }
}

/// A place among those who wait. Given back when dropped, so that a command that panics takes none with it.
struct Place<'a>(&'a AtomicUsize);

impl<'a> Place<'a> {
    fn take(waiting: &'a AtomicUsize) -> Result<Self, Busy> {
        let place = Self(waiting);
        if waiting.fetch_add(1, Relaxed) < WAITING_MAX { Ok(place) } else { Err(Busy) }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}
