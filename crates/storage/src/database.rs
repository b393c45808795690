//! What this process knows of one database: where it stands, and the frames that its tail lacks.

use std::collections::VecDeque;
use std::path::PathBuf;

use latchkey_journal::{FLAG_NOT_PROMISED, FrameRef, Journal, Lsn, Record, Scanner, Urgency};
use parking_lot::{Mutex, RwLock};

use crate::names::{self, Tombstone};
use crate::tail::{Head, Tail, UNLOGGED};

/// When a step survives a crash.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// When its reply is sent.
    #[default]
    Always,
    /// A second later at most.
    EverySecond,
    /// When the database has gone to sleep, or at some time before.
    None,
}

impl Durability {
    /// Whether steps are in the log.
    pub(crate) fn is_logged(self) -> bool {
        self != Self::None
    }
}

/// A database that is awake, or has something left to be written, or is being compacted. The locks are taken in this
/// order: `files`, `names`, `core`.
#[derive(Debug)]
pub(crate) struct Database {
    pub(crate) id: [u8; 16],
    pub(crate) directory: PathBuf,
    /// Held while files are read or written.
    pub(crate) files: Mutex<Files>,
    /// Held to write while a new snapshot takes the place of older files, and to read by whoever opens them without the
    /// lock on `files`, which is held as long as a waking takes.
    pub(crate) names: RwLock<()>,
    /// Held for moments; no I/O under it.
    pub(crate) core: Mutex<Core>,
}

impl Database {
    pub(crate) fn new(id: [u8; 16]) -> Self {
        let directory = names::directory(id);
        Self {
            id,
            directory,
            files: Mutex::default(),
            names: RwLock::default(),
            core: Mutex::new(Core::asleep(id)),
        }
    }
}

/// The open files of a database.
#[derive(Debug, Default)]
pub(crate) struct Files {
    /// The tail that is written to.
    pub(crate) tail: Option<OpenTail>,
    /// Whether its directory is there, synced.
    pub(crate) has_directory: bool,
}

/// A tail that is written to.
#[derive(Debug)]
pub(crate) struct OpenTail {
    pub(crate) tail: Tail,
    /// Where the next frame goes.
    pub(crate) bytes: u64,
    /// The last step in it.
    pub(crate) seq: u64,
    /// Whether all in it is synced, with a seal at its end if it is promised.
    pub(crate) is_synced: bool,
    /// So much of it was there when it was opened, and the process that wrote it may have ended before, or because, a sync
    /// failed: neither its name nor, if it is not promised, what can be read in it is on the disk for certain. 0 if that
    /// has been seen to, or if it was made here.
    pub(crate) found_bytes: u64,
}

/// Where a database stands.
#[derive(Debug)]
pub(crate) struct Core {
    pub(crate) is_awake: bool,
    /// How often it was woken.
    pub(crate) wakes: u64,
    /// Goes up when the database is deleted, so that a compaction sees that it is about another one.
    pub(crate) life: u64,
    /// The mark of a deletion that has begun and is not finished.
    pub(crate) going: Option<Tombstone>,
    /// The snapshot that a running compaction writes.
    pub(crate) compacting: Option<u64>,
    pub(crate) durability: Durability,
    /// The last step.
    pub(crate) seq: u64,
    /// The last frame in the log.
    pub(crate) last_lsn: Lsn,
    /// The tail that the next step goes to.
    pub(crate) head: Head,
    /// Frames that wait to be written, in order, the chunk that is being filled last.
    chunks: VecDeque<Chunk>,
    pub(crate) pending_bytes: u64,
    /// The first frame of the log that is not synced in a tail.
    pub(crate) unsynced_lsn: Option<Lsn>,
    /// Whether a tail has, or is about to get, steps that are not synced in it, be they in the log or not.
    pub(crate) is_unsynced: bool,
    /// The length of the newest snapshot.
    pub(crate) snapshot_bytes: u64,
    /// What its entries count by the formula for stored bytes; a snapshot is compressed and may be much shorter.
    pub(crate) snapshot_value_bytes: u64,
    /// The length of all tails since, frames that wait included.
    pub(crate) tail_bytes: u64,
    /// Whether somebody was told that there is a chunk to be written.
    pub(crate) is_queued_to_write: bool,
    /// Whether somebody was told that the tails have grown too long.
    pub(crate) is_queued_to_compact: bool,
}

