//! All databases of a node, as files.

use std::cmp::Reverse;
use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use latchkey_journal::{Disk, Journal, Lsn};
use parking_lot::{Condvar, Mutex};

use crate::database::{Core, Database, Files, Which};
use crate::error::{OnFile, StorageError};
use crate::names::{self, DELETED, Listing, Tombstone};
use crate::recover::{Recovered, recover};
use crate::settings::Settings;

/// The files of all databases, and the log that they share. Cheap to clone.
///
/// Nothing here starts a thread but the journal: [`Keeper`](crate::Keeper) calls [`tend`](Self::tend) and
/// [`compact_due`](Self::compact_due), or a test does.
#[derive(Clone, Debug)]
pub struct Storage(Arc<Inner>);

/// What all clones share.
pub(crate) struct Inner {
    pub(crate) disk: Arc<dyn Disk>,
    pub(crate) settings: Settings,
    journal: Journal,
    /// Databases that are awake, or have something left to do. In order, so that who does the same again gets the same.
    databases: Mutex<BTreeMap<[u8; 16], Arc<Database>>>,
    /// Databases with a full chunk.
    to_write: Mutex<Vec<Arc<Database>>>,
    /// Databases whose tails have grown too long, with the time in milliseconds before which it is not tried.
    pub(crate) to_compact: Mutex<VecDeque<(Arc<Database>, i64)>>,
    /// Wakes whoever tends.
    pub(crate) work: Work,
    /// Bytes of all chunks.
    pub(crate) pending_bytes: AtomicU64,
    /// Whether the last write to a tail found no room.
    pub(crate) tails_are_full: AtomicBool,
    failure: Arc<Failure>,
    tombstones: Mutex<Tombstones>,
    chance: Mutex<fastrand::Rng>,
}

impl Storage {
    /// Brings what the log holds into the tails, then begins an empty log. Databases that have nothing in the log are
    /// not looked at: ten thousand that sleep cost nothing.
    ///
    /// `on_failure` is called at most once, when nothing more can be made durable: the process has to end then.
    /// An error means that the log or the disk cannot be read, and that nothing was lost: an operator has to look.
    pub fn open(
        disk: Arc<dyn Disk>,
        settings: Settings,
        on_failure: impl FnOnce(&StorageError) + Send + 'static,
    ) -> Result<(Self, Recovered), StorageError> {
        let (recovered, next_lsn) = recover(&*disk, &settings)?;
        let failure = Arc::new(Failure::new(on_failure));
        let of_journal = failure.clone();
        let journal = Journal::start(disk.clone(), settings.journal.clone(), next_lsn, move |error| {
            of_journal.happen(&StorageError::Journal(error.clone()));
        })?;
        // The log has no frame of a deleted database any more.
        remove_marks(&*disk)?;
        let chance = Mutex::new(fastrand::Rng::with_seed(settings.seed));
        let inner = Inner {
            disk,
            settings,
            journal,
            databases: Mutex::default(),
            to_write: Mutex::default(),
            to_compact: Mutex::default(),
            work: Work::default(),
            pending_bytes: AtomicU64::new(0),
            tails_are_full: AtomicBool::new(false),
            failure,
            tombstones: Mutex::default(),
            chance,
        };
        let storage = Self(Arc::new(inner));
        recovered.long_tails.iter().for_each(|&id| storage.0.queue_to_compact(id));
        Ok((storage, recovered))
    }

    /// The log, to wait for what [`Shelf::append`](crate::Shelf::append) returned.
    pub fn journal(&self) -> &Journal {
        &self.0.journal
    }

    /// Whether the disk has no room: steps that make a database grow have to be refused.
    pub fn is_full(&self) -> bool {
        self.0.journal.is_full() || self.0.tails_are_full.load(Relaxed)
    }

    /// Whether more waits to be written than should: wait before another step is done.
    pub fn is_congested(&self) -> bool {
        self.0.journal.is_congested()
            || self.0.pending_bytes.load(Relaxed) > self.0.settings.pending_bytes_max
    }

