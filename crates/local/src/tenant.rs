//! One database: asleep in its files, or awake behind its lock.

use std::any::Any;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering::Relaxed, Ordering::SeqCst};
use std::time::Duration;

use latchkey_commands::Settings;
use latchkey_engine::{Database, Limits, WaitId};
use latchkey_journal::Lsn;
use latchkey_pubsub::Hub;
use latchkey_storage::{Durability, Shelf};
use latchkey_tenancy::DatabaseId;
use parking_lot::{Mutex, MutexGuard};
use tokio::sync::{Mutex as Bedside, OwnedMutexGuard};

use crate::memory::{Grant, Memory};
use crate::offload::offload;

/// So many requests may wait for one database while it runs something long; the next is told that it is busy.
const WAITING_MAX: usize = 128;

/// So many may wait for busy databases of this process together. Each holds a thread, of which there are 512: with all of
/// them taken, databases that are not busy would wait, too.
const WAITING_IN_ALL_MAX: usize = 256;

/// Most commands are done sooner than a thread is woken, which costs more than they do. So whoever comes while somebody else
/// has the database looks so often whether that is over …
const LOOKS_MAX: usize = 64;
/// … then lets other requests go first so often, each time for a microsecond or so …
const DEFERRALS_MAX: usize = 128;
/// … then waits so long where it is, before it is put aside.
const SHORT_WAIT: Duration = Duration::from_micros(100);

/// A database of this process.
#[derive(Debug)]
pub(crate) struct Tenant {
    id: DatabaseId,
    awake: Mutex<Option<Awake>>,
    /// Whether it is awake. Set last when it wakes, and first when it is about to sleep.
    is_awake: AtomicBool,
    /// Whether its files could not be read when it was woken last: then nothing of them is shown.
    is_unreadable: AtomicBool,
    /// Held by whoever reads from its files before it is awake: one at a time, so that many do not delay the waking.
    window: Arc<Bedside<()>>,
    /// Requests and waiting clients: while there is one, it does not fall asleep.
    visitors: AtomicUsize,
    waiting: AtomicUsize,
    /// Those of all databases.
    waiting_in_all: Arc<AtomicUsize>,
    /// Waits of those who went while the database was busy.
    abandoned: Mutex<Vec<WaitId>>,
    /// Held by whoever wakes it or puts it to sleep.
    bedside: Arc<Bedside<()>>,
    used_at_ms: AtomicI64,
    /// What CONFIG SET has changed, while it sleeps.
    settings: Mutex<Settings>,
    /// Who listens to it, also while it sleeps.
    hub: Arc<Hub>,
}

/// A database in memory, with its place on the disk.
#[derive(Debug)]
pub(crate) struct Awake {
    pub(crate) database: Database,
    /// Where its records go; `None` where nothing is kept.
    pub(crate) shelf: Option<Shelf>,
    /// The memory that it may use.
    pub(crate) grant: Grant,
}

/// Why a database cannot be used now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotNow {
    /// Too many requests wait for it already.
    Busy,
    /// It is busy, and too many requests wait for this database and others.
    Crowded,
    /// What it held in memory was given up, because a command ended in a panic, or because it was deleted.
    Lost,
}

/// What came of work on a database.
#[derive(Debug)]
#[must_use = "a reply may not leave before its record is as durable as the database asks"]
pub(crate) struct Done<R> {
    pub(crate) value: R,
    pub(crate) mark: Mark,
    /// To be dropped where nobody waits for it.
    pub(crate) garbage: Vec<Box<dyn Any + Send>>,
}

/// How far a database has come.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Mark {
    /// A number that goes forward with every change.
    pub(crate) position: u64,
    /// What has to be durable before anybody may hear of this state.
    pub(crate) awaited: Option<Lsn>,
}

/// What holds for work on a database.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terms {
    pub(crate) limits: Limits,
    /// The most bytes that the work can add.
    pub(crate) growth_max: u64,
}

impl Tenant {
    /// A database that is asleep. The seed decides the order in which its channels are listed; all databases share the
    /// count of those who wait.
    pub(crate) fn new(id: DatabaseId, seed: u64, waiting_in_all: Arc<AtomicUsize>) -> Self {
        Self {
            id,
            awake: Mutex::new(None),
            is_awake: AtomicBool::new(false),
            is_unreadable: AtomicBool::new(false),
            window: Arc::default(),
            visitors: AtomicUsize::new(0),
            waiting: AtomicUsize::new(0),
            waiting_in_all,
            abandoned: Mutex::default(),
            bedside: Arc::default(),
            used_at_ms: AtomicI64::new(0),
            settings: Mutex::default(),
            hub: Arc::new(Hub::new(seed)),
        }
    }

    pub(crate) fn id(&self) -> DatabaseId {
        self.id
    }

    /// Who listens to it.
    pub(crate) fn hub(&self) -> &Arc<Hub> {
        &self.hub
    }

    pub(crate) fn is_awake(&self) -> bool {
        self.is_awake.load(SeqCst)
    }

    /// Whether its files could not be read when it was woken last.
    pub(crate) fn is_unreadable(&self) -> bool {
        self.is_unreadable.load(SeqCst)
    }

