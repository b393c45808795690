//! Reading a database into memory.

use std::path::Path;
use std::sync::Arc;

use latchkey_journal::{Disk, FrameRef, KIND_EFFECTS};
use latchkey_keyspace::Keyspace;
use latchkey_keyspace::codec::EncodedEntries;

use crate::chain::{Chain, Position};
use crate::database::{Database, Durability, Files, OpenTail};
use crate::error::{OnFile, StorageError};
use crate::names::Listing;
use crate::shelf::{Shelf, Woken};
use crate::snapshot::{Snapshot, Unpacker};
use crate::storage::Storage;
use crate::tail::{Extent, Head, KIND_BIRTH, Tail};

impl Storage {
    /// Reads a database into memory; an empty one if nothing is stored, with `seed` for the order of its keys. Blocking;
    /// beyond the keyspace itself, memory for the largest block or step.
    ///
    /// [`StorageError::Awake`] if somebody has it already; [`StorageError::Damaged`] if its files are not what was
    /// written: they stay as they are then.
    pub fn wake(
        &self,
        id: [u8; 16],
        durability: Durability,
        seed: u64,
    ) -> Result<(Keyspace, Shelf), StorageError> {
        self.wake_within(id, durability, seed, &mut |_| Some(u64::MAX))
    }

    /// As [`wake`](Self::wake), with the memory that `admit` allows. It is asked when the database comes to more stored bytes
    /// than it has allowed so far, with how many those are, and says up to where it may come, or nothing if there is no
    /// memory: then this ends with [`StorageError::NoMemory`]. For what a snapshot holds it is asked before that is read; for
    /// a step since, right after it is done, so memory for one step may be used that is not there.
    pub fn wake_within(
        &self,
        id: [u8; 16],
        durability: Durability,
        seed: u64,
        admit: &mut Admit<'_>,
    ) -> Result<(Keyspace, Shelf), StorageError> {
        let database = self.inner().database(id);
        let woken = self.wake_database(&database, durability, seed, admit);
        if woken.is_err() {
            self.inner().forget_if_idle(&database);
        }
        let (keyspace, woken) = woken?;
        Ok((keyspace, Shelf::new(self.clone(), database, woken)))
    }

    fn wake_database(
        &self,
        database: &Arc<Database>,
        durability: Durability,
        seed: u64,
        admit: &mut Admit<'_>,
    ) -> Result<(Keyspace, Woken), StorageError> {
        let inner = self.inner();
        check_asleep(database)?;
        // What a shelf left behind that was dropped, or could not be put to sleep.
        let mut files = inner.settle(database)?;
        check_asleep(database)?;
        files.tail = None;
        inner.finish_deletion(database)?;
        let disk = &*inner.disk;
        let listing = Listing::read(disk, &database.directory)?;
        let chain = Chain::open(disk, &database.directory, database.id, &listing)?;
        let mut keyspace = Keyspace::new(chain.seed().unwrap_or(seed));
        let (position, mut woken) = load(&chain, &mut keyspace, admit)?;
        woken.cut_bytes = cut_torn_end(&chain, position).map_err(|error| inner.judge(error))?;
        if database.core.lock().compacting.is_none() {
            remove_garbage(disk, &database.directory, &listing).map_err(|error| inner.judge(error))?;
        }
        files.has_directory = !listing.is_empty();
        self.begin(database, &mut files, chain, position, (durability, keyspace.seed()))?;
        Ok((keyspace, woken))
    }

    /// Notes where the database stands: from here on it is awake.
    fn begin(
        &self,
        database: &Arc<Database>,
        files: &mut Files,
        mut chain: Chain,
        position: Position,
        (durability, seed): (Durability, u64),
    ) -> Result<(), StorageError> {
        let tail_bytes = chain.tail_bytes()?;
        let generation = chain.next_generation();
        // While the files are locked, a compaction may end but none begins.
        let compacting = database.core.lock().compacting;
        let is_usable = |tail: &Tail| {
            tail.head.is_promised == durability.is_logged()
                && compacting.is_none_or(|compacting| tail.head.generation >= compacting)
        };
        let mut last =
            chain.tails.pop().zip(position.last).map(|(tail, extent)| OpenTail::found(tail, extent));
        if let Some(mut open) = last.take_if(|open| !is_usable(&open.tail)) {
            // No more steps will follow in it.
            open.sync(&*self.inner().disk).map_err(|error| self.inner().judge(error))?;
        }
        let mut core = database.core.lock();
        core.head = match &last {
            Some(open) => open.tail.head,
            None => Head {
                database: database.id,
                generation: compacting.unwrap_or(0).max(generation),
                after_seq: position.seq,
                seed,
                salt: self.inner().draw(),
                is_promised: durability.is_logged(),
            },
        };
        core.is_unsynced = last.as_ref().is_some_and(|open| !open.is_synced);
        files.tail = last;
        core.is_awake = true;
        core.wakes += 1;
        core.durability = durability;
        core.seq = position.seq;
        core.snapshot_bytes = chain.snapshot.as_ref().map_or(0, Snapshot::file_bytes);
        core.snapshot_value_bytes = chain.snapshot.as_ref().map_or(0, Snapshot::value_bytes);
        core.tail_bytes = tail_bytes;
        self.inner().queue_to_compact_if_due(database, &mut core);
        Ok(())
    }
}

