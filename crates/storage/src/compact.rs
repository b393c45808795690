//! Compaction: a new snapshot out of the old one and the tails since, without the keyspace.
//!
//! The database may be awake meanwhile, fall asleep or wake: the steps that go in are those up to a cut, where its tail
//! ended; later ones go to the next tail. Blocks of the old snapshot that no step touched are taken over as they are.
//! The entries that were touched are read into a small keyspace, the steps are done to it, and what came of them is put
//! where it belongs by its hash: so memory is in proportion to what changed.
//!
//! Until the new snapshot has its name, nothing counts but the old files; from then on nothing but the new.

use std::io;
use std::iter::Peekable;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use latchkey_journal::{DiskFile, FrameRef, KIND_EFFECTS};
use latchkey_keyspace::codec::{EncodedEntries, EncodedEntry, Touched, encode_entry, touched};
use latchkey_keyspace::{Entry, Keyspace, Str};
use parking_lot::MutexGuard;

use crate::chain::{Chain, Position};
use crate::database::{Core, Database, Files};
use crate::error::{OnFile, StorageError};
use crate::names::{self, Listing};
use crate::snapshot::{Block, Head, LIBRARY_HASH, Snapshot, Unpacker, Writer};
use crate::storage::{Inner, Storage};
use crate::tail::Tail;
use crate::wake::{cut_torn_end, remove_garbage, replay};

/// What a compaction did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Compacted {
    /// The database.
    pub id: [u8; 16],
    /// What its files took before, in bytes; the tail that is being written apart.
    pub before_bytes: u64,
    /// What the new snapshot takes.
    pub after_bytes: u64,
}

impl Storage {
    /// Compacts one database whose tails have grown too long, if there is one. Blocking, for as long as it takes to read
    /// and write that database; the database itself is not held up. `now_ms` is the time since the epoch.
    ///
    /// After an error the old files stay in use. It is tried again later, unless they are damaged.
    pub fn compact_due(&self, now_ms: i64) -> Result<Option<Compacted>, StorageError> {
        let Some(database) = self.inner().next_to_compact(now_ms) else { return Ok(None) };
        let compacted = self.inner().compact(&database, now_ms);
        self.inner().note_compacted(&database, &compacted, now_ms);
        compacted
    }

    /// Compacts a database now. As [`compact_due`](Self::compact_due); nothing happens if there are no steps since the
    /// last snapshot, or while another compaction of it runs.
    pub fn compact(&self, id: [u8; 16], now_ms: i64) -> Result<Option<Compacted>, StorageError> {
        let database = self.inner().database(id);
        let compacted = self.inner().compact(&database, now_ms);
        self.inner().forget_if_idle(&database);
        compacted
    }
}

impl Inner {
    fn next_to_compact(&self, now_ms: i64) -> Option<Arc<Database>> {
        let mut queue = self.to_compact.lock();
        let due = queue.iter().position(|&(_, not_before_ms)| not_before_ms <= now_ms)?;
        queue.remove(due).map(|(database, _)| database)
    }

    fn note_compacted(
        &self,
        database: &Arc<Database>,
        compacted: &Result<Option<Compacted>, StorageError>,
        now_ms: i64,
    ) {
        let is_worth_another = compacted.as_ref().is_err_and(|error| !error.is_damage());
        if is_worth_another {
            let not_before_ms = now_ms.saturating_add(self.settings.retry_after_ms);
            self.to_compact.lock().push_back((database.clone(), not_before_ms));
            return;
        }
        let mut core = database.core.lock();
        core.is_queued_to_compact = compacted.is_err();
        if compacted.as_ref().is_ok_and(Option::is_some) {
            self.queue_to_compact_if_due(database, &mut core);
        }
        drop(core);
        self.forget_if_idle(database);
    }