    /// Notes whether its files could be read.
    pub(crate) fn note_read(&self, was_readable: bool) {
        self.is_unreadable.store(!was_readable, SeqCst);
    }

    pub(crate) fn used_at_ms(&self) -> i64 {
        self.used_at_ms.load(Relaxed)
    }

    /// Keeps its settings while it sleeps.
    pub(crate) fn remember(&self, settings: &Settings) {
        self.settings.lock().clone_from(settings);
    }

    /// The settings that it had when it fell asleep.
    pub(crate) fn remembered(&self) -> Settings {
        self.settings.lock().clone()
    }

    /// Whether nothing would be lost if it was forgotten.
    pub(crate) fn is_forgettable(&self) -> bool {
        let is_known_only_here = self.is_awake() || self.hub.is_attended() || self.is_unreadable();
        !is_known_only_here && *self.settings.lock() == Settings::default()
    }

    /// Waits until nobody else wakes it or puts it to sleep.
    pub(crate) async fn bedside(&self) -> OwnedMutexGuard<()> {
        Arc::clone(&self.bedside).lock_owned().await
    }

    /// As [`bedside`](Self::bedside), if nobody is there.
    pub(crate) fn try_bedside(&self) -> Option<OwnedMutexGuard<()>> {
        Arc::clone(&self.bedside).try_lock_owned().ok()
    }

    /// Waits until nobody else reads from its files.
    pub(crate) async fn window(&self) -> OwnedMutexGuard<()> {
        Arc::clone(&self.window).lock_owned().await
    }

    /// Lets it be used. The caller is at its bedside.
    pub(crate) fn install(&self, awake: Awake) {
        *self.awake.lock() = Some(awake);
        self.is_awake.store(true, SeqCst);
    }

    /// Takes it out of use, unless somebody visits it. The caller is at its bedside.
    ///
    /// A visitor counts itself before it looks whether the database is awake, and this looks for visitors after it has
    /// said that it is not: so one of the two sees the other.
    pub(crate) fn retire(&self) -> Option<Awake> {
        if !self.is_awake.swap(false, SeqCst) {
            return None;
        }
        if self.visitors.load(SeqCst) > 0 {
            self.is_awake.store(true, SeqCst);
            return None;
        }
        self.awake.lock().take()
    }

    /// Takes it out of use, whoever visits it: they are told that it is lost.
    pub(crate) fn evict(&self) -> Option<Awake> {
        self.is_awake.store(false, SeqCst);
        self.awake.lock().take()
    }

    /// Gives `work` the database if it is awake and nobody else has it.
    pub(crate) fn try_with<R>(&self, work: impl FnOnce(&mut Database) -> R) -> Option<Done<R>> {
        let mut awake = self.awake.try_lock()?;
        self.run(&mut awake, work).ok()
    }

    fn with<R>(
        &self,
        terms: &Terms,
        memory: &Memory,
        work: impl FnOnce(&mut Database) -> R,
    ) -> Result<Done<R>, NotNow> {
        if let Some(mut awake) = self.awake.try_lock_for(SHORT_WAIT) {
            let done = self.run_on(terms, memory, &mut awake, work);
            MutexGuard::unlock_fair(awake);
            return done;
        }
        let _place = Place::take(&self.waiting, WAITING_MAX).ok_or(NotNow::Busy)?;
        let _thread = Place::take(&self.waiting_in_all, WAITING_IN_ALL_MAX).ok_or(NotNow::Crowded)?;
        offload(|| self.run_on(terms, memory, &mut self.awake.lock(), work))
    }

    fn run_on<R>(
        &self,
        terms: &Terms,
        memory: &Memory,
        slot: &mut Option<Awake>,
        work: impl FnOnce(&mut Database) -> R,
    ) -> Result<Done<R>, NotNow> {
        if let Some(awake) = slot {
            let stored_bytes = awake.database.stored_bytes();
            let memory_bytes_max = memory.enlarge(&mut awake.grant, stored_bytes, terms.growth_max);
            awake.database.set_limits(Limits { memory_bytes_max, ..terms.limits });
        }
        let done = self.run(slot, work);
        if let Some(awake) = slot {
            memory.trim(&mut awake.grant, awake.database.stored_bytes());
        }
        done
    }

    /// The one way to a database: whatever is done to it ends with its record being kept.
    fn run<R>(
        &self,
        slot: &mut Option<Awake>,
        work: impl FnOnce(&mut Database) -> R,
    ) -> Result<Done<R>, NotNow> {
        let mut working = Working { tenant: self, slot };
        let Some(awake) = &mut working.slot else { return Err(NotNow::Lost) };
        let value = work(&mut awake.database);
        let mark = awake.keep();
        for served in awake.database.take_served() {
            served.tell(mark.position, mark.awaited.map(|lsn| lsn.0));
        }
        Ok(Done { value, garbage: awake.database.take_garbage(), mark })
    }