    /// Why nothing more can be made durable, if that is so.
    pub fn failure(&self) -> Option<StorageError> {
        self.0.failure.error.lock().clone()
    }

    /// Whether anything is stored of a database.
    pub fn exists(&self, id: [u8; 16]) -> Result<bool, StorageError> {
        let known = self.0.databases.lock().get(&id).cloned();
        if let Some(database) = known {
            let core = database.core.lock();
            if core.seq > 0 || core.going.is_some() {
                return Ok(core.going.is_none());
            }
        }
        Ok(!Listing::read(&*self.0.disk, &names::directory(id))?.is_empty())
    }

    /// What the files of a database take, in bytes; what waits to be written counts as well.
    pub fn disk_bytes(&self, id: [u8; 16]) -> Result<u64, StorageError> {
        let known = self.0.databases.lock().get(&id).cloned();
        if let Some(database) = known {
            let core = database.core.lock();
            if core.is_awake {
                return Ok(core.snapshot_bytes + core.tail_bytes);
            }
        }
        let directory = names::directory(id);
        let listing = Listing::read(&*self.0.disk, &directory)?;
        let paths = listing.live(&directory);
        paths.iter().map(|path| self.0.disk.open(path).and_then(|file| file.len()).on(path)).sum()
    }

    /// Removes a database for good. Blocking. It must not be awake: its [`Shelf`](crate::Shelf) is dropped before.
    ///
    /// When this returns, the id may be used for another database. After an error, or a crash meanwhile, the database is
    /// there as a whole or will be gone before anybody sees it.
    pub fn delete(&self, id: [u8; 16]) -> Result<(), StorageError> {
        let database = self.0.database(id);
        let deleted = self.0.delete(&database);
        self.0.forget_if_idle(&database);
        deleted
    }

    /// Does what is due in the background: writes full chunks into tails, and others if too much waits in them; syncs tails
    /// that keep old segments of the log alive, lets go of segments. To be called often; it returns soon when there is
    /// nothing to do. What fails for one database does not keep others from being served; the first error is returned.
    pub fn tend(&self) -> Result<(), StorageError> {
        self.0.check()?;
        let mut first_error = Ok(());
        let due = std::mem::take(&mut *self.0.to_write.lock());
        for database in due {
            let written = self.0.tend_database(&database);
            first_error = first_error.and(written);
        }
        let relieved = self.0.relieve_memory();
        let released = self.0.release_segments();
        first_error.and(relieved).and(released)
    }

    /// Whether [`tend`](Self::tend) has a chunk to write.
    pub fn has_work(&self) -> bool {
        !self.0.to_write.lock().is_empty()
    }

    /// Writes and syncs all steps, and closes the log. Databases should sleep by now: what is appended later is lost.
    pub fn close(self) -> Result<(), StorageError> {
        let databases = self.0.all_where(|_| true);
        let settled = databases.iter().map(|database| self.0.settle(database).map(drop));
        settled.fold(Ok(()), Result::and)?;
        self.0.release_segments()?;
        Ok(self.0.journal.close()?)
    }

    pub(crate) fn inner(&self) -> &Inner {
        &self.0
    }
}

impl Inner {
    pub(crate) fn journal(&self) -> &Journal {
        &self.journal
    }

    /// What is known of a database, made if there is nothing yet.
    pub(crate) fn database(&self, id: [u8; 16]) -> Arc<Database> {
        self.databases.lock().entry(id).or_insert_with(|| Arc::new(Database::new(id))).clone()
    }

    /// Forgets a database if nothing is to be remembered, and nobody but the caller has it.
    pub(crate) fn forget_if_idle(&self, database: &Arc<Database>) {
        let mut databases = self.databases.lock();
        // One for the map, one for the caller.
        if Arc::strong_count(database) == 2 && database.core.lock().is_idle() {
            databases.remove(&database.id);
        }
    }