/// Frames that are written to a tail at once.
#[derive(Debug)]
pub(crate) struct Chunk {
    /// The tail that they are for.
    pub(crate) head: Head,
    pub(crate) bytes: Vec<u8>,
    /// The first of them that is in the log.
    first_lsn: Option<Lsn>,
    /// The last of them that is in the log.
    pub(crate) last_lsn: Lsn,
    /// The last step.
    pub(crate) seq: u64,
    /// Whether it is full, or has to end for another reason.
    is_closed: bool,
}

/// Which chunks to write, of those that the log has for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Which {
    /// Closed ones.
    Closed,
    /// All steps, also those of the chunk that is being filled.
    All,
}

impl Core {
    fn asleep(id: [u8; 16]) -> Self {
        let head = Head { database: id, generation: 0, after_seq: 0, seed: 0, salt: 0, is_promised: true };
        Self {
            is_awake: false,
            wakes: 0,
            life: 0,
            going: None,
            compacting: None,
            durability: Durability::default(),
            seq: 0,
            last_lsn: Lsn::NONE,
            head,
            chunks: VecDeque::new(),
            pending_bytes: 0,
            unsynced_lsn: None,
            is_unsynced: false,
            snapshot_bytes: 0,
            snapshot_value_bytes: 0,
            tail_bytes: 0,
            is_queued_to_write: false,
            is_queued_to_compact: false,
        }
    }

    /// Notes a step: in the log, unless its durability is `none`, and for the tail. Memory only.
    pub(crate) fn append(&mut self, journal: &Journal, kind: u8, payload: &[u8]) {
        self.seq += 1;
        let (database, seq) = (self.head.database, self.seq);
        let flags = if self.durability.is_logged() { 0 } else { FLAG_NOT_PROMISED };
        let logged = self
            .urgency()
            .map(|urgency| journal.append(Record { database, seq, kind, flags, payload }, urgency));
        self.last_lsn = logged.unwrap_or(self.last_lsn);
        self.unsynced_lsn = self.unsynced_lsn.or(logged);
        let lsn = logged.unwrap_or(UNLOGGED);
        let salt = self.head.salt;
        let chunk = self.open_chunk();
        let before = chunk.bytes.len();
        FrameRef { lsn, database, seq, kind, flags, payload }.encode(salt, &mut chunk.bytes);
        let bytes = (chunk.bytes.len() - before) as u64;
        chunk.first_lsn = chunk.first_lsn.or(logged);
        chunk.last_lsn = logged.unwrap_or(chunk.last_lsn);
        chunk.seq = seq;
        self.pending_bytes += bytes;
        self.tail_bytes += bytes;
    }

    fn urgency(&self) -> Option<Urgency> {
        match self.durability {
            Durability::Always => Some(Urgency::Now),
            Durability::EverySecond => Some(Urgency::Soon),
            Durability::None => None,
        }
    }

    fn open_chunk(&mut self) -> &mut Chunk {
        if self.chunks.back().is_none_or(|chunk| chunk.is_closed) {
            self.chunks.push_back(Chunk {
                head: self.head,
                bytes: Vec::new(),
                first_lsn: None,
                last_lsn: Lsn::NONE,
                seq: self.seq,
                is_closed: false,
            });
        }
        self.chunks.back_mut().expect("one was just put there")
    }

    /// Closes the chunk that is being filled if it is so large. Whether it was.
    pub(crate) fn close_chunk_from(&mut self, bytes: usize) -> bool {
        let Some(chunk) = self.chunks.back_mut() else { return false };
        chunk.is_closed |= chunk.bytes.len() >= bytes;
        chunk.is_closed
    }

