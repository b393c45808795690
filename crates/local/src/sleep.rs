//! Databases fall asleep and wake up: what leads from files to memory and back.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use latchkey_keyspace::Trace;
use latchkey_pipeline::Refusal;
use latchkey_protocol::ReplyError;
use latchkey_storage::{Keeper, News, Shelf, Storage, StorageError};
use latchkey_tenancy::{Durability, Principal};
use parking_lot::Mutex;
use tokio::sync::{OwnedMutexGuard, Semaphore};

use crate::Local;
use crate::local::Maker;
use crate::memory::{Grant, Memory, Room};
use crate::peek::PEEKING_MAX;
use crate::tenant::{Awake, Mark, Tenant};

/// So many databases are read from their files at the same time: a stampede of waking ones leaves processors for those
/// that are awake.
const WAKING_MAX: usize = 2;

/// How often databases are looked at that may fall asleep, and files that have become too long.
const PERIOD: Duration = Duration::from_millis(500);

/// Where no database could be sent to sleep to make room for commands, that is not tried again for so long.
const IN_VAIN_MS: u64 = 100;

/// While more waits to be written than should, whether it was is looked for so often.
const LOOK_FOR_ROOM_EVERY: Duration = Duration::from_millis(2);

/// Where databases sleep.
#[derive(Debug)]
pub(crate) struct Sleep {
    storage: Option<Storage>,
    /// Keeps files short; ended by [`Local::close`].
    keeper: Mutex<Option<Keeper>>,
    idle_after: Duration,
    waking: Arc<Semaphore>,
    /// Held by the first of those who wait until there is room for more steps.
    door: tokio::sync::Mutex<()>,
    /// Held by whoever makes room for commands. Until when that is not to be tried, by the server's clock.
    room: tokio::sync::Mutex<u64>,
    /// Places for those who read from files.
    pub(crate) peeking: Arc<Semaphore>,
    /// Deleted databases, whose files are still there.
    buried: Mutex<Vec<Arc<Tenant>>>,
}

impl Sleep {
    pub(crate) fn new(storage: Option<Storage>, idle_after: Duration) -> io::Result<Self> {
        let keeper = storage.clone().map(|storage| Keeper::start(storage, tell)).transpose()?;
        let (waking, peeking) = (Arc::new(Semaphore::new(WAKING_MAX)), Arc::new(Semaphore::new(PEEKING_MAX)));
        Ok(Self {
            storage,
            keeper: Mutex::new(keeper),
            idle_after,
            waking,
            door: Default::default(),
            room: Default::default(),
            peeking,
            buried: Mutex::default(),
        })
    }

    /// Where the files are, if there are any.
    pub(crate) fn storage(&self) -> Option<&Storage> {
        self.storage.as_ref()
    }

    /// Whether databases outlive the process.
    pub(crate) fn has_files(&self) -> bool {
        self.storage.is_some()
    }

    /// Whether nothing that grows can be kept.
    pub(crate) fn disk_is_full(&self) -> bool {
        self.storage.as_ref().is_some_and(Storage::is_full)
    }

    /// Marks a database for deletion.
    pub(crate) fn bury(&self, tenant: Arc<Tenant>) {
        self.buried.lock().push(tenant);
    }

    /// Waits until what a reply tells of is durable, if the database asks for that.
    pub(crate) async fn await_durable(&self, mark: Mark) -> Result<(), Refusal> {
        let (Some(storage), Some(lsn)) = (&self.storage, mark.awaited) else { return Ok(()) };
        storage.journal().wait(lsn).await.map_err(|_| Refusal::Unavailable(NOT_KEPT))
    }

    /// Waits while more steps wait to be written, into the log or into tails, than should be held in memory. On a full disk
    /// they cannot be: then only what does not grow is let through, which is bounded by what there is.
    pub(crate) async fn await_room(&self) -> Result<(), Refusal> {
        let Some(storage) = self.storage.as_ref().filter(|storage| must_wait(storage)) else { return Ok(()) };
        // One looks for all: they come in order, and thousands of them cost no more than one.
        let _first = self.door.lock().await;
        while must_wait(storage) {
            if storage.failure().is_some() {
                return Err(Refusal::Unavailable(NOT_KEPT));
            }
            tokio::time::sleep(LOOK_FOR_ROOM_EVERY).await;
        }
        Ok(())
    }
}

fn must_wait(storage: &Storage) -> bool {
    storage.is_congested() && !storage.is_full()
}

/// The log has failed, and the process is about to end: what was written may be there after the restart or not.
const NOT_KEPT: ReplyError =
    ReplyError::fixed("ERR the server cannot write to its disk and stops; the outcome is not known");
