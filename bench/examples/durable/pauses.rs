//! How long requests take while a large database is written anew, beside Redis that rewrites its append-only file.
//!
//! One client writes at a steady rate over all keys, so that the server writes a snapshot now and then. Meanwhile others
//! ask for a small key, of the same database and of another one, once a millisecond each. A request that begins late,
//! because the one before was slow, counts from when it should have begun.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};
use std::{env, fs, process};

use anyhow::{Result, bail};
use clap::Args;

use crate::client::{Client, Place};
use crate::process::{Process, create_database};

#[derive(Args)]
pub(crate) struct Options {
    /// How large the database is, in megabytes of values.
    #[arg(long, default_value_t = 1024, value_parser = clap::value_parser!(u64).range(8..=100_000))]
    megabytes: u64,
    /// Megabytes that are written a second meanwhile.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..=1_000))]
    rate: u64,
    /// So many snapshots are waited for.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u64).range(1..=100))]
    snapshots: u64,
    /// `always`, `everysec`: for both servers.
    #[arg(long, default_value = "everysec", value_parser = ["always", "everysec"])]
    durability: String,
}

const VALUE_BYTES: usize = 1000;
const BATCH: u64 = 16;
const ASK_EVERY: Duration = Duration::from_millis(1);
const LOOK_EVERY: Duration = Duration::from_millis(2);
/// If there are no snapshots by then, something is wrong.
const PATIENCE: Duration = Duration::from_secs(1800);

pub(crate) fn run(latchkey: &Path, options: &Options) -> Result<()> {
    let scratch = env::temp_dir().join(format!("latchkey-pauses-{}", process::id()));
    fs::create_dir_all(&scratch)?;
    let measured = of_latchkey(latchkey, &scratch, options).and_then(|()| of_redis(&scratch, options));
    fs::remove_dir_all(&scratch)?;
    measured
}

fn of_latchkey(binary: &Path, scratch: &Path, options: &Options) -> Result<()> {
    let data = scratch.join("latchkey");
    let server = Process::latchkey(binary, &data, &options.durability)?;
    let other = create_database(binary, &data, "other", &options.durability, &server.place)?;
    let files = data.join("db");
    measure("latchkey", &server.place, &other, options, || Ok(has_unfinished(&files)))?;
    // A process that is killed leaves its page cache behind, so this is the restart after a crash of the process.
    drop(server);
    let began = Instant::now();
    let server = Process::latchkey(binary, &data, &options.durability)?;
    print_restart("latchkey", &server.place, began, options)
}

fn of_redis(scratch: &Path, options: &Options) -> Result<()> {
    let data = scratch.join("redis");
    let server = Process::redis(&data, Some(&options.durability))?;
    let other = Place { greeting: ["SELECT", "1"].map(str::to_owned).to_vec(), ..server.place.clone() };
    let mut informant = Client::connect(&server.place)?;
    measure("redis", &server.place, &other, options, || {
        let info = informant.run(&[b"INFO", b"persistence"])?;
        Ok(String::from_utf8_lossy(&info).contains("aof_rewrite_in_progress:1"))
    })?;
    drop(server);
    let began = Instant::now();
    let server = Process::redis(&data, Some(&options.durability))?;
    print_restart("redis", &server.place, began, options)
}

fn print_restart(name: &str, place: &Place, began: Instant, options: &Options) -> Result<()> {
    Client::connect(place)?.run(&[b"GET", b"probe"])?;
    let seconds = began.elapsed().as_secs_f64();
    let per_gigabyte = seconds * 1024.0 / options.megabytes as f64;
    println!(
        "{name}: first GET {seconds:.2} s after the start that follows a kill, {per_gigabyte:.2} s for each GB"
    );
    Ok(())
}

/// Whether a snapshot is being written anywhere below a directory.
fn has_unfinished(directory: &PathBuf) -> bool {
    fs::read_dir(directory).into_iter().flatten().flatten().any(|entry| {
        let path = entry.path();
        if path.is_dir() { has_unfinished(&path) } else { path.extension().is_some_and(|it| it == "tmp") }
    })
}

/// What all threads of a measurement share.
#[derive(Default)]
struct Shared {
    is_over: AtomicBool,
    /// Whether a snapshot is being written.
    is_writing: AtomicBool,
    written_bytes: AtomicU64,
}

fn measure(
    name: &str,
    own: &Place,
    other: &Place,
    options: &Options,
    mut is_writing: impl FnMut() -> Result<bool>,
) -> Result<()> {
    let keys = (options.megabytes << 20) / VALUE_BYTES as u64;
    let mut writer = Writer::connect(own, keys)?;
    (0..keys).step_by(BATCH as usize).try_for_each(|first| writer.write(|at| first + at))?;
    while is_writing()? {
        thread::sleep(LOOK_EVERY);
    }
    let shared = Shared::default();
    thread::scope(|scope| {
        let load = scope.spawn(|| writer.write_steadily(options.rate << 20, &shared));
        let probes =
            [("same", own, "GET"), ("same", own, "SET"), ("other", other, "GET"), ("other", other, "SET")];
        let probes = probes.map(|(whose, place, command)| {
            let shared = &shared;
            (whose, command, scope.spawn(move || probe(place, command, shared)))
        });
        let watched = watch(&shared, options.snapshots, &mut is_writing);
        shared.is_over.store(true, Relaxed);
        println!("\n{name}, {} MB, `{}`, ms", options.megabytes, options.durability);
        println!("| database | command | snapshot | requests | p50 | p99 | p99.9 | longest |");
        println!("|---|---|---|---:|---:|---:|---:|---:|");
        for (whose, command, probe) in probes {
            let Ok(times) = probe.join() else { bail!("a client panicked") };
            times?.print(whose, command);
        }
        let Ok(loaded) = load.join() else { bail!("the load panicked") };
        loaded?;
        let (seconds, while_writing) = watched?;
        let written = shared.written_bytes.load(Relaxed) as f64 / 1e6 / seconds;
        println!(
            "\n{written:.1} MB/s were written, for {seconds:.0} s; in {while_writing:.0} s of them, a snapshot"
        );
        Ok(())
    })
}

