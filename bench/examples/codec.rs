//! What it costs to record a change, to load a snapshot and to hash a key: `cargo run --release -p latchkey-bench --example codec`.
#![allow(clippy::print_stdout)] // it prints figures; that is what it is for

use std::hint::black_box;
use std::time::{Duration, Instant};

use anyhow::Result;
use latchkey_keyspace::codec::{EncodedEntries, encode_entry};
use latchkey_keyspace::value::Text;
use latchkey_keyspace::{Keyspace, Now};

/// The same allocator as the server's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const NOW: Now = Now::from_ms(1_767_323_045_678);
const KEYS: usize = 10_000;
/// With names and values of 116 bytes together and the formula's 48: 256 MiB of stored bytes.
const SNAPSHOT_KEYS: usize = (256 << 20) / (48 + 116);

fn main() -> Result<()> {
    let keys: Vec<String> = (0..SNAPSHOT_KEYS).map(|number| format!("key:{number:012}")).collect();
    let (plain, recorded) = (best(|| set(&keys[..KEYS], false)), best(|| set(&keys[..KEYS], true)));
    println!("SET of 100 bytes: {plain:.1} ns, recorded {recorded:.1} ns: {:.1} ns more", recorded - plain);
    let space = Keyspace::new(7);
    let hashed = best(|| {
        let start = Instant::now();
        for key in &keys[..KEYS] {
            black_box(space.hash_of(black_box(key.as_bytes())));
        }
        nanoseconds_each(start.elapsed(), KEYS)
    });
    println!("hash of a key of 16 bytes: {hashed:.1} ns");
    snapshot(&keys)
}

/// The least of some runs, in nanoseconds.
fn best(mut run: impl FnMut() -> f64) -> f64 {
    (0..50).map(|_| run()).fold(f64::INFINITY, f64::min)
}

fn nanoseconds_each(took: Duration, times: usize) -> f64 {
    took.as_nanos() as f64 / times as f64
}

/// How long one of many SETs takes, as [`Keyspace::edit`] does it, with its record taken and given back if there is one.
fn set(keys: &[String], records: bool) -> f64 {
    let mut keyspace = Keyspace::new(7);
    let value = [b'v'; 100];
    let rounds: usize = 5;
    let mut took = Duration::ZERO;
    for round in 0..=rounds {
        let start = Instant::now();
        for key in keys {
            if records {
                keyspace.begin_record();
            }
            keyspace.edit(NOW).put(key.as_bytes(), Text::from(&value[..]));
            if records {
                let record = keyspace.take_record();
                black_box(record.bytes());
                keyspace.reuse_record(record);
            }
        }
        // In the first round the map grows.
        took += if round == 0 { Duration::ZERO } else { start.elapsed() };
    }
    nanoseconds_each(took, rounds * keys.len())
}

fn snapshot(keys: &[String]) -> Result<()> {
    let mut keyspace = Keyspace::new(7);
    let value = [b'v'; 100];
    keys.iter().for_each(|key| keyspace.edit(NOW).put(key.as_bytes(), Text::from(&value[..])));
    let start = Instant::now();
    let mut bytes = Vec::new();
    for (_, key, entry) in keyspace.in_hash_order() {
        encode_entry(&mut bytes, key, entry.expires_at_ms(), entry.value());
    }
    let (keys, stored) = (keyspace.keys(), keyspace.bytes());
    println!("{keys} keys, {stored} stored bytes, {} on disk: encoded in {:?}", bytes.len(), start.elapsed());
    drop(keyspace);
    let start = Instant::now();
    let mut loaded = Keyspace::new(7);
    loaded.reserve(keys);
    for entry in EncodedEntries::new(&bytes) {
        loaded.load(&entry?)?;
    }
    println!("loaded in {:?}", start.elapsed());
    Ok(())
}
