//! `latchkey backup` and `latchkey restore`: databases as directories of their own, also while a server uses them.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use latchkey_journal::RealDisk;
use latchkey_local::SystemClock;
use latchkey_pipeline::Clock;
use latchkey_storage::Copied;
use latchkey_tenancy::{DatabaseId, DatabaseRecord};
use serde::{Deserialize, Serialize};

use crate::cli::{BackupOptions, RestoreOptions};
use crate::telemetry::say;
use crate::{databases, tokens};

/// Where a node has its log, below its directory.
pub(crate) const LOG: &str = "log";

/// The file that says what a backup holds.
const INDEX_FILE: &str = "backup.json";
/// The format of that file, and of what stands beside it.
const FORMAT: u32 = 1;

#[derive(Debug, Serialize, Deserialize)]
struct Index {
    format: u32,
    created_ms: u64,
    databases: Vec<Saved>,
}

/// A database in a backup. Its files are where a server would look for them.
#[derive(Debug, Serialize, Deserialize)]
struct Saved {
    name: String,
    /// 32 hexadecimal digits.
    id: String,
    plan: String,
    keys: u64,
    file_bytes: u64,
}

/// Writes one snapshot for each database, and reads it again to see that it is what was meant.
pub(crate) fn backup(options: &BackupOptions) -> Result<()> {
    let control = tokens::open(&options.data)?;
    let records = match &options.databases[..] {
        [] => control.databases().wait()?,
        names => names.iter().map(|name| tokens::database(&control, name)).collect::<Result<Vec<_>>>()?,
    };
    let source = disk(&options.data.data)?;
    let target = new_directory(&options.to)?;
    let created_ms = SystemClock.now_ms();
    let mut index = Index { format: FORMAT, created_ms, databases: Vec::new() };
    for record in records {
        let Copied { keys, file_bytes } = save(&record, &source, &target, created_ms)
            .with_context(|| format!("cannot back up '{}'", record.name))?;
        say(format_args!("{}  {keys} keys  {file_bytes} bytes", record.name));
        let (name, id, plan) = (record.name, hexadecimal(record.id), record.plan);
        index.databases.push(Saved { name, id, plan, keys, file_bytes });
    }
    // Last: a backup without it is one that was interrupted.
    let path = options.to.join(INDEX_FILE);
    let text = serde_json::to_vec_pretty(&index).context("an index is plain data")?;
    fs::write(&path, text)
        .and_then(|()| fs::File::open(&path)?.sync_all())
        .with_context(|| cannot_write(&path))
}

fn save(record: &DatabaseRecord, source: &RealDisk, target: &RealDisk, now_ms: u64) -> Result<Copied> {
    let (log, id) = (Path::new(LOG), *record.id.as_bytes());
    let Some(copied) = latchkey_storage::copy_out(source, log, id, target, now_ms.cast_signed())? else {
        return Ok(Copied { keys: 0, file_bytes: 0 });
    };
    let read = latchkey_storage::read(target, log, id)?.context("the copy is not there")?;
    if read.keys() as u64 != copied.keys {
        bail!("the copy holds {} keys instead of {}", read.keys(), copied.keys);
    }
    Ok(copied)
}

/// Makes a new database of one in a backup.
pub(crate) fn restore(options: &RestoreOptions) -> Result<()> {
    let path = options.from.join(INDEX_FILE);
    let text = fs::read(&path)
        .with_context(|| format!("{} is no backup, or one that was interrupted", options.from.display()))?;
    let index: Index = serde_json::from_slice(&text).with_context(|| format!("in {}", path.display()))?;
    if index.format != FORMAT {
        bail!("{} has format {}, and this version reads {FORMAT}", path.display(), index.format);
    }
    let known = || index.databases.iter().map(|saved| saved.name.as_str()).collect::<Vec<_>>().join(", ");
    let saved = index.databases.iter().find(|saved| saved.name == options.saved);
    let saved =
        saved.with_context(|| format!("the backup has no '{}': it has {}", options.saved, known()))?;
    let id = u128::from_str_radix(&saved.id, 16).with_context(|| format!("in {}", path.display()))?;
    let keyspace = latchkey_storage::read(&disk(&options.from)?, Path::new(LOG), id.to_be_bytes())?;
    let keys = keyspace.as_ref().map_or(0, |keyspace| keyspace.keys() as u64);
    if keys != saved.keys {
        bail!("the backup of '{}' holds {keys} keys, and its index says {}", saved.name, saved.keys);
    }
    databases::create(&options.create, keyspace.as_ref())
}

/// The files below a directory that has to exist.
pub(crate) fn disk(directory: &Path) -> Result<RealDisk> {
    if !directory.is_dir() {
        bail!("there is no directory {}", directory.display());
    }
    RealDisk::new(directory).with_context(|| format!("cannot use {}", directory.display()))
}

fn new_directory(path: &Path) -> Result<RealDisk> {
    if path.read_dir().is_ok_and(|mut entries| entries.next().is_some()) {
        bail!("{} is not empty: name a new directory", path.display());
    }
    fs::create_dir_all(path).with_context(|| cannot_write(path))?;
    RealDisk::new(path).with_context(|| cannot_write(path))
}

fn cannot_write(path: &Path) -> String {
    format!("cannot write {}", path.display())
}

fn hexadecimal(id: DatabaseId) -> String {
    format!("{:032x}", u128::from_be_bytes(*id.as_bytes()))
}