    /// Ends the wait of somebody who has gone. Never waits itself: what cannot be done now is done by and by, and
    /// meanwhile nothing is taken for somebody who has gone.
    pub(crate) fn abandon(&self, id: WaitId) {
        if self.try_with(|database| database.stop_waiting(id)).is_none() && self.is_awake() {
            self.abandoned.lock().push(id);
        }
    }

    /// Those who went while the database was busy: whoever has it now ends their waits.
    pub(crate) fn take_abandoned(&self) -> Vec<WaitId> {
        std::mem::take(&mut *self.abandoned.lock())
    }
}

impl Awake {
    /// Hands over what was recorded.
    fn keep(&mut self) -> Mark {
        let Some(shelf) = &mut self.shelf else {
            return Mark { position: self.database.position(), awaited: None };
        };
        self.database.keep(|record| {
            shelf.append(record);
        });
        let awaited = (shelf.durability() == Durability::Always).then(|| shelf.last_lsn());
        Mark { position: shelf.position(), awaited }
    }
}

/// Gives a database up if the work on it panics: nobody knows what state that left. Its files know what was before.
struct Working<'a> {
    tenant: &'a Tenant,
    slot: &'a mut Option<Awake>,
}

impl Drop for Working<'_> {
    fn drop(&mut self) {
        let has_files = self.slot.as_ref().is_some_and(|awake| awake.shelf.is_some());
        if !std::thread::panicking() || !has_files {
            return;
        }
        // Its shelf has all steps but the one that panicked, which left no record.
        self.tenant.is_awake.store(false, SeqCst);
        *self.slot = None;
    }
}

/// Somebody who uses a database. It stays awake until the last one has left.
#[derive(Debug)]
pub(crate) struct Visit {
    tenant: Arc<Tenant>,
}

impl Visit {
    /// Begins one. The database may have to be woken yet.
    pub(crate) fn begin(tenant: Arc<Tenant>) -> Self {
        tenant.visitors.fetch_add(1, SeqCst);
        Self { tenant }
    }

    pub(crate) fn tenant(&self) -> &Arc<Tenant> {
        &self.tenant
    }

    /// Lets others go first while somebody else has the database, for as long as most commands take.
    pub(crate) async fn approach(&self) {
        let awake = &self.tenant.awake;
        for _ in 0..LOOKS_MAX {
            if !awake.is_locked() {
                return;
            }
            std::hint::spin_loop();
        }
        for _ in 0..DEFERRALS_MAX {
            if !awake.is_locked() {
                return;
            }
            tokio::task::yield_now().await;
        }
    }

    /// Notes that it is used now.
    pub(crate) fn touch(&self, now_ms: i64) {
        self.tenant.used_at_ms.store(now_ms, Relaxed);
    }

    /// Gives `work` the database. If somebody else has it, waits where no other database's requests are held up.
    pub(crate) fn with<R>(
        &self,
        terms: &Terms,
        memory: &Memory,
        work: impl FnOnce(&mut Database) -> R,
    ) -> Result<Done<R>, NotNow> {
        self.tenant.with(terms, memory, work)
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        self.tenant.visitors.fetch_sub(1, SeqCst);
    }
}

/// A place among those who wait. Given back when dropped, so that a command that panics takes none with it.
struct Place<'a>(&'a AtomicUsize);

impl<'a> Place<'a> {
    /// One, if fewer than `most` are taken.
    fn take(waiting: &'a AtomicUsize, most: usize) -> Option<Self> {
        let place = Self(waiting);
        (waiting.fetch_add(1, Relaxed) < most).then_some(place)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tenant(waiting_in_all: &Arc<AtomicUsize>) -> Tenant {
        Tenant::new(DatabaseId::from_bytes([1; 16]), 1, Arc::clone(waiting_in_all))
    }

    /// Goal: many busy databases do not take all threads; whoever is refused leaves no trace, and one who waits does.
    #[test]
    fn so_many_wait_for_all_databases_and_no_more() {
        let waiting_in_all = Arc::new(AtomicUsize::new(WAITING_IN_ALL_MAX));
        let (busy, idle) = (tenant(&waiting_in_all), tenant(&waiting_in_all));
        let terms = Terms { limits: Limits::NONE, growth_max: 0 };
        let memory = Memory::new(None);
        let ask = |tenant: &Tenant| tenant.with(&terms, &memory, |_| ()).map(|done| done.value);
        let held = busy.awake.lock();
        assert_eq!(ask(&busy), Err(NotNow::Crowded));
        assert_eq!(ask(&idle), Err(NotNow::Lost), "nobody has to wait for it: it is not there at all");
        assert_eq!((busy.waiting.load(Relaxed), waiting_in_all.load(Relaxed)), (0, WAITING_IN_ALL_MAX));
        waiting_in_all.store(WAITING_IN_ALL_MAX - 1, Relaxed);
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| ask(&busy));
            while waiting_in_all.load(Relaxed) < WAITING_IN_ALL_MAX {
                std::thread::yield_now();
            }
            drop(held);
            assert_eq!(waiting.join().expect("it does not panic"), Err(NotNow::Lost));
        });
        assert_eq!(waiting_in_all.load(Relaxed), WAITING_IN_ALL_MAX - 1);
    }
}
