//! One database that is awake, as whoever has its keyspace sees its files.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use latchkey_journal::{KIND_EFFECTS, Lsn};

use crate::database::{Database, Durability};
use crate::error::StorageError;
use crate::storage::{Inner, Storage};
use crate::tail::KIND_BIRTH;

/// Takes the steps of one database. It lives beside the keyspace, under its lock: steps come in the order in which they
/// happened.
///
/// One that is dropped without [`sleep`](Self::sleep) loses nothing: what it took is written by
/// [`Storage::tend`], or when the database is woken next.
#[derive(Debug)]
pub struct Shelf {
    storage: Storage,
    database: Arc<Database>,
    woken: Woken,
}

/// What it took to wake a database.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Woken {
    /// Entries that were read from a snapshot.
    pub entries: u64,
    /// Steps that were done again.
    pub steps: u64,
    /// Bytes that an interrupted write had left, and nobody had been promised. They are gone.
    pub cut_bytes: u64,
}

impl Shelf {
    pub(crate) fn new(storage: Storage, database: Arc<Database>, woken: Woken) -> Self {
        Self { storage, database, woken }
    }

    /// Takes the effects of one step, at most [`PAYLOAD_BYTES_MAX`](latchkey_journal::PAYLOAD_BYTES_MAX). Memory only.
    /// Returns the number of its frame in the log, to wait for; without a log, that of the last one before.
    ///
    /// Callers ask [`Storage::is_congested`] before they execute: nothing here waits for the disk.
    pub fn append(&mut self, record: &[u8]) -> Lsn {
        let inner = self.storage.inner();
        let mut core = self.database.core.lock();
        let before = core.pending_bytes;
        if core.seq == 0 {
            let seed = core.head.seed.to_le_bytes();
            core.append(inner.journal(), KIND_BIRTH, &seed);
        }
        core.append(inner.journal(), KIND_EFFECTS, record);
        inner.pending_bytes.fetch_add(core.pending_bytes - before, Relaxed);
        if core.close_chunk_from(inner.settings.chunk_bytes) {
            inner.queue_to_write(&self.database, &mut core);
        }
        inner.queue_to_compact_if_due(&self.database, &mut core);
        core.last_lsn
    }

    /// The number of the last step: 0 if there was none. It counts one more than the records, for the birth.
    pub fn position(&self) -> u64 {
        self.database.core.lock().seq
    }

    /// The last frame of this database in the log since it woke: whoever was shown what it holds waits for it.
    pub fn last_lsn(&self) -> Lsn {
        self.database.core.lock().last_lsn
    }

    /// What it took to wake it.
    pub fn woken(&self) -> Woken {
        self.woken
    }

    /// When steps are durable.
    pub fn durability(&self) -> Durability {
        self.database.core.lock().durability
    }

    /// Changes when coming steps are durable. Blocking: between `none` and the others, all steps so far are written and
    /// synced first.
    pub fn set_durability(&mut self, durability: Durability) -> Result<(), StorageError> {
        let inner = self.storage.inner();
        if durability.is_logged() != self.durability().is_logged() {
            inner.cut(&self.database);
            drop(inner.settle(&self.database)?);
        }
        let mut core = self.database.core.lock();
        core.durability = durability;
        core.head.is_promised = durability.is_logged();
        Ok(())
    }

    /// Writes and syncs all steps, and lets the database go. Blocking.
    ///
    /// If that fails, nothing is lost: the steps wait in memory (and in the log, unless durability is `none`), and
    /// [`Storage::tend`] tries again.
    pub fn sleep(self) -> Result<(), StorageError> {
        let inner = self.storage.inner();
        drop(inner.settle(&self.database)?);
        inner.queue_to_compact_asleep(&self.database, &mut self.database.core.lock());
        Ok(())
    }
}

impl Drop for Shelf {
    fn drop(&mut self) {
        let inner: &Inner = self.storage.inner();
        let mut core = self.database.core.lock();
        core.is_awake = false;
        if core.close_chunk_from(0) || core.is_unsynced {
            inner.queue_to_write(&self.database, &mut core);
        }
        drop(core);
        inner.forget_if_idle(&self.database);
    }
}