    /// A number that nobody can guess.
    pub(crate) fn draw(&self) -> u64 {
        self.chance.lock().u64(..)
    }

    /// Ends the tail of a database at its last step.
    pub(crate) fn cut(&self, database: &Database) -> u64 {
        let salt = self.draw();
        database.core.lock().cut(salt)
    }

    /// As [`cut`](Self::cut), if the database is awake.
    pub(crate) fn cut_if_awake(&self, database: &Database) -> Option<u64> {
        let salt = self.draw();
        let mut core = database.core.lock();
        core.is_awake.then(|| core.cut(salt))
    }

    /// The failure, if there was one: after it, files are not written any more. A sync that is tried again may say that
    /// all is well when it is not.
    pub(crate) fn check(&self) -> Result<(), StorageError> {
        self.failure.error.lock().clone().map_or(Ok(()), Err)
    }

    /// Nothing more can be made durable.
    pub(crate) fn fail(&self, error: &StorageError) {
        self.failure.happen(error);
    }

    fn delete(&self, database: &Database) -> Result<(), StorageError> {
        self.check()?;
        let mut files = database.files.lock();
        if database.core.lock().is_awake {
            return Err(StorageError::Awake);
        }
        if database.core.lock().going.is_none() {
            let tombstone = self.mark_deleted(database)?;
            let forgotten = database.core.lock().end_life(tombstone);
            self.pending_bytes.fetch_sub(forgotten, Relaxed);
            *files = Files::default();
        }
        self.finish_deletion(database)
    }

    /// From here on a restart removes the database.
    fn mark_deleted(&self, database: &Database) -> Result<Tombstone, StorageError> {
        // It is not awake, so all its frames are in the log by now.
        let tombstone = Tombstone { database: database.id, lsn: self.journal.last().0, is_gone: false };
        let (path, marks) = (tombstone.path(), Path::new(DELETED));
        self.disk.create(&path).on(&path)?;
        self.disk.sync_dir(marks).on(marks).inspect_err(|error| self.fail(error))?;
        Ok(tombstone)
    }

    /// Removes what is left of a database that was marked as deleted. Under the lock of its files.
    pub(crate) fn finish_deletion(&self, database: &Database) -> Result<(), StorageError> {
        let Some(mut tombstone) = database.core.lock().going else { return Ok(()) };
        remove_directory(&*self.disk, &database.directory)?;
        let (going, marks) = (tombstone.path(), Path::new(DELETED));
        tombstone.is_gone = true;
        self.disk.rename(&going, &tombstone.path()).on(&going)?;
        self.disk.sync_dir(marks).on(marks).inspect_err(|error| self.fail(error))?;
        self.tombstones.lock().standing.push_back(tombstone);
        database.core.lock().going = None;
        Ok(())
    }

    pub(crate) fn queue_to_write(&self, database: &Arc<Database>, core: &mut Core) {
        if !core.is_queued_to_write {
            core.is_queued_to_write = true;
            self.to_write.lock().push(database.clone());
            self.work.tell();
        }
    }

    pub(crate) fn queue_to_compact_if_due(&self, database: &Arc<Database>, core: &mut Core) {
        self.queue_to_compact_beyond(self.tail_bytes_max(core), database, core);
    }

    /// The same for a database that falls asleep: nothing else is to be done for it, and whoever looks for a key in its
    /// files has to go through its tails.
    pub(crate) fn queue_to_compact_asleep(&self, database: &Arc<Database>, core: &mut Core) {
        /// So many times sooner than one that is awake.
        const SOONER: u64 = 8;
        self.queue_to_compact_beyond(self.tail_bytes_max(core) / SOONER, database, core);
    }

    fn queue_to_compact_beyond(&self, tail_bytes_max: u64, database: &Arc<Database>, core: &mut Core) {
        if core.tail_bytes > tail_bytes_max && !core.is_queued_to_compact {
            core.is_queued_to_compact = true;
            self.to_compact.lock().push_back((database.clone(), i64::MIN));
            self.work.tell();
        }
    }

