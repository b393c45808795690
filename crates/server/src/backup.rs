//! `latchkey backup` and `latchkey restore`: databases as files of their own, in a directory or a bucket, also while a
//! server uses them.

use std::io;
use std::path::Path;

use anyhow::{Context, Result, bail};
use latchkey_journal::Disk;
use latchkey_local::SystemClock;
use latchkey_pipeline::Clock;
use latchkey_storage::Copied;
use latchkey_tenancy::{DatabaseId, DatabaseRecord};
use serde::{Deserialize, Serialize};

use crate::cli::{BackupOptions, RestoreOptions};
use crate::place::{self, Place};
use crate::telemetry::say;
use crate::{databases, tokens};

/// Where a node has its log, below its directory.
pub(crate) const LOG: &str = "log";

/// The file that says what a backup holds.
const INDEX_FILE: &str = "backup.json";
/// It has about 200 bytes for each database.
const INDEX_BYTES_MAX: usize = 256 << 20;
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
    let source = place::directory(&options.data.data)?;
    let target = options.to.open_new()?;
    let created_ms = SystemClock.now_ms();
    let mut index = Index { format: FORMAT, created_ms, databases: Vec::new() };
    for record in records {
        let Copied { keys, file_bytes } = save(&record, &source, &*target, created_ms)
            .with_context(|| format!("cannot back up '{}'", record.name))?;
        say(format_args!("{}  {keys} keys  {file_bytes} bytes", record.name));
        let (name, id, plan) = (record.name, hexadecimal(record.id), record.plan);
        index.databases.push(Saved { name, id, plan, keys, file_bytes });
    }
    // Last: a backup without it is one that was interrupted.
    let text = serde_json::to_vec_pretty(&index).context("an index is plain data")?;
    write(&*target, &text).with_context(|| format!("cannot write {INDEX_FILE} to {}", options.to))
}

fn save(record: &DatabaseRecord, source: &dyn Disk, target: &dyn Disk, now_ms: u64) -> Result<Copied> {
    let (log, id) = (Path::new(LOG), *record.id.as_bytes());
    let Some(copied) = latchkey_storage::copy_out(source, log, id, target, now_ms.cast_signed())? else {
        return Ok(Copied { keys: 0, file_bytes: 0 });
    };
    let read = latchkey_storage::read_copy(target, id)?.context("the copy is not there")?;
    if read.keys() as u64 != copied.keys {
        bail!("the copy holds {} keys instead of {}", read.keys(), copied.keys);
    }
    Ok(copied)
}

fn write(target: &dyn Disk, index: &[u8]) -> io::Result<()> {
    let file = target.create(Path::new(INDEX_FILE))?;
    file.write_at(index, 0)?;
    file.sync()?;
    target.sync_dir(Path::new(""))
}

/// Makes a new database of one in a backup.
pub(crate) fn restore(options: &RestoreOptions) -> Result<()> {
    let source = options.from.open()?;
    let index = read(&*source, &options.from)?;
    let known = || index.databases.iter().map(|saved| saved.name.as_str()).collect::<Vec<_>>().join(", ");
    let saved = index.databases.iter().find(|saved| saved.name == options.saved);
    let saved =
        saved.with_context(|| format!("the backup has no '{}': it has {}", options.saved, known()))?;
    let id = u128::from_str_radix(&saved.id, 16).with_context(|| format!("in {INDEX_FILE}"))?;
    let keyspace = latchkey_storage::read_copy(&*source, id.to_be_bytes())
        .with_context(|| format!("cannot read '{}' from {}", saved.name, options.from))?;
    let keys = keyspace.as_ref().map_or(0, |keyspace| keyspace.keys() as u64);
    if keys != saved.keys {
        bail!("the backup of '{}' holds {keys} keys, and its index says {}", saved.name, saved.keys);
    }
    databases::create(&options.create, keyspace.as_ref())
}

fn read(source: &dyn Disk, place: &Place) -> Result<Index> {
    let text = match read_index(source) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            bail!("{place} is no backup, or one that was interrupted: there is no {INDEX_FILE}")
        }
        read => read.with_context(|| format!("cannot read {INDEX_FILE} from {place}"))?,
    };
    let index: Index =
        serde_json::from_slice(&text).with_context(|| format!("in {INDEX_FILE} from {place}"))?;
    if index.format != FORMAT {
        bail!("{place} has format {}, and this version reads {FORMAT}", index.format);
    }
    Ok(index)
}

fn read_index(source: &dyn Disk) -> io::Result<Vec<u8>> {
    let file = source.open(Path::new(INDEX_FILE))?;
    let bytes = usize::try_from(file.len()?).ok().filter(|&bytes| bytes <= INDEX_BYTES_MAX);
    let mut text = vec![0; bytes.ok_or(io::ErrorKind::FileTooLarge)?];
    file.read_at(&mut text, 0)?;
    Ok(text)
}

fn hexadecimal(id: DatabaseId) -> String {
    format!("{:032x}", u128::from_be_bytes(*id.as_bytes()))
}
