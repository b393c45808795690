//! Reading a few keys of a database that sleeps, without waking it.
//!
//! A snapshot's index leads to the blocks that can have the keys; the tails are gone through for the steps that touch
//! them. Nothing is locked but for the moment in which files are opened, so this goes on beside a waking. Files of a
//! database that sleeps do not change but by compaction, and an open file stays what it was. That it slept all the
//! while is looked at afterwards: so what is answered is what the database held at some time between.

use std::collections::BTreeSet;
use std::ops::Range;

use latchkey_journal::{FrameRef, KIND_EFFECTS};
use latchkey_keyspace::codec::{EncodedEntries, Touched, touched};
use latchkey_keyspace::{Keyspace, Now};

use crate::chain::{Chain, Position};
use crate::database::Database;
use crate::error::StorageError;
use crate::names::Listing;
use crate::snapshot::{Block, Snapshot, Unpacker};
use crate::storage::{Inner, Storage};
use crate::tail::{KIND_BIRTH, Tail};

/// Tails that are longer together are not gone through: then it is as well to wake the database. Those of one that fell
/// asleep in order are shorter, unless it is very large.
const TAILS_BYTES_MAX: u64 = 128 << 20;
/// So much of a snapshot is read, packed or unpacked.
const BLOCKS_BYTES_MAX: usize = 4 << 20;
/// So long are the steps together that are done again.
const STEPS_BYTES_MAX: usize = 4 << 20;
/// So many keys are looked for, with those that became them by renaming.
const KEYS_MAX: usize = 32;
/// So often tails are gone through: again for each key that, as it turns out, has had another name.
const PASSES_MAX: usize = 4;
/// After so many steps it is looked whether the database still sleeps.
const STEPS_BETWEEN_LOOKS: u64 = 4096;

/// Some keys of a database, as it was at one moment.
#[derive(Debug)]
pub struct Peeked {
    /// The keys that were asked for are as in the database. Of any other it tells nothing, nor of libraries.
    pub keyspace: Keyspace,
    /// The number of the last step, as [`Shelf::position`](crate::Shelf::position) gives it.
    pub position: u64,
}

impl Storage {
    /// Reads these keys of a database that sleeps, or is being woken. Blocking, for a millisecond, and one more for each
    /// megabyte of tails at most; memory of 20 MiB at most beyond the keys' values.
    ///
    /// `None` wherever waking the database is the better way: if it is awake, if nothing is stored, if the keys are too
    /// many or their values too large, if the tails are too long, or if anything is not as it should be, which waking
    /// tells of.
    pub fn peek(&self, id: [u8; 16], keys: &[&[u8]]) -> Option<Peeked> {
        let database = self.inner().database(id);
        let peeked = self.inner().peek(&database, keys);
        self.inner().forget_if_idle(&database);
        peeked
    }
}

impl Inner {
    fn peek(&self, database: &Database, keys: &[&[u8]]) -> Option<Peeked> {
        self.check().ok()?;
        let before = Sleep::of(database)?;
        let chain = self.open_beside(database).ok()?;
        let still_sleeps = || Sleep::of(database).as_ref() == Some(&before);
        let peeked = Search::new(keys, &still_sleeps).run(&chain)?;
        // Steps that wait to be written to a tail are missing in it.
        (still_sleeps() && peeked.position >= before.seq).then_some(peeked)
    }

    /// Opens the files of a database that somebody else may be waking.
    fn open_beside(&self, database: &Database) -> Result<Chain, StorageError> {
        let _names = database.names.read();
        let listing = Listing::read(&*self.disk, &database.directory)?;
        Chain::open(&*self.disk, &database.directory, database.id, &listing)
    }
}

/// What stays the same as long as a database sleeps.
#[derive(Debug, PartialEq, Eq)]
struct Sleep {
    wakes: u64,
    life: u64,
    /// The last step, if this process has seen one.
    seq: u64,
}

impl Sleep {
    /// `None` if it is awake or being deleted.
    fn of(database: &Database) -> Option<Self> {
        let core = database.core.lock();
        let sleeps = !core.is_awake && core.going.is_none();
        sleeps.then_some(Self { wakes: core.wakes, life: core.life, seq: core.seq })
    }
}

/// What has to be read to know some keys.
struct Search<'a> {
    /// The keys, and those that were renamed to one of them.
    keys: BTreeSet<Vec<u8>>,
    /// The steps that touch them, in order.
    steps: Vec<Vec<u8>>,
    steps_bytes: usize,
    /// How many steps were met.
    steps_seen: u64,
    still_sleeps: &'a dyn Fn() -> bool,
}

impl<'a> Search<'a> {
    fn new(keys: &[&[u8]], still_sleeps: &'a dyn Fn() -> bool) -> Self {
        let keys = keys.iter().map(|key| key.to_vec()).collect();
        Self { keys, steps: Vec::new(), steps_bytes: 0, steps_seen: 0, still_sleeps }
    }