    /// How long the tails of a database that is awake may become.
    fn tail_bytes_max(&self, core: &Core) -> u64 {
        // Tails are not compressed: beside the length of a snapshot that is, they would look long much too soon.
        self.settings.compaction_bytes_min.max(core.snapshot_bytes).max(core.snapshot_value_bytes)
    }

    fn queue_to_compact(&self, id: [u8; 16]) {
        let database = self.database(id);
        database.core.lock().is_queued_to_compact = true;
        self.to_compact.lock().push_back((database, i64::MIN));
    }

    /// Writes what is due of one database. Never waits for the log, which may wait for this.
    fn tend_database(&self, database: &Arc<Database>) -> Result<(), StorageError> {
        let mut files = database.files.lock();
        let is_awake = {
            let mut core = database.core.lock();
            core.is_queued_to_write = false;
            core.is_awake
        };
        let written = if is_awake {
            self.write(database, &mut files, Which::Closed)
        } else {
            self.write(database, &mut files, Which::All).and_then(|()| self.sync(database, &mut files))
        };
        drop(files);
        let mut core = database.core.lock();
        if core.has_closed_chunk() {
            self.queue_to_write(database, &mut core);
        }
        written
    }

    /// Writes chunks that are not full if much waits in them: many databases with a little each would otherwise hold up
    /// everybody for good. The longest go first, so that few writes are enough.
    fn relieve_memory(&self) -> Result<(), StorageError> {
        if self.pending_bytes.load(Relaxed) <= self.settings.pending_bytes_max / 2 {
            return Ok(());
        }
        let mut waiting = self.all_where(Core::has_chunks);
        waiting.sort_by_cached_key(|database| Reverse(database.core.lock().pending_bytes));
        let mut first_error = Ok(());
        for database in waiting {
            if self.pending_bytes.load(Relaxed) <= self.settings.pending_bytes_max / 4 {
                break;
            }
            let written = self.write(&database, &mut database.files.lock(), Which::All);
            first_error = first_error.and(written);
        }
        first_error
    }

    /// Lets the log free segments whose frames are all synced in tails; if there are many, syncs those of the oldest.
    fn release_segments(&self) -> Result<(), StorageError> {
        let pressure = self.journal.pressure();
        let Some(oldest) = pressure.oldest_ends_at else { return Ok(()) };
        let synced =
            if pressure.segments > self.settings.segments_max { self.sync_up_to(oldest) } else { Ok(()) };
        // Read first: whatever is logged later has a higher number.
        let last = self.journal.last();
        let unsynced = self.unsynced_lsn_of_all();
        self.journal.release(unsynced.map_or(last, |first| Lsn(first.0 - 1)));
        self.remove_tombstones(oldest)?;
        synced
    }

    /// The first frame of the log that is not synced in a tail. Forgets databases that are idle on the way.
    fn unsynced_lsn_of_all(&self) -> Option<Lsn> {
        let mut first = None;
        self.databases.lock().retain(|_, database| {
            let core = database.core.lock();
            first = first.into_iter().chain(core.unsynced_lsn).min();
            Arc::strong_count(database) > 1 || !core.is_idle()
        });
        first
    }

    /// Writes and syncs what tails lack of the log up to this frame.
    fn sync_up_to(&self, lsn: Lsn) -> Result<(), StorageError> {
        let lacks = |core: &Core| core.unsynced_lsn.is_some_and(|first| first <= lsn);
        let synced = self.all_where(lacks).into_iter().map(|database| {
            let mut files = database.files.lock();
            self.write(&database, &mut files, Which::All)?;
            self.sync(&database, &mut files)
        });
        synced.fold(Ok(()), Result::and)
    }

    fn all_where(&self, is_wanted: impl Fn(&Core) -> bool) -> Vec<Arc<Database>> {
        let databases = self.databases.lock();
        databases.values().filter(|database| is_wanted(&database.core.lock())).cloned().collect()
    }

