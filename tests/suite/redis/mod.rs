//! Against a real Redis: values go to and fro, and commands answer the same.
//!
//! The server is the `redis-server` of the PATH, which has to be a 7.0 (Debian 12: `apt-get install redis-server`; `tests/run`
//! does it). Without it these tests say so and pass as skipped, unless the clients are required: then they fail.
//!
//! What is tried is random, from a seed that is printed. It is always the same, so that no change fails for what another one
//! did; `LATCHKEY_SEED` gives another to whoever looks for more.

mod differential;
mod dump;
mod examples;
mod file;
mod ours;
mod protocol;
mod server;
mod socket;
mod tracking;
mod wire;

use std::env;

use fastrand::Rng;

const SEED: u64 = 7;

/// The chance of this run.
#[allow(clippy::print_stderr)] // the seed belongs to the test's output
fn chance() -> Rng {
    let given = env::var("LATCHKEY_SEED").ok().map(|seed| seed.parse().expect("LATCHKEY_SEED is a number"));
    let seed = given.unwrap_or(SEED);
    eprintln!("LATCHKEY_SEED={seed}");
    Rng::with_seed(seed)
}

/// The words of a command.
type Line = Vec<Vec<u8>>;

/// The words of a line, split at spaces.
fn line(text: &str) -> Line {
    text.split(' ').map(|word| word.as_bytes().to_vec()).collect()
}

/// A command as it can be read in the message of a failure.
fn shown(line: &Line) -> String {
    let words = line.iter().map(|word| {
        let word = word.escape_ascii().to_string();
        if word.is_empty() || word.contains(' ') { format!("\"{word}\"") } else { word }
    });
    words.collect::<Vec<_>>().join(" ")
}

/// Whether a text is a pattern's, in which `*` stands for anything.
fn matches(pattern: &str, text: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(text) = text.strip_prefix(start) else { return false };
    (0..=text.len()).filter(|&at| text.is_char_boundary(at)).any(|at| matches(rest, &text[at..]))
}