    /// Lets the next step begin another tail. Returns its generation: all steps so far are in tails before it.
    pub(crate) fn cut(&mut self, salt: u64) -> u64 {
        self.close_chunk_from(0);
        if self.seq > self.head.after_seq {
            self.head.generation += 1;
            self.head.after_seq = self.seq;
            self.head.salt = salt;
        }
        self.head.generation
    }

    /// Takes the next steps to be written out of the queue, as far as the log is durable. They count as unsynced until
    /// [`note_synced`](Self::note_synced).
    pub(crate) fn take_chunk(&mut self, which: Which, durable: Lsn) -> Option<Chunk> {
        let chunk = self.chunks.front_mut()?;
        let taken = if which == Which::Closed && !chunk.is_closed {
            None
        } else if chunk.last_lsn <= durable {
            self.chunks.pop_front()
        } else {
            chunk.split(durable)
        };
        self.pending_bytes -= taken.as_ref().map_or(0, |chunk| chunk.bytes.len() as u64);
        self.is_unsynced |= taken.is_some();
        taken
    }

    /// Puts back what could not be written.
    pub(crate) fn put_back(&mut self, mut chunk: Chunk) {
        chunk.is_closed = true;
        self.pending_bytes += chunk.bytes.len() as u64;
        self.chunks.push_front(chunk);
    }

    /// All that was taken is synced in tails now.
    pub(crate) fn note_synced(&mut self) {
        self.unsynced_lsn = self.chunks.iter().find_map(|chunk| chunk.first_lsn);
        self.is_unsynced = false;
    }

    /// Whether a full chunk waits.
    pub(crate) fn has_closed_chunk(&self) -> bool {
        self.chunks.front().is_some_and(|chunk| chunk.is_closed)
    }

    /// Whether anything waits to be written.
    pub(crate) fn has_chunks(&self) -> bool {
        !self.chunks.is_empty()
    }

    /// Forgets all, because the database is deleted. Returns how many bytes had waited.
    pub(crate) fn end_life(&mut self, tombstone: Tombstone) -> u64 {
        let ended = std::mem::replace(self, Self::asleep(self.head.database));
        self.life = ended.life + 1;
        // It goes on: a compaction that has cut a tail must not take that for one of the next life.
        self.wakes = ended.wakes;
        self.going = Some(tombstone);
        // A compaction of it may still run: it finds that it is in vain.
        self.compacting = ended.compacting;
        self.is_queued_to_compact = ended.is_queued_to_compact;
        self.is_queued_to_write = ended.is_queued_to_write;
        ended.pending_bytes
    }

    /// Whether nothing is to be remembered.
    pub(crate) fn is_idle(&self) -> bool {
        !self.is_awake
            && self.chunks.is_empty()
            && self.unsynced_lsn.is_none()
            && !self.is_unsynced
            && self.going.is_none()
            && self.compacting.is_none()
            && !self.is_queued_to_compact
    }
}

impl Chunk {
    /// Takes the steps at its beginning that the log has for good, if there are any.
    fn split(&mut self, durable: Lsn) -> Option<Self> {
        let mut frames = Scanner::new(&self.bytes, self.head.salt);
        let mut split = (0, self.seq);
        while let Some(frame) = frames.next() {
            if frame.lsn > durable {
                self.first_lsn = Some(frame.lsn);
                break;
            }
            split = (frames.offset(), frame.seq);
        }
        let (offset, seq) = split;
        if offset == 0 {
            return None;
        }
        let rest = self.bytes.split_off(offset);
        let bytes = std::mem::replace(&mut self.bytes, rest);
        Some(Self { head: self.head, bytes, first_lsn: None, last_lsn: durable, seq, is_closed: true })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: a compaction that waited while a database was deleted and made anew sees that it did.
    #[test]
    fn a_new_life_does_not_count_from_the_beginning() {
        let mut core = Core::asleep([1; 16]);
        core.wakes = 3;
        core.end_life(Tombstone { database: [1; 16], lsn: 0, is_gone: false });
        assert_eq!((core.wakes, core.life), (3, 1));
    }
}