    fn compact(&self, database: &Arc<Database>, now_ms: i64) -> Result<Option<Compacted>, StorageError> {
        let Some(compaction) = self.begin(database)? else { return Ok(None) };
        let written = compaction.write(now_ms);
        let installed = written.and_then(|written| self.install(database, &compaction, written));
        database.core.lock().compacting = None;
        if installed.is_err() {
            // If that fails too, the next compaction or waking removes it.
            let _ = self.disk.remove(&compaction.path);
        }
        if database.core.lock().life != compaction.life {
            // It was deleted meanwhile, and files that it read or wrote went away.
            return Ok(None);
        }
        let after_bytes = installed?;
        Ok(after_bytes.map(|after_bytes| Compacted {
            id: database.id,
            before_bytes: compaction.before_bytes,
            after_bytes,
        }))
    }

    /// Opens what goes in. `None` if there is nothing, or while another compaction of the database runs.
    fn begin(&self, database: &Database) -> Result<Option<Compaction>, StorageError> {
        let disk = &*self.disk;
        let (mut files, cut) = self.end_tail(database)?;
        let is_busy = |core: &Core| core.compacting.is_some() || core.going.is_some();
        if is_busy(&database.core.lock()) {
            return Ok(None);
        }
        let is_before_cut = |generation: u64| cut.is_none_or(|cut| generation < cut);
        files.tail.take_if(|open| is_before_cut(open.tail.head.generation));
        let mut listing = Listing::read(disk, &database.directory)?;
        remove_garbage(disk, &database.directory, &listing).map_err(|error| self.judge(error))?;
        listing.tails.retain(|&generation| is_before_cut(generation));
        let chain = Chain::open(disk, &database.directory, database.id, &listing)?;
        let Some(seed) = chain.seed().filter(|_| !chain.tails.is_empty()) else { return Ok(None) };
        let before_bytes = chain.tail_bytes()? + chain.snapshot.as_ref().map_or(0, Snapshot::file_bytes);
        self.check_room(&database.directory, before_bytes)?;
        let generation = cut.unwrap_or(chain.next_generation());
        let path = names::unfinished(&database.directory, generation);
        let file = disk.create(&path).on(&path)?;
        let mut core = database.core.lock();
        core.compacting = Some(generation);
        let id = database.id;
        Ok(Some(Compaction { id, chain, seed, generation, path, file, life: core.life, before_bytes }))
    }

    /// Writes and syncs all steps up to now. If the database is awake, later ones go to a tail of their own: then also
    /// returns the generation of that.
    fn end_tail<'a>(
        &self,
        database: &'a Database,
    ) -> Result<(MutexGuard<'a, Files>, Option<u64>), StorageError> {
        loop {
            let wakes = database.core.lock().wakes;
            let cut = self.cut_if_awake(database);
            let files = self.settle(database)?;
            if database.core.lock().wakes == wakes {
                return Ok((files, cut));
            }
        }
    }

    /// An error if there might not be enough room: nobody else should meet a full disk because of a compaction.
    fn check_room(&self, directory: &Path, bytes: u64) -> Result<(), StorageError> {
        let free_bytes = self.disk.free_bytes().on(directory)?;
        if free_bytes >= bytes.saturating_add(self.settings.free_bytes_min) {
            return Ok(());
        }
        Err(io::Error::new(io::ErrorKind::StorageFull, "not enough room for a compaction")).on(directory)
    }

    /// Gives the new snapshot its name and removes what it replaces. `None` if the database was deleted meanwhile.
    fn install(
        &self,
        database: &Database,
        compaction: &Compaction,
        written: Written,
    ) -> Result<Option<u64>, StorageError> {
        let _files = database.files.lock();
        self.check()?;
        if database.core.lock().life != compaction.life {
            return Ok(None);
        }
        let _names = database.names.write();
        let disk = &*self.disk;
        let directory = &database.directory;
        let path = names::snapshot(directory, compaction.generation);
        disk.rename(&compaction.path, &path).on(&path)?;
        disk.sync_dir(directory).on(directory).inspect_err(|error| self.fail(error))?;
        let mut core = database.core.lock();
        core.snapshot_bytes = written.file_bytes;
        core.snapshot_value_bytes = written.value_bytes;
        core.tail_bytes = core.tail_bytes.saturating_sub(compaction.tail_bytes());
        drop(core);
        remove_garbage(disk, directory, &Listing::read(disk, directory)?)?;
        Ok(Some(written.file_bytes))
    }
}