const NO_MEMORY: ReplyError =
    ReplyError::fixed("OOM the server has no memory to read this database into, try again");

fn unreadable(error: &StorageError) -> Refusal {
    tracing::error!(%error, "a database cannot be read");
    Refusal::Unavailable(ReplyError::fixed(
        "ERR the files of this database cannot be read; the server's log says why",
    ))
}

impl Local {
    /// Reads a database into memory, unless somebody else does already: then waits for that.
    pub(crate) async fn wake(&self, tenant: &Arc<Tenant>, principal: &Principal) -> Result<(), Refusal> {
        let bedside = tenant.bedside().await;
        if tenant.is_awake() {
            return Ok(());
        }
        let maker = self.maker(principal);
        let durability = principal.limits().durability;
        let Some(storage) = self.sleep.storage.clone() else {
            let database = maker.make_empty().with_hub(Arc::clone(tenant.hub()));
            tenant.install(Awake { database, shelf: None, grant: Grant::default() });
            return Ok(());
        };
        let memory = Arc::clone(&self.memory);
        let waker = Arc::new(Waker { tenant: Arc::clone(tenant), storage, durability, maker, memory });
        let bedside = Arc::new(bedside);
        for _ in 0..WAKING_ATTEMPTS_MAX {
            let permit = Arc::clone(&self.sleep.waking).acquire_owned().await;
            let (waker, bedside) = (Arc::clone(&waker), Arc::clone(&bedside));
            // It is finished also if whoever asked for it has left.
            let woken = tokio::task::spawn_blocking(move || {
                let outcome = waker.wake();
                drop((bedside, permit));
                outcome
            });
            match woken.await {
                Ok(Ok(())) => return Ok(()),
                Ok(Err(StorageError::NoMemory { bytes })) if self.memory.has_room(bytes) != Room::Never => {
                    self.make_room(bytes).await;
                    if self.memory.has_room(bytes) != Room::Now {
                        break;
                    }
                }
                Ok(Err(StorageError::NoMemory { .. })) => break,
                Ok(Err(error)) => return Err(unreadable(&error)),
                Err(_panic) => return Err(Refusal::Unavailable(NOT_READ)),
            }
        }
        Err(Refusal::Unavailable(NO_MEMORY))
    }

    /// As [`make_room`](Self::make_room), for commands that are about to run. Nothing happens if somebody else is about it,
    /// or if that was in vain a moment ago: thousands of commands would go through all databases, each for itself.
    pub(crate) async fn make_room_to_grow(&self, bytes: u64) {
        let Ok(mut in_vain_until_ms) = self.sleep.room.try_lock() else { return };
        let now_ms = self.now_ms();
        if now_ms < *in_vain_until_ms && *in_vain_until_ms - now_ms <= IN_VAIN_MS {
            return;
        }
        self.make_room(bytes).await;
        if self.memory.has_room(bytes) != Room::Now {
            *in_vain_until_ms = now_ms + IN_VAIN_MS;
        }
    }

    /// Lets databases fall asleep until there is memory for so many bytes, the least recently used first.
    async fn make_room(&self, bytes: u64) {
        for tenant in self.awake_ones() {
            if self.memory.has_room(bytes) == Room::Now {
                break;
            }
            self.send_to_sleep(tenant).await;
        }
    }

    /// Databases that are awake, the least recently used first.
    fn awake_ones(&self) -> Vec<Arc<Tenant>> {
        let mut tenants: Vec<_> = self.all().into_iter().filter(|tenant| tenant.is_awake()).collect();
        tenants.sort_by_key(|tenant| tenant.used_at_ms());
        tenants
    }

    /// Lets databases that nobody has used for so long fall asleep, the least recently used first; while memory is
    /// short, also others.
    async fn send_idle_to_sleep(&self, idle_ms: i64) {
        let now_ms = self.now().ms();
        for tenant in self.awake_ones() {
            // Whoever listens, or keeps copies, may wait for a key to expire, which is told when it is noticed.
            let is_idle =
                now_ms.saturating_sub(tenant.used_at_ms()) >= idle_ms && !tenant.hub().is_attended();
            if is_idle || self.memory.is_short() {
                self.send_to_sleep(tenant).await;
            }
        }
        self.forget_sleepers();
    }

    /// Writes what is not in its files yet, and forgets the rest; unless somebody uses it.
    async fn send_to_sleep(&self, tenant: Arc<Tenant>) {
        let Some(bedside) = tenant.try_bedside() else { return };
        let Some(awake) = tenant.retire() else { return };
        let memory = Arc::clone(&self.memory);
        let lying = tokio::task::spawn_blocking(move || lie_down(&tenant, awake, &memory, bedside));
        if let Err(error) = lying.await {
            tracing::error!(%error, "a database could not fall asleep");
        }
    }

