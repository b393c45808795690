//! What a database takes of memory, asleep and awake, beside a `redis-server` of its own.

use std::path::Path;
use std::{env, fs, process, thread};

use anyhow::Result;
use clap::Args;

use crate::client::{Client, Place};
use crate::process::{Process, create_database};

#[derive(Args)]
pub(crate) struct Options {
    /// How many databases.
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u64).range(1..=100_000))]
    databases: u64,
}

/// What each of them holds.
const KEYS: u64 = 10;
/// So many are made at the same time.
const CREATING: u64 = 16;
/// More would only say the same.
const REDIS_SERVERS: u64 = 10;

pub(crate) fn run(latchkey: &Path, options: &Options) -> Result<()> {
    let scratch = env::temp_dir().join(format!("latchkey-memory-{}", process::id()));
    fs::create_dir_all(&scratch)?;
    let measured = measure(latchkey, &scratch, options.databases);
    fs::remove_dir_all(&scratch)?;
    measured
}

fn measure(latchkey: &Path, scratch: &Path, databases: u64) -> Result<()> {
    let data = scratch.join("latchkey");
    let alone = Process::latchkey(latchkey, &data, "everysec")?.proportional_bytes()?;
    let server = Process::latchkey(latchkey, &data, "everysec")?;
    let create = |n| create_database(latchkey, &data, &format!("db-{n}"), "everysec", &server.place);
    // Each time the command waits until the server has seen the database.
    let create_some =
        |first| (first..databases).step_by(CREATING as usize).map(create).collect::<Result<Vec<_>>>();
    let places: Vec<Place> = thread::scope(|scope| {
        let threads: Vec<_> = (0..CREATING).map(|first| scope.spawn(move || create_some(first))).collect();
        let created = threads.into_iter().map(|thread| thread.join().expect("it does not panic"));
        Ok::<_, anyhow::Error>(created.collect::<Result<Vec<_>>>()?.into_iter().flatten().collect())
    })?;
    drop(server);
    // Anew, so that nothing is left of how they were made.
    let server = Process::latchkey(latchkey, &data, "everysec")?;
    let asleep = server.proportional_bytes()?;
    places.iter().try_for_each(|place| fill(&Place { address: server.place.address, ..place.clone() }))?;
    let awake = server.proportional_bytes()?;
    let each = |bytes: u64| bytes as f64 / databases as f64 / 1024.0;
    let (asleep_kb, awake_kb) = (each(asleep.saturating_sub(alone)), each(awake.saturating_sub(alone)));
    let redis_kb = redis_kilobytes(scratch)?;
    println!("{databases} databases of {KEYS} small keys; memory that is shared counts in part (PSS)\n");
    println!("| | KB for each | of a redis-server |");
    println!("|---|---:|---:|");
    println!("| latchkey without them | {:.0} in all | |", alone as f64 / 1024.0);
    for (name, kilobytes) in [("asleep", asleep_kb), ("awake", awake_kb), ("a redis-server", redis_kb)] {
        println!("| {name} | {kilobytes:.1} | 1/{:.0} |", redis_kb / kilobytes);
    }
    Ok(())
}

fn redis_kilobytes(scratch: &Path) -> Result<f64> {
    let start = |n: u64| Process::redis(&scratch.join(format!("redis-{n}")), None);
    let servers = (0..REDIS_SERVERS).map(start).collect::<Result<Vec<_>>>()?;
    servers.iter().try_for_each(|server| fill(&server.place))?;
    let bytes = servers.iter().map(Process::proportional_bytes).sum::<Result<u64>>()?;
    Ok(bytes as f64 / REDIS_SERVERS as f64 / 1024.0)
}

fn fill(place: &Place) -> Result<()> {
    let mut client = Client::connect(place)?;
    (0..KEYS).try_for_each(|n| client.run(&[b"SET", format!("key:{n}").as_bytes(), b"value"]).map(drop))
}