/// Until so many snapshots are finished. How long that took in seconds, and how long of it they were written.
fn watch(
    shared: &Shared,
    snapshots: u64,
    is_writing: &mut impl FnMut() -> Result<bool>,
) -> Result<(f64, f64)> {
    let began = Instant::now();
    let (mut finished, mut while_writing, mut looked) = (0, Duration::ZERO, began);
    while finished < snapshots {
        let before = shared.is_writing.swap(is_writing()?, Relaxed);
        let now = Instant::now();
        if before {
            while_writing += now - looked;
            finished += u64::from(!shared.is_writing.load(Relaxed));
        }
        looked = now;
        if began.elapsed() > PATIENCE {
            bail!("{finished} snapshots in {PATIENCE:?}");
        }
        thread::sleep(LOOK_EVERY);
    }
    Ok((began.elapsed().as_secs_f64(), while_writing.as_secs_f64()))
}

/// Writes values that do not compress.
struct Writer {
    client: Client,
    keys: u64,
    noise: Vec<u8>,
    state: u64,
}

impl Writer {
    fn connect(place: &Place, keys: u64) -> Result<Self> {
        let mut writer = Self { client: Client::connect(place)?, keys, noise: Vec::new(), state: 1 };
        writer.noise = (0..1 << 20).map(|_| (writer.chance() >> 56) as u8).collect();
        Ok(writer)
    }

    fn chance(&mut self) -> u64 {
        self.state = self.state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
        self.state
    }

    /// Writes a batch of values under the keys with these numbers.
    fn write(&mut self, key: impl Fn(u64) -> u64) -> Result<()> {
        for at in 0..BATCH {
            let start = (self.chance() >> 33) as usize % (self.noise.len() - VALUE_BYTES);
            let name = format!("key:{:012}", key(at) % self.keys);
            self.client.queue(&[b"SET", name.as_bytes(), &self.noise[start..start + VALUE_BYTES]]);
        }
        self.client.flush()?;
        (0..BATCH).try_for_each(|_| self.client.read().map(drop))
    }

    fn write_steadily(&mut self, bytes_per_second: u64, shared: &Shared) -> Result<()> {
        let (began, batch_bytes) = (Instant::now(), BATCH * VALUE_BYTES as u64);
        for batch in 0.. {
            if shared.is_over.load(Relaxed) {
                break;
            }
            let due = Duration::from_secs_f64((batch * batch_bytes) as f64 / bytes_per_second as f64);
            thread::sleep(due.saturating_sub(began.elapsed()));
            let draw = self.chance() >> 16;
            self.write(|at| draw.wrapping_mul(2 * at + 1) >> 8)?;
            shared.written_bytes.fetch_add(batch_bytes, Relaxed);
        }
        Ok(())
    }
}

/// Asks once a millisecond.
fn probe(place: &Place, command: &str, shared: &Shared) -> Result<Times> {
    let mut client = Client::connect(place)?;
    let words: &[&[u8]] = if command == "GET" { &[b"GET", b"probe"] } else { &[b"SET", b"probe", b"value"] };
    let (began, mut times) = (Instant::now(), Times::default());
    for number in 0.. {
        if shared.is_over.load(Relaxed) {
            break;
        }
        let due = began + ASK_EVERY * number;
        thread::sleep(due.saturating_duration_since(Instant::now()));
        let was_writing = shared.is_writing.load(Relaxed);
        client.run(words)?;
        let took = due.elapsed();
        // What began or ended in the time of a snapshot is of it.
        let is_of_snapshot = was_writing || shared.is_writing.load(Relaxed);
        if is_of_snapshot { times.while_writing.push(took) } else { times.otherwise.push(took) }
    }
    Ok(times)
}

/// How long requests took.
#[derive(Default)]
struct Times {
    while_writing: Vec<Duration>,
    otherwise: Vec<Duration>,
}

impl Times {
    fn print(mut self, whose: &str, command: &str) {
        for (when, times) in [("no", &mut self.otherwise), ("yes", &mut self.while_writing)] {
            times.sort_unstable();
            let at = |share: f64| {
                let index = (times.len() as f64 * share) as usize;
                times.get(index).or(times.last()).map_or(f64::NAN, |time| time.as_secs_f64() * 1e3)
            };
            println!(
                "| {whose} | {command} | {when} | {} | {:.2} | {:.2} | {:.2} | {:.2} |",
                times.len(),
                at(0.5),
                at(0.99),
                at(0.999),
                at(1.0)
            );
        }
    }
}