fn check_asleep(database: &Database) -> Result<(), StorageError> {
    if database.core.lock().is_awake { Err(StorageError::Awake) } else { Ok(()) }
}

/// Says up to how many stored bytes a database may come that comes to so many; nothing if there is no memory for them.
pub type Admit<'a> = dyn FnMut(u64) -> Option<u64> + 'a;

/// Asks for memory as it is needed.
struct Room<'a, 'b> {
    admit: &'a mut Admit<'b>,
    admitted: u64,
}

impl Room<'_, '_> {
    fn need(&mut self, bytes: u64) -> Result<(), StorageError> {
        if bytes > self.admitted {
            self.admitted = (self.admit)(bytes).ok_or(StorageError::NoMemory { bytes })?;
        }
        Ok(())
    }
}

/// Reads a chain into an empty keyspace that has its seed.
fn load(
    chain: &Chain,
    keyspace: &mut Keyspace,
    admit: &mut Admit<'_>,
) -> Result<(Position, Woken), StorageError> {
    let mut woken = Woken::default();
    let mut room = Room { admit, admitted: 0 };
    if let Some(snapshot) = &chain.snapshot {
        room.need(snapshot.value_bytes())?;
        load_snapshot(snapshot, keyspace)?;
        woken.entries = snapshot.entries();
    }
    let position = chain.visit(|tail, offset, frame| {
        woken.steps += 1;
        replay(keyspace, tail, offset, frame)?;
        room.need(keyspace.bytes())
    })?;
    Ok((position, woken))
}

pub(crate) fn load_snapshot(snapshot: &Snapshot, keyspace: &mut Keyspace) -> Result<(), StorageError> {
    let mut unpacker = Unpacker::default();
    let mut crc = 0;
    keyspace.reserve(usize::try_from(snapshot.entries()).expect("an index in memory has no more"));
    snapshot.visit(
        |_| true,
        |_, block| {
            crc = block.crc_after(crc);
            for entry in EncodedEntries::new(block.raw(&mut unpacker)?) {
                entry
                    .and_then(|entry| keyspace.load(&entry))
                    .map_err(|error| block.damaged(error.to_string()))?;
            }
            Ok(())
        },
    )?;
    snapshot.check_blocks_crc(crc)
}

/// Does a step of a tail again.
pub(crate) fn replay(
    keyspace: &mut Keyspace,
    tail: &Tail,
    offset: u64,
    frame: &FrameRef<'_>,
) -> Result<(), StorageError> {
    replay_frame(keyspace, frame).map_err(|what| tail.damaged(offset, what))
}

/// Does a step again, or says what is wrong with it.
pub(crate) fn replay_frame(keyspace: &mut Keyspace, frame: &FrameRef<'_>) -> Result<(), String> {
    match frame.kind {
        KIND_EFFECTS => keyspace.replay(frame.payload).map_err(|error| error.to_string()),
        KIND_BIRTH => Ok(()),
        _ => Err("a step of a kind that this program does not know".into()),
    }
}

/// Cuts what an interrupted write left at the end of the last tail, if nobody was promised that it stays. Returns how
/// much that was.
pub(crate) fn cut_torn_end(chain: &Chain, position: Position) -> Result<u64, StorageError> {
    let Some((tail, extent)) = chain.tails.last().zip(position.last) else { return Ok(0) };
    if tail.head.is_promised {
        tail.check_whole(extent)?;
    }
    if !extent.is_torn() {
        return Ok(0);
    }
    tail.cut(extent)?;
    Ok(extent.file_bytes - extent.bytes)
}

impl Tail {
    /// Cuts all that follows the last good frame. Synced, so that new frames never stand before old ones.
    pub(crate) fn cut(&self, extent: Extent) -> Result<(), StorageError> {
        self.file.set_len(extent.bytes).on(&self.path)?;
        self.file.sync().on(&self.path)
    }
}

/// Removes files that do not count any more, once it is certain that those stay which count: a process that was killed may
/// have given a snapshot its name, and not synced that.
pub(crate) fn remove_garbage(
    disk: &dyn Disk,
    directory: &Path,
    listing: &Listing,
) -> Result<(), StorageError> {
    let garbage = listing.garbage(directory);
    if !garbage.is_empty() {
        disk.sync_dir(directory).on_sync(directory)?;
    }
    garbage.iter().try_for_each(|path| disk.remove(path).on(path))
}
