//! How many records a second this disk makes durable: `cargo run --release -p latchkey-journal --example durable_appends -- DIRECTORY`.
#![allow(clippy::print_stdout)] // it prints figures; that is what it is for

use std::error::Error;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use latchkey_journal::{Journal, KIND_EFFECTS, Lsn, RealDisk, Record, Settings, Urgency};

const WAITERS: usize = 64;
const PAYLOAD: [u8; 128] = [b'x'; 128];
const ROUND: Duration = Duration::from_secs(3);

fn main() -> Result<(), Box<dyn Error>> {
    let directory =
        std::env::args().nth(1).ok_or("which directory? It must not exist; it is left for you to remove")?;
    if std::fs::exists(&directory)? {
        return Err(format!("{directory} exists").into());
    }
    for waiters in [1, WAITERS] {
        let disk = Arc::new(RealDisk::new(&directory)?);
        let journal = Journal::start(disk, Settings::new(1), Lsn::FIRST, |error| panic!("{error}"))?;
        let mut waits = thread::scope(|scope| {
            let threads: Vec<_> =
                (0..waiters).map(|_| scope.spawn(|| append_for_a_round(&journal))).collect();
            threads
                .into_iter()
                .flat_map(|thread| thread.join().expect("no appender panics"))
                .collect::<Vec<_>>()
        });
        waits.sort_unstable();
        let per_second = waits.len() as u64 / ROUND.as_secs();
        let (median, slow) = (waits[waits.len() / 2], waits[waits.len() * 99 / 100]);
        println!(
            "{waiters:>3} waiting: {per_second:>8} a second, half within {median:?}, 99 % within {slow:?}"
        );
        journal.close()?;
    }
    Ok(())
}

/// One record at a time, each waited for. How long each took. Segments are freed as if tails took the frames at once.
fn append_for_a_round(journal: &Journal) -> Vec<Duration> {
    let started = Instant::now();
    let mut waits = Vec::new();
    while started.elapsed() < ROUND {
        let record = Record { database: [1; 16], seq: 1, kind: KIND_EFFECTS, flags: 0, payload: &PAYLOAD };
        let before = Instant::now();
        let lsn = journal.append(record, Urgency::Now);
        journal.wait_blocking(lsn).expect("the disk works");
        waits.push(before.elapsed());
        journal.release(lsn);
    }
    waits
}
