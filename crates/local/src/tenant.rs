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
        if self.waiting.fetch_add(1, Relaxed) >= WAITING_MAX {
            self.waiting.fetch_sub(1, Relaxed);
            return Err(Busy);
        }
        let result = offload(|| work(&mut self.database.lock()));
        self.waiting.fetch_sub(1, Relaxed);
        Ok(result)
    }

    /// Gives `work` the database if nobody else has it.
    pub(crate) fn try_with<R>(&self, work: impl FnOnce(&mut Database) -> R) -> Option<R> {
        self.database.try_lock().map(|mut database| work(&mut database))
    }
}