    /// Calls [`tend`](Self::tend) for ever. Meant to run as a task of its own, which may be aborted at any time.
    pub async fn tend_forever(self: Arc<Self>) {
        let mut ticks = tokio::time::interval(PERIOD);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            self.tend().await;
        }
    }

    /// Lets databases fall asleep that nobody has used for long, and deletes the files of those that were dropped.
    pub async fn tend(&self) {
        let Some(storage) = &self.sleep.storage else { return };
        self.delete_buried(storage).await;
        self.send_idle_to_sleep(i64::try_from(self.sleep.idle_after.as_millis()).unwrap_or(i64::MAX)).await;
    }

    async fn delete_buried(&self, storage: &Storage) {
        let buried = std::mem::take(&mut *self.sleep.buried.lock());
        for tenant in buried {
            let bedside = tenant.bedside().await;
            let (storage, memory) = (storage.clone(), Arc::clone(&self.memory));
            let deleted = tokio::task::spawn_blocking(move || {
                if let Some(Awake { grant, .. }) = tenant.evict() {
                    memory.release(grant);
                }
                let outcome = storage.delete(*tenant.id().as_bytes());
                drop(bedside);
                (tenant.id(), outcome)
            });
            if let Ok((id, Err(error))) = deleted.await {
                tracing::error!(%error, database = %id, "the files of a deleted database stay");
            }
        }
    }

    /// Lets all databases fall asleep and closes their files. Nobody may use them any more.
    pub async fn close(&self) -> Result<(), StorageError> {
        let Some(storage) = self.sleep.storage.clone() else { return Ok(()) };
        self.delete_buried(&storage).await;
        for tenant in self.all() {
            self.send_to_sleep(tenant).await;
        }
        let keeper = self.sleep.keeper.lock().take();
        let close = move || {
            drop(keeper);
            storage.close()
        };
        tokio::task::spawn_blocking(close).await.unwrap_or(Ok(()))
    }
}

const NOT_READ: ReplyError = ReplyError::fixed("ERR the database could not be read, try again");

/// So often a waking that finds no memory lets others fall asleep and begins again: meanwhile somebody else may take what
/// they had.
const WAKING_ATTEMPTS_MAX: usize = 4;

/// What reads a database into memory.
struct Waker {
    tenant: Arc<Tenant>,
    storage: Storage,
    durability: Durability,
    maker: Maker,
    memory: Arc<Memory>,
}

impl Waker {
    fn wake(&self) -> Result<(), StorageError> {
        let tenant = &self.tenant;
        let mut loan = self.memory.lend();
        let (id, durability) = (*tenant.id().as_bytes(), kept(self.durability));
        let read = self.storage.wake_within(id, durability, self.maker.seed, &mut |bytes| loan.reach(bytes));
        tenant.note_read(matches!(read, Ok(_) | Err(StorageError::NoMemory { .. })));
        let (keyspace, shelf) = read?;
        let maker = self.maker.clone().with_durability(self.durability);
        let database = maker.make(keyspace).with_settings(tenant.remembered()).recording();
        let database = database.with_hub(Arc::clone(tenant.hub()));
        tenant.install(Awake { database, shelf: Some(shelf), grant: loan.keep() });
        Ok(())
    }
}

/// Blocks. What cannot be written now stays in the log and in the storage's memory, and is tried again.
fn lie_down(tenant: &Tenant, awake: Awake, memory: &Memory, bedside: OwnedMutexGuard<()>) {
    let Awake { database, shelf, grant } = awake;
    tenant.remember(database.settings());
    if let Some(Err(error)) = shelf.map(Shelf::sleep) {
        tracing::error!(%error, database = %tenant.id(), "a database that falls asleep cannot be written");
    }
    drop(database);
    // While it sleeps, nobody notices that a key expires.
    drop(tenant.hub().tell_trackers(vec![Trace::Everything]));
    memory.release(grant);
    drop(bedside);
}

fn tell(news: News) {
    match news {
        News::Compacted(compacted) => tracing::debug!(?compacted, "wrote a snapshot"),
        News::Failed(error) => tracing::error!(%error, "files of databases cannot be written; tried again"),
        _ => {}
    }
}

/// As the storage calls it.
fn kept(durability: Durability) -> latchkey_storage::Durability {
    match durability {
        Durability::Always => latchkey_storage::Durability::Always,
        Durability::EverySecond => latchkey_storage::Durability::EverySecond,
        Durability::None => latchkey_storage::Durability::None,
    }
}
