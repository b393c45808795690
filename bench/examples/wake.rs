//! What it costs to wake a database, to read one key before that, and to compact one: `cargo run --release -p latchkey-bench --example wake`.
#![allow(clippy::print_stdout)] // it prints figures; that is what it is for

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use latchkey_journal::{Disk, RealDisk};
use latchkey_keyspace::value::Text;
use latchkey_keyspace::{Keyspace, Now};
use latchkey_storage::{Durability, Settings, Storage};

/// The same allocator as the server's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const NOW: Now = Now::from_ms(1_767_323_045_678);
/// A name of 16 bytes and a value of 104.
const ENTRY_BYTES: usize = 120;
const ID: [u8; 16] = [1; 16];

fn main() -> Result<()> {
    for megabytes in [1, 16, 256] {
        let directory = std::env::temp_dir().join(format!("latchkey-wake-{}", std::process::id()));
        let measured = measure(&directory, (megabytes << 20) / ENTRY_BYTES);
        std::fs::remove_dir_all(&directory)?;
        println!("{megabytes} MiB of entries: {}", measured?);
    }
    Ok(())
}

fn measure(directory: &Path, keys: usize) -> Result<String> {
    std::fs::create_dir_all(directory)?;
    let disk: Arc<dyn Disk> = Arc::new(RealDisk::new(directory)?);
    let (storage, _) = Storage::open(disk, Settings::new(1), |_| {})?;
    storage.import(ID, &filled(keys), 0)?;
    let file_bytes = storage.disk_bytes(ID)?;
    let mut from_snapshot = Duration::MAX;
    for _ in 0..5 {
        from_snapshot = from_snapshot.min(woken(&storage)?);
    }
    let key_of_snapshot = peeked(&storage, keys)?;
    change(&storage, keys, 100)?;
    let from_both = woken(&storage)?;
    let key_of_both = peeked(&storage, keys)?;
    let start = Instant::now();
    storage.compact(ID, 0)?;
    let compacted = start.elapsed();
    change(&storage, keys, 4)?;
    let (from_long_tail, key_of_long_tail) = (woken(&storage)?, peeked(&storage, keys)?);
    Ok(format!(
        "snapshot of {file_bytes} bytes, woken in {from_snapshot:.1?}, a key in {key_of_snapshot:.1?}; \
         with 1 % changed in {from_both:.1?}, a key in {key_of_both:.1?}; compacted in {compacted:.1?}; \
         with 25 % changed in {from_long_tail:.1?}, a key in {key_of_long_tail:.1?}"
    ))
}

/// Reads keys from files, each as if it were the first, and tells how long half of them took.
fn peeked(storage: &Storage, keys: usize) -> Result<Duration> {
    const PEEKS: usize = 101;
    let mut took = Vec::new();
    for number in (0..PEEKS).map(|peek| peek * 7919 % keys) {
        let name = name(number);
        let start = Instant::now();
        let found = storage.peek(ID, &[name.as_bytes()]).context("the key has to be read by waking")?;
        took.push(start.elapsed());
        ensure!(found.keyspace.view(NOW).exists(name.as_bytes()), "{name} is lost");
    }
    took.sort_unstable();
    Ok(took[PEEKS / 2])
}

fn woken(storage: &Storage) -> Result<Duration> {
    let start = Instant::now();
    let (keyspace, shelf) = storage.wake(ID, Durability::Always, 1)?;
    let took = start.elapsed();
    shelf.sleep()?;
    drop(keyspace);
    Ok(took)
}

/// Changes one key in so many.
fn change(storage: &Storage, keys: usize, step: usize) -> Result<()> {
    let (mut keyspace, mut shelf) = storage.wake(ID, Durability::EverySecond, 1)?;
    for number in (0..keys).step_by(step) {
        keyspace.begin_record();
        put(&mut keyspace, number, 1);
        shelf.append(keyspace.take_record().bytes());
    }
    shelf.sleep()?;
    Ok(())
}

fn filled(keys: usize) -> Keyspace {
    let mut keyspace = Keyspace::new(7);
    (0..keys).for_each(|number| put(&mut keyspace, number, 0));
    keyspace
}

/// A value that compresses about as well as a token or a number does in text.
fn put(keyspace: &mut Keyspace, number: usize, version: u64) {
    let mut value = String::with_capacity(104 + 16);
    let mut noise = (number as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ version;
    while value.len() < 104 {
        noise = noise.wrapping_mul(0xd129_0c4d_5b6e_8f21).rotate_left(29) ^ 0x5851_f42d_4c95_7f2d;
        value.push_str(&format!("{noise:016x}"));
    }
    let text = Text::from(&value.as_bytes()[..104]);
    keyspace.edit(NOW).put(name(number).as_bytes(), text);
}

fn name(number: usize) -> String {
    format!("key:{number:012}")
}
