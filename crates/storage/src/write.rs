//! Writing what waits into tails, and syncing them.

use std::future::Future;
use std::io;
use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

use latchkey_journal::{Disk, FrameRef, Lsn};
use parking_lot::MutexGuard;

use crate::database::{Chunk, Database, Files, OpenTail, Which};
use crate::error::{OnFile, StorageError};
use crate::names;
use crate::storage::Inner;
use crate::tail::{Extent, KIND_SEAL, Tail, UNLOGGED};

/// Whoever waits for the log looks so often whether that is in vain.
const LOOK_FOR_ROOM_EVERY: Duration = Duration::from_millis(10);

impl Inner {
    /// Writes and syncs all steps there are. Waits for the log to have them first, without a lock: whoever frees the
    /// log's segments may need it. If there is no room, that is an error, and the steps stay where they are.
    pub(crate) fn settle<'a>(&self, database: &'a Database) -> Result<MutexGuard<'a, Files>, StorageError> {
        loop {
            let last_lsn = database.core.lock().last_lsn;
            self.journal().hurry();
            self.await_log(last_lsn)?;
            let mut files = database.files.lock();
            self.write(database, &mut files, Which::All)?;
            if !database.core.lock().has_chunks() {
                self.sync(database, &mut files)?;
                return Ok(files);
            }
        }
    }

    /// Blocks until the log has a frame for good, or finds no room for it.
    fn await_log(&self, lsn: Lsn) -> Result<(), StorageError> {
        let waker = Waker::from(Arc::new(Unpark(thread::current())));
        let mut waiting = pin!(self.journal().wait(lsn));
        loop {
            if let Poll::Ready(durable) = waiting.as_mut().poll(&mut Context::from_waker(&waker)) {
                return Ok(durable?);
            }
            if self.journal().is_full() {
                return Err(io::ErrorKind::StorageFull.into()).on(&self.settings.journal.directory);
            }
            thread::park_timeout(LOOK_FOR_ROOM_EVERY);
        }
    }

    /// Writes chunks that the log has for good into their tails.
    pub(crate) fn write(
        &self,
        database: &Database,
        files: &mut Files,
        which: Which,
    ) -> Result<(), StorageError> {
        self.check()?;
        while let Some(chunk) = self.take_chunk(database, which) {
            let written = self.write_chunk(database, files, &chunk);
            self.tails_are_full.store(written.as_ref().is_err_and(StorageError::is_full), Relaxed);
            if let Err(error) = written {
                database.core.lock().put_back(chunk);
                return Err(self.judge(error));
            }
            // Not before: until then it is in memory.
            self.pending_bytes.fetch_sub(chunk.bytes.len() as u64, Relaxed);
        }
        Ok(())
    }

    /// Syncs what was written.
    pub(crate) fn sync(&self, database: &Database, files: &mut Files) -> Result<(), StorageError> {
        self.check()?;
        if let Some(open) = &mut files.tail {
            open.sync(&*self.disk).map_err(|error| self.judge(error))?;
        }
        database.core.lock().note_synced();
        Ok(())
    }

    /// A disk that refuses anything but room ends the service: nobody knows what its files hold.
    pub(crate) fn judge(&self, error: StorageError) -> StorageError {
        if !error.is_full() && !error.is_damage() {
            self.fail(&error);
        }
        error
    }

    /// What it returns still counts as pending.
    fn take_chunk(&self, database: &Database, which: Which) -> Option<Chunk> {
        database.core.lock().take_chunk(which, self.journal().durable())
    }

    fn write_chunk(&self, database: &Database, files: &mut Files, chunk: &Chunk) -> Result<(), StorageError> {
        let open = self.tail_for(database, files, chunk)?;
        open.is_synced = false;
        open.tail.file.write_at(&chunk.bytes, open.bytes).on(&open.tail.path)?;
        open.bytes += chunk.bytes.len() as u64;
        open.seq = chunk.seq;
        Ok(())
    }

    /// The tail that a chunk is for: the one that is open, or a new one.
    fn tail_for<'a>(
        &self,
        database: &Database,
        files: &'a mut Files,
        chunk: &Chunk,
    ) -> Result<&'a mut OpenTail, StorageError> {
        let is_another = |open: &OpenTail| open.tail.head.generation != chunk.head.generation;
        if files.tail.as_ref().is_some_and(is_another) {
            // Of several tails, only the last may lack its end.
            files.tail.as_mut().expect("just seen").sync(&*self.disk)?;
            files.tail = None;
        }
        if files.tail.is_none() {
            self.make_directory(database, files)?;
            let path = names::tail(&database.directory, chunk.head.generation);
            files.tail = Some(OpenTail::of(Tail::create(&*self.disk, &path, chunk.head)?));
        }
        Ok(files.tail.as_mut().expect("just put there"))
    }

    fn make_directory(&self, database: &Database, files: &mut Files) -> Result<(), StorageError> {
        if !files.has_directory {
            make_directory(&*self.disk, &database.directory)?;
            files.has_directory = true;
        }
        Ok(())
    }
}

/// Wakes a thread that waits for the log.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

impl OpenTail {
    /// One without frames.
    pub(crate) fn of(tail: Tail) -> Self {
        let (bytes, seq) = (crate::tail::HEAD_BYTES as u64, tail.head.after_seq);
        Self { tail, bytes, seq, is_synced: true, found_bytes: 0 }
    }

    /// One that was there, as far as it can be read. The log had all steps of one that is promised.
    pub(crate) fn found(tail: Tail, extent: Extent) -> Self {
        let (bytes, seq, is_synced) = (extent.bytes, extent.seq, tail.head.is_promised);
        Self { tail, bytes, seq, is_synced, found_bytes: bytes }
    }

    /// Seals and syncs it. An error of the sync is never tried again: the caller ends the service.
    pub(crate) fn sync(&mut self, disk: &dyn Disk) -> Result<(), StorageError> {
        if self.is_synced {
            return Ok(());
        }
        if self.found_bytes > 0 {
            let directory = self.tail.path.parent().expect("a tail is in its database's directory");
            disk.sync_dir(directory).on_sync(directory)?;
            if !self.tail.head.is_promised {
                self.tail.write_anew(self.found_bytes)?;
            }
            self.found_bytes = 0;
        }
        if self.tail.head.is_promised {
            self.seal()?;
        }
        self.tail.file.sync().on_sync(&self.tail.path)?;
        self.is_synced = true;
        Ok(())
    }

    /// Ends it with a seal. The file has to be synced next.
    pub(crate) fn seal(&mut self) -> Result<(), StorageError> {
        let head = self.tail.head;
        let seal = FrameRef {
            lsn: UNLOGGED,
            database: head.database,
            seq: self.seq,
            kind: KIND_SEAL,
            flags: 0,
            payload: &[],
        };
        let mut bytes = Vec::new();
        seal.encode(head.salt, &mut bytes);
        self.tail.file.write_at(&bytes, self.bytes).on(&self.tail.path)?;
        self.bytes += bytes.len() as u64;
        Ok(())
    }
}

/// Makes the directory of a database, for good.
pub(crate) fn make_directory(disk: &dyn Disk, directory: &Path) -> Result<(), StorageError> {
    disk.create_dir(directory).on(directory)?;
    let parents = directory.ancestors().skip(1).take_while(|parent| !parent.as_os_str().is_empty());
    for parent in parents {
        disk.sync_dir(parent).on(parent)?;
    }
    Ok(())
}