    /// Removes marks of deleted databases that the log has no frame of any more: those that were in segments which are
    /// older than the one that was the oldest the last time but one.
    fn remove_tombstones(&self, oldest_ends_at: Lsn) -> Result<(), StorageError> {
        let mut tombstones = self.tombstones.lock();
        if tombstones.seen.back() != Some(&oldest_ends_at) {
            tombstones.seen.push_back(oldest_ends_at);
        }
        if tombstones.seen.len() <= 2 {
            return Ok(());
        }
        let freed = tombstones.seen.pop_front().expect("there are more than two");
        while let Some(tombstone) = tombstones.standing.pop_front_if(|tombstone| tombstone.lsn <= freed.0) {
            // One that was deleted, made anew and deleted again with no frame in the log in between had one mark.
            unless_missing(self.disk.remove(&tombstone.path()).on(&tombstone.path()))?;
        }
        Ok(())
    }
}

/// Marks of deleted databases that stand, in the order of their frames, and where the oldest segment of the log ended
/// whenever somebody looked.
#[derive(Debug, Default)]
struct Tombstones {
    standing: VecDeque<Tombstone>,
    seen: VecDeque<Lsn>,
}

/// Removes all marks of deleted databases, for good: one that came back would take a database of the same name with it.
fn remove_marks(disk: &dyn Disk) -> Result<(), StorageError> {
    for tombstone in Tombstone::read_all(disk)? {
        disk.remove(&tombstone.path()).on(&tombstone.path())?;
    }
    disk.sync_dir(Path::new(DELETED)).on(Path::new(DELETED))
}

/// Removes the directory of a database, for good. One that does not exist is no error.
pub(crate) fn remove_directory(disk: &dyn Disk, directory: &Path) -> Result<(), StorageError> {
    let names = disk.list(directory).on(directory)?;
    for path in names.iter().map(|name| directory.join(name)) {
        disk.remove(&path).on(&path)?;
    }
    // Also if it is empty: a process that was killed may have emptied it, and not synced that.
    unless_missing(disk.sync_dir(directory).on(directory))?;
    disk.remove_dir(directory).on(directory)?;
    let parent = directory.parent().expect("it is in the directory of databases");
    unless_missing(disk.sync_dir(parent).on(parent))
}

/// What is not there need not be synced, or removed.
fn unless_missing(outcome: Result<(), StorageError>) -> Result<(), StorageError> {
    outcome.or_else(|error| if error.is_missing() { Ok(()) } else { Err(error) })
}

/// Tells threads that there is work.
#[derive(Debug, Default)]
pub(crate) struct Work {
    told: Mutex<()>,
    changed: Condvar,
}

impl Work {
    pub(crate) fn tell(&self) {
        let _told = self.told.lock();
        self.changed.notify_all();
    }

    /// Waits until somebody tells, or for so long; not at all if it is time to stop. What was told before may be missed:
    /// it is found then.
    pub(crate) fn wait(&self, longest: Duration, is_stopping: &AtomicBool) {
        let mut told = self.told.lock();
        if !is_stopping.load(Relaxed) {
            self.changed.wait_for(&mut told, longest);
        }
    }
}

/// Keeps the first error after which nothing can be made durable, and tells of it once.
struct Failure {
    error: Mutex<Option<StorageError>>,
    tell: Mutex<Option<Tell>>,
}

type Tell = Box<dyn FnOnce(&StorageError) + Send>;

impl Failure {
    fn new(tell: impl FnOnce(&StorageError) + Send + 'static) -> Self {
        Self { error: Mutex::default(), tell: Mutex::new(Some(Box::new(tell))) }
    }

    fn happen(&self, error: &StorageError) {
        self.error.lock().get_or_insert_with(|| error.clone());
        let tell = self.tell.lock().take();
        if let Some(tell) = tell {
            tell(error);
        }
    }
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pending_bytes = self.pending_bytes.load(Relaxed);
        f.debug_struct("Storage").field("pending_bytes", &pending_bytes).finish_non_exhaustive()
    }
}
