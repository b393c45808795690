//! One database and its lock.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use latchkey_engine::{Database, Served, WaitId};
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
    /// Waits of those who went while the database was busy.
    abandoned: Mutex<Vec<WaitId>>,
}

/// Too many requests wait for the database already.
pub(crate) struct Busy;

impl Tenant {
    pub(crate) fn new(database: Database) -> Self {
        let database = Mutex::new(database);
        Self { database, waiting: AtomicUsize::new(0), abandoned: Mutex::default() }
    }

    /// Gives `work` the database. If somebody else has it, waits where no other database's requests are held up.
    pub(crate) fn with<R>(&self, work: impl FnOnce(&mut Database) -> R) -> Result<R, Busy> {
        if let Some(mut database) = self.database.try_lock_for(SHORT_WAIT) {
            let (result, told) = step(&mut database, work);
            MutexGuard::unlock_fair(database);
            told.tell();
            return Ok(result);
        }
        let _place = Place::take(&self.waiting)?;
        let (result, told) = offload(|| step(&mut self.database.lock(), work));
        told.tell();
        Ok(result)
    }

    /// Gives `work` the database if nobody else has it.
    pub(crate) fn try_with<R>(&self, work: impl FnOnce(&mut Database) -> R) -> Option<R> {
        let (result, told) = step(&mut *self.database.try_lock()?, work);
        told.tell();
        Some(result)
    }

    /// Ends the wait of somebody who has gone. Never waits itself: what cannot be done now is done by and by, and
    /// meanwhile nothing is taken for somebody who has gone.
    pub(crate) fn abandon(&self, id: WaitId) {
        if self.try_with(|database| database.stop_waiting(id)).is_none() {
            self.abandoned.lock().push(id);
        }
    }

    /// Ends the waits of all who have gone, if nobody else has the database.
    pub(crate) fn forget_abandoned(&self) {
        if self.abandoned.lock().is_empty() {
            return;
        }
        self.try_with(|database| {
            for id in std::mem::take(&mut *self.abandoned.lock()) {
                database.stop_waiting(id);
            }
        });
    }
}

/// Works on the database, and takes who was served by that.
fn step<R>(database: &mut Database, work: impl FnOnce(&mut Database) -> R) -> (R, Told) {
    let result = work(database);
    let told = Told { served: database.take_served(), position: database.position() };
    (result, told)
}

/// Those who were served, to be told once the database is free for others.
struct Told {
    served: Vec<Served>,
    position: u64,
}

impl Told {
    fn tell(self) {
        self.served.into_iter().for_each(|served| served.tell(self.position));
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
