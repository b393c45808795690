//! What it costs to wake a database and to compact one: `cargo run --release -p latchkey-bench --example wake`.
#![allow(clippy::print_stdout)] // it prints figures; that is what it is for

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Result;
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
    let changed = change(&storage, keys)?;
    let from_both = woken(&storage)?;
    let start = Instant::now();
    storage.compact(ID, 0)?;
    let compacted = start.elapsed();
    Ok(format!(
        "snapshot of {file_bytes} bytes, woken in {from_snapshot:.1?}; \
         with a tail of {changed} steps in {from_both:.1?}; compacted in {compacted:.1?}"
    ))
}

fn woken(storage: &Storage) -> Result<Duration> {
    let start = Instant::now();
    let (keyspace, shelf) = storage.wake(ID, Durability::Always, 1)?;
    let took = start.elapsed();
    shelf.sleep()?;
    drop(keyspace);
    Ok(took)
}

/// Changes one key in a hundred.
fn change(storage: &Storage, keys: usize) -> Result<usize> {
    let (mut keyspace, mut shelf) = storage.wake(ID, Durability::EverySecond, 1)?;
    for number in (0..keys).step_by(100) {
        keyspace.begin_record();
        put(&mut keyspace, number, 1);
        shelf.append(keyspace.take_record().bytes());
    }
    shelf.sleep()?;
    Ok(keys.div_ceil(100))
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
    keyspace.edit(NOW).put(format!("key:{number:012}").as_bytes(), text);
}