/// A snapshot that was written.
#[derive(Clone, Copy)]
struct Written {
    file_bytes: u64,
    value_bytes: u64,
}

/// A compaction that has begun.
struct Compaction {
    id: [u8; 16],
    chain: Chain,
    seed: u64,
    generation: u64,
    path: PathBuf,
    file: Arc<dyn DiskFile>,
    life: u64,
    before_bytes: u64,
}

impl Compaction {
    fn tail_bytes(&self) -> u64 {
        self.before_bytes - self.chain.snapshot.as_ref().map_or(0, Snapshot::file_bytes)
    }

    /// Writes the new snapshot and syncs it.
    fn write(&self, now_ms: i64) -> Result<Written, StorageError> {
        let (changes, position) = Changes::read(&self.chain, self.seed)?;
        // Of a database that sleeps, the last tail may have an end that nobody was promised.
        cut_torn_end(&self.chain, position)?;
        let mut keyspace = Keyspace::new(self.seed);
        let snapshot = self.chain.snapshot.as_ref();
        snapshot.map_or(Ok(()), |snapshot| changes.load_touched(snapshot, &mut keyspace))?;
        let touched_before = keyspace.bytes();
        self.chain.visit(|tail, offset, frame| replay(&mut keyspace, tail, offset, frame))?;
        let kept = snapshot.filter(|_| !changes.is_cleared);
        let value_bytes = match kept {
            Some(snapshot) => (snapshot.value_bytes() + keyspace.bytes()).saturating_sub(touched_before),
            None => keyspace.bytes(),
        };
        let head = Head {
            database: self.id,
            generation: self.generation,
            seq: position.seq,
            seed: self.seed,
            created_ms: now_ms,
        };
        let mut merge = Merge {
            changes: &changes,
            fresh: keyspace.in_hash_order().peekable(),
            writer: Writer::new(self.file.clone(), &head).on(&self.path)?,
            path: &self.path,
        };
        merge.writer.push_libraries(keyspace.libraries()).on(&self.path)?;
        merge.all(kept)?;
        let file_bytes = merge.writer.finish(value_bytes).on(&self.path)?;
        Ok(Written { file_bytes, value_bytes })
    }
}

/// What the steps touch.
pub(crate) struct Changes {
    /// Knows the hash of a key.
    hasher: Keyspace,
    /// The hashes of keys that were touched, in order. Libraries are few, so theirs always is: no change of one, and no
    /// removal of all keys, can be missed.
    hashes: Vec<u64>,
    /// How many of them there may be before those that occur twice are taken out again.
    hashes_max: usize,
    /// Whether all keys were removed at some time.
    pub(crate) is_cleared: bool,
}

/// So many hashes are no burden.
const HASHES_MAX_MIN: usize = 64 << 10;

impl Changes {
    /// Goes through the steps of a chain, without doing them.
    pub(crate) fn read(chain: &Chain, seed: u64) -> Result<(Self, Position), StorageError> {
        let mut changes = Self::none(seed);
        let position = chain.visit(|tail, offset, frame| changes.note(tail, offset, frame))?;
        changes.sort();
        Ok((changes, position))
    }

    fn none(seed: u64) -> Self {
        Self {
            hasher: Keyspace::new(seed),
            hashes: vec![LIBRARY_HASH],
            hashes_max: HASHES_MAX_MIN,
            is_cleared: false,
        }
    }

    fn note(&mut self, tail: &Tail, offset: u64, frame: &FrameRef<'_>) -> Result<(), StorageError> {
        if frame.kind != KIND_EFFECTS {
            return Ok(());
        }
        let Self { hasher, hashes, is_cleared, .. } = self;
        touched(frame.payload, |what| match what {
            Touched::Key(key) => hashes.push(hasher.hash_of(key)),
            Touched::Renamed { source, destination } => {
                hashes.extend([source, destination].map(|key| hasher.hash_of(key)));
            }
            Touched::All => *is_cleared = true,
        })
        .map_err(|error| tail.damaged(offset, error.to_string()))?;
        if self.hashes.len() > self.hashes_max {
            // Keys that are touched again and again need not be remembered so often.
            self.sort();
            self.hashes_max = HASHES_MAX_MIN.max(2 * self.hashes.len());
        }
        Ok(())
    }

