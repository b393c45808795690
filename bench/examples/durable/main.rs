//! What durability costs others, beside Redis: `cargo run --release -p latchkey-bench --example durable -- --help`.
#![allow(clippy::print_stdout)] // it prints figures; that is what it is for

mod client;
mod memory;
mod pauses;
mod process;

use std::path::PathBuf;

use anyhow::Result;
use clap::{Parser, Subcommand};

#[derive(Parser)]
struct Options {
    /// A release build of latchkey.
    #[arg(long, default_value = "target/release/latchkey")]
    latchkey: PathBuf,
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// How long requests take while a large database is written to a new snapshot, and how long a start takes after a kill.
    Pauses(pauses::Options),
    /// What a database takes of memory, asleep and awake.
    Memory(memory::Options),
}

fn main() -> Result<()> {
    let options = Options::parse();
    match options.what {
        What::Pauses(pauses) => pauses::run(&options.latchkey, &pauses),
        What::Memory(memory) => memory::run(&options.latchkey, &memory),
    }
}
