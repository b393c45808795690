//! Copies of whole databases: out of a disk that a server may run on, and in as new ones.

use std::path::{Path, PathBuf};

use latchkey_journal::Disk;
use latchkey_keyspace::Keyspace;
use latchkey_keyspace::codec::encode_entry;

use crate::error::{OnFile, StorageError};
use crate::names::{self, Listing};
use crate::outside::{Copy, Logged, retrying};
use crate::snapshot::{Head, Writer};
use crate::storage::Storage;
use crate::write::make_directory;

/// What was written of a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Copied {
    /// Its keys.
    pub keys: u64,
    /// The length of its snapshot.
    pub file_bytes: u64,
}

/// The first step of a database that begins with a snapshot stands for all that is in it.
const IMPORTED_SEQ: u64 = 1;

/// The generation that a database begins with.
const GENERATION: u64 = 1;

/// Reads a database as it is at one moment, with all that was acknowledged before this was called. `log` is the
/// directory of the log. `None` if nothing is stored. Memory for the database and its frames in the log.
pub fn read(disk: &dyn Disk, log: &Path, id: [u8; 16]) -> Result<Option<Keyspace>, StorageError> {
    Ok(read_live(disk, log, id)?.map(|copy| copy.keyspace))
}

/// Reads what [`copy_out`] has written, as it is: nobody writes there any more, and there is no log. `None` if nothing is
/// stored.
pub fn read_copy(copies: &dyn Disk, id: [u8; 16]) -> Result<Option<Keyspace>, StorageError> {
    Ok(Copy::read(copies, id, &[])?.map(|copy| copy.keyspace))
}

/// Writes one snapshot with all of a database to another disk, in the place where a server looks for it. Only reads
/// from `disk`, on which a server may run. `None` if nothing is stored. `now_ms` is the time since the epoch.
///
/// The snapshot is written from its beginning to its end and synced once, so `target` may be one whose files come to be
/// with their sync. After an error part of it may be there under its name: whoever keeps copies says which are whole.
pub fn copy_out(
    disk: &dyn Disk,
    log: &Path,
    id: [u8; 16],
    target: &dyn Disk,
    now_ms: i64,
) -> Result<Option<Copied>, StorageError> {
    let Some(copy) = read_live(disk, log, id)? else { return Ok(None) };
    let directory = new_directory(target, id)?;
    let path = names::snapshot(&directory, GENERATION);
    let head = head(id, &copy.keyspace, copy.seq, now_ms);
    let file_bytes = write_snapshot(target, &path, &head, &copy.keyspace)?;
    target.sync_dir(&directory).on(&directory)?;
    Ok(Some(Copied { keys: copy.keyspace.keys() as u64, file_bytes }))
}

/// Writes a keyspace as a new database. No server runs on the disk: one that does has [`Storage::import`].
/// [`StorageError::Exists`] if there is one of this id.
pub fn import(
    disk: &dyn Disk,
    id: [u8; 16],
    keyspace: &Keyspace,
    now_ms: i64,
) -> Result<Copied, StorageError> {
    let directory = new_directory(disk, id)?;
    let unfinished = names::unfinished(&directory, GENERATION);
    let file_bytes = write_snapshot(disk, &unfinished, &head(id, keyspace, IMPORTED_SEQ, now_ms), keyspace)?;
    let path = names::snapshot(&directory, GENERATION);
    disk.rename(&unfinished, &path).on(&path)?;
    disk.sync_dir(&directory).on(&directory)?;
    Ok(Copied { keys: keyspace.keys() as u64, file_bytes })
}

impl Storage {
    /// Writes a keyspace as a new database, which then sleeps. Blocking. [`StorageError::Exists`] if there is one of
    /// this id, [`StorageError::Awake`] if it is in use.
    pub fn import(&self, id: [u8; 16], keyspace: &Keyspace, now_ms: i64) -> Result<Copied, StorageError> {
        let inner = self.inner();
        let database = inner.database(id);
        let files = inner.settle(&database)?;
        let imported = if database.core.lock().is_awake {
            Err(StorageError::Awake)
        } else {
            inner.finish_deletion(&database).and_then(|()| import(&*inner.disk, id, keyspace, now_ms))
        };
        drop(files);
        inner.forget_if_idle(&database);
        imported
    }
}

fn read_live(disk: &dyn Disk, log: &Path, id: [u8; 16]) -> Result<Option<Copy>, StorageError> {
    retrying(|| {
        let mut logged = Logged::read(disk, log, Some(id))?;
        if logged.going.contains(&id) {
            return Ok(None);
        }
        Copy::read(disk, id, &logged.of.remove(&id).unwrap_or_default())
    })
}

/// The directory of a database that is not there yet.
fn new_directory(disk: &dyn Disk, id: [u8; 16]) -> Result<PathBuf, StorageError> {
    let directory = names::directory(id);
    if !Listing::read(disk, &directory)?.is_empty() {
        return Err(StorageError::Exists);
    }
    make_directory(disk, &directory)?;
    Ok(directory)
}

fn head(database: [u8; 16], keyspace: &Keyspace, seq: u64, created_ms: i64) -> Head {
    Head { database, generation: GENERATION, seq, seed: keyspace.seed(), created_ms }
}

fn write_snapshot(
    disk: &dyn Disk,
    path: &Path,
    head: &Head,
    keyspace: &Keyspace,
) -> Result<u64, StorageError> {
    let file = disk.create(path).on(path)?;
    let mut writer = Writer::new(file, head).on(path)?;
    writer.push_libraries(keyspace.libraries()).on(path)?;
    for (hash, key, entry) in keyspace.in_hash_order() {
        let encode = |out: &mut Vec<u8>| encode_entry(out, key, entry.expires_at_ms(), entry.value());
        writer.push(hash, encode).on(path)?;
    }
    writer.finish(keyspace.bytes()).on(path)
}