    fn sort(&mut self) {
        self.hashes.sort_unstable();
        self.hashes.dedup();
    }

    /// Where an entry stands in a snapshot.
    fn hash_of(&self, entry: &EncodedEntry<'_>) -> u64 {
        if entry.is_library() { LIBRARY_HASH } else { self.hasher.hash_of(entry.key) }
    }

    fn has(&self, hash: u64) -> bool {
        self.hashes.binary_search(&hash).is_ok()
    }

    fn has_any(&self, (low, high): (u64, u64)) -> bool {
        let first = self.hashes.partition_point(|&hash| hash < low);
        self.hashes.get(first).is_some_and(|&hash| hash <= high)
    }

    /// Reads the entries that were touched, as they were before.
    fn load_touched(&self, snapshot: &Snapshot, keyspace: &mut Keyspace) -> Result<(), StorageError> {
        let mut unpacker = Unpacker::default();
        let is_touched = |block| self.has_any(snapshot.hashes_of(block));
        snapshot.visit(is_touched, |_, block| {
            for entry in EncodedEntries::new(block.raw(&mut unpacker)?) {
                let entry = entry.map_err(|error| block.damaged(error.to_string()))?;
                if self.has(self.hash_of(&entry)) {
                    keyspace.load(&entry).map_err(|error| block.damaged(error.to_string()))?;
                }
            }
            Ok(())
        })
    }
}

/// Puts entries of the old snapshot that were not touched, and those of the small keyspace, into one order.
struct Merge<'a, I: Iterator<Item = Fresh<'a>>> {
    changes: &'a Changes,
    fresh: Peekable<I>,
    writer: Writer,
    path: &'a Path,
}

/// An entry of the small keyspace, with its hash.
type Fresh<'a> = (u64, &'a Str, &'a Entry);

impl<'a, I: Iterator<Item = Fresh<'a>>> Merge<'a, I> {
    fn all(&mut self, kept: Option<&Snapshot>) -> Result<(), StorageError> {
        if let Some(snapshot) = kept {
            let mut unpacker = Unpacker::default();
            snapshot.visit(
                |_| true,
                |number, block| self.block(snapshot.hashes_of(number), block, &mut unpacker),
            )?;
        }
        self.put_fresh(|_| true)
    }

    fn block(
        &mut self,
        hashes: (u64, u64),
        block: Block<'_>,
        unpacker: &mut Unpacker,
    ) -> Result<(), StorageError> {
        if !self.changes.has_any(hashes) {
            self.put_fresh(|hash| hash < hashes.0)?;
            if self.writer.push_block(&block).on(self.path)? {
                return Ok(());
            }
        }
        for entry in EncodedEntries::new(block.raw(unpacker)?) {
            let entry = entry.map_err(|error| block.damaged(error.to_string()))?;
            let hash = self.changes.hash_of(&entry);
            if !self.changes.has(hash) {
                self.put_fresh(|fresh| fresh < hash)?;
                self.writer.push(hash, |out| out.extend_from_slice(entry.bytes)).on(self.path)?;
            }
        }
        Ok(())
    }

    /// Puts entries of the small keyspace, as long as their hash is wanted.
    fn put_fresh(&mut self, is_wanted: impl Fn(u64) -> bool) -> Result<(), StorageError> {
        while let Some((hash, key, entry)) = self.fresh.next_if(|&(hash, ..)| is_wanted(hash)) {
            let encode = |out: &mut Vec<u8>| encode_entry(out, key, entry.expires_at_ms(), entry.value());
            self.writer.push(hash, encode).on(self.path)?;
        }
        Ok(())
    }
}
