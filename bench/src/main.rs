//! What a request costs, beside a server that does nothing: `cargo run --release -p latchkey-bench -- path/to/latchkey`.
#![allow(clippy::print_stdout)] // it prints figures; that is what it is for

mod bare;
mod load;
mod server;
mod stat;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Result, bail};
use clap::{Parser, Subcommand};
use tokio::runtime;

use crate::load::Request;
use crate::server::Server;

/// The same allocator as the server's, so that the two servers differ in what they do and not in how they allocate.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(Parser)]
struct Options {
    #[command(subcommand)]
    role: Option<Role>,
    /// A release build of latchkey.
    #[arg(default_value = "target/release/latchkey")]
    latchkey: PathBuf,
    /// Rounds for each server and request.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=100))]
    rounds: u32,
    /// Milliseconds that a round takes.
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u64).range(100..=10_000))]
    round_ms: u64,
    /// Connections, each with one request under way.
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..=1_000))]
    connections: u16,
}

#[derive(Subcommand)]
enum Role {
    /// Be the server that does nothing.
    #[command(hide = true)]
    Bare,
}

fn main() -> Result<()> {
    let options = Options::parse();
    match options.role {
        // As many threads as there are cores, as latchkey has.
        Some(Role::Bare) => {
            runtime::Builder::new_multi_thread().enable_all().build()?.block_on(bare::serve())
        }
        None => runtime::Builder::new_current_thread().enable_all().build()?.block_on(compare(&options)),
    }
}

/// Rounds of the two servers alternate, so that whatever else the machine does meets both.
async fn compare(options: &Options) -> Result<()> {
    let (bare, latchkey) = (Server::bare()?, Server::latchkey(&options.latchkey)?);
    println!(
        "{:<14} {:>12} {:>12} {:>8} {:>12} {:>12}",
        "request", "bare µs", "latchkey µs", "ratio", "bare/s", "latchkey/s"
    );
    for (name, request) in requests(&latchkey.token) {
        let mut bare_rounds = Vec::new();
        let mut latchkey_rounds = Vec::new();
        // One round of each is for warming up.
        for round in 0..=options.rounds {
            let (a, b) = (run(&bare, &request, options).await?, run(&latchkey, &request, options).await?);
            if round > 0 {
                bare_rounds.push(a);
                latchkey_rounds.push(b);
            }
        }
        print(name, &bare_rounds, &latchkey_rounds);
    }
    Ok(())
}

/// What one round showed.
struct Round {
    cpu_us: f64,
    per_second: f64,
}

async fn run(server: &Server, request: &Request, options: &Options) -> Result<Round> {
    let length = Duration::from_millis(options.round_ms);
    let before = server.cpu()?;
    let load = load::run(server.address, request, options.connections, length).await?;
    let cpu = server.cpu()?.saturating_sub(before);
    if load.answers == 0 {
        bail!("no answers");
    }
    let answers = load.answers as f64;
    Ok(Round { cpu_us: cpu.as_secs_f64() * 1e6 / answers, per_second: answers / load.elapsed.as_secs_f64() })
}

fn requests(token: &str) -> [(&'static str, Request); 4] {
    let entry = |n: usize| {
        if n.is_multiple_of(2) {
            format!(r#"["GET","key:{n}"]"#)
        } else {
            format!(r#"["SET","key:{n}","value"]"#)
        }
    };
    let entries: Vec<_> = (0..100).map(entry).collect();
    [
        ("PING", Request::post("/", token, r#"["PING"]"#)),
        ("SET", Request::post("/", token, r#"["SET","key","a value of some thirty-two bytes.."]"#)),
        ("GET", Request::post("/", token, r#"["GET","key"]"#)),
        ("pipeline 100", Request::post("/pipeline", token, &format!("[{}]", entries.join(",")))),
    ]
}

fn print(name: &str, bare: &[Round], latchkey: &[Round]) {
    let cost = |rounds: &[Round]| stat::median(rounds.iter().map(|round| round.cpu_us));
    let rate = |rounds: &[Round]| stat::median(rounds.iter().map(|round| round.per_second));
    // Of neighbouring rounds, so that what the machine did meanwhile falls out.
    let ratio = stat::median(bare.iter().zip(latchkey).map(|(bare, latchkey)| latchkey.cpu_us / bare.cpu_us));
    println!(
        "{name:<14} {:>12.2} {:>12.2} {ratio:>8.2} {:>12.0} {:>12.0}",
        cost(bare),
        cost(latchkey),
        rate(bare),
        rate(latchkey)
    );
}