    fn run(mut self, chain: &Chain) -> Option<Peeked> {
        let mut keyspace = Keyspace::new(chain.seed()?);
        let position = self.find_steps(chain)?;
        if let Some(snapshot) = &chain.snapshot {
            self.load(snapshot, &mut keyspace)?;
        }
        for step in &self.steps {
            keyspace.replay_some(step, |key| self.keys.contains(key)).ok()?;
        }
        Some(Peeked { keyspace, position: position.seq })
    }

    /// Goes through the tails until no more keys are found that matter.
    fn find_steps(&mut self, chain: &Chain) -> Option<Position> {
        if chain.tail_bytes().ok()? > TAILS_BYTES_MAX {
            return None;
        }
        for _ in 0..PASSES_MAX {
            let known = self.keys.len();
            (self.steps, self.steps_bytes) = (Vec::new(), 0);
            let position = chain.visit(|tail, offset, frame| self.note(tail, offset, frame)).ok()?;
            check_end(chain, position).ok()?;
            if self.is_too_much() {
                return None;
            }
            if self.keys.len() == known {
                return Some(position);
            }
        }
        None
    }

    /// Keeps a step that touches the keys.
    fn note(&mut self, tail: &Tail, offset: u64, frame: &FrameRef<'_>) -> Result<(), StorageError> {
        self.steps_seen += 1;
        if self.steps_seen.is_multiple_of(STEPS_BETWEEN_LOOKS) && !(self.still_sleeps)() {
            return Err(StorageError::Awake);
        }
        if frame.kind == KIND_BIRTH || self.is_too_much() {
            return Ok(());
        }
        if frame.kind != KIND_EFFECTS {
            return Err(tail.damaged(offset, "a step of a kind that this program does not know"));
        }
        let mut matters = false;
        let keys = &mut self.keys;
        touched(frame.payload, |what| {
            if let Touched::Renamed { source, destination } = what
                && keys.contains(destination)
                && !keys.contains(source)
            {
                keys.insert(source.to_vec());
            }
            matters |= what.is_any(|key| keys.contains(key));
        })
        .map_err(|error| tail.damaged(offset, error.to_string()))?;
        if matters {
            self.steps_bytes += frame.payload.len();
            self.steps.push(frame.payload.to_vec());
        }
        Ok(())
    }

    fn is_too_much(&self) -> bool {
        self.keys.len() > KEYS_MAX || self.steps_bytes > STEPS_BYTES_MAX
    }

    /// Puts the keys as the snapshot has them.
    fn load(&self, snapshot: &Snapshot, keyspace: &mut Keyspace) -> Option<()> {
        let places = self.keys.iter().map(|key| (key, snapshot.find(keyspace.hash_of(key))));
        let places: Vec<_> = places.filter(|(_, blocks)| !blocks.is_empty()).collect();
        let blocks: BTreeSet<usize> = places.iter().flat_map(|(_, blocks)| blocks.clone()).collect();
        self.load_blocks(snapshot, &blocks, keyspace)?;
        // Of two keys with one hash, the first may end the block before.
        let is_sure = |(key, blocks): &(&Vec<u8>, Range<usize>)| {
            let shares_hash = snapshot.hashes_of(blocks.start).0 == keyspace.hash_of(key);
            !shares_hash || keyspace.view(Now::BEFORE_ALL).exists(key)
        };
        places.iter().all(is_sure).then_some(())
    }

    fn load_blocks(
        &self,
        snapshot: &Snapshot,
        blocks: &BTreeSet<usize>,
        keyspace: &mut Keyspace,
    ) -> Option<()> {
        let stored_bytes: u64 = blocks.iter().map(|&block| snapshot.bytes_of(block)).sum();
        if stored_bytes > BLOCKS_BYTES_MAX as u64 {
            return None;
        }
        let (mut unpacker, mut raw_bytes) = (Unpacker::default(), 0);
        let is_wanted = |block| blocks.contains(&block);
        let visited = snapshot.visit(is_wanted, |_, block| {
            raw_bytes += block.raw_bytes();
            if raw_bytes > BLOCKS_BYTES_MAX {
                Ok(())
            } else {
                self.load_block(&block, &mut unpacker, keyspace)
            }
        });
        (visited.is_ok() && raw_bytes <= BLOCKS_BYTES_MAX).then_some(())
    }

    fn load_block(
        &self,
        block: &Block<'_>,
        unpacker: &mut Unpacker,
        keyspace: &mut Keyspace,
    ) -> Result<(), StorageError> {
        for entry in EncodedEntries::new(block.raw(unpacker)?) {
            let entry = entry.map_err(|error| block.damaged(error.to_string()))?;
            if self.keys.contains(entry.key) && !entry.is_library() {
                keyspace.load(&entry).map_err(|error| block.damaged(error.to_string()))?;
            }
        }
        Ok(())
    }
}

/// An error if the end of the last tail is lost. One that nobody was promised may be torn.
fn check_end(chain: &Chain, position: Position) -> Result<(), StorageError> {
    match chain.tails.last().zip(position.last) {
        Some((tail, extent)) if tail.head.is_promised => tail.check_whole(extent),
        _ => Ok(()),
    }
}
