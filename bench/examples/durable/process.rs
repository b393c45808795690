//! The servers, as processes of their own.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};
use std::{fs, thread};

use anyhow::{Context, Result, bail};

use crate::client::{Client, Place};

const TOKEN: &str = "bench";
/// A server that does not listen by then never will.
const START_MAX: Duration = Duration::from_secs(600);

/// Killed with its handle.
pub(crate) struct Process {
    child: Child,
    /// Kept open, so that the server can go on to write.
    _stdout: Option<BufReader<ChildStdout>>,
    pub(crate) place: Place,
}

impl Process {
    /// `latchkey dev` on a directory.
    pub(crate) fn latchkey(binary: &Path, data: &Path, durability: &str) -> Result<Self> {
        let mut command = Command::new(binary);
        command.args([
            "dev",
            "--port",
            "0",
            "--resp-port",
            "0",
            "--token",
            TOKEN,
            "--durability",
            durability,
        ]);
        let mut child =
            command.arg("--data").arg(data).stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
        let mut stdout = BufReader::new(child.stdout.take().context("it was piped")?);
        let mut line = String::new();
        let address = loop {
            line.clear();
            if stdout.read_line(&mut line)? == 0 {
                bail!("{} ended before it listened", binary.display());
            }
            if let Some(url) = line.trim_end().strip_prefix("REDIS_URL=") {
                break url.rsplit('@').next().unwrap_or_default().parse()?;
            }
        };
        let greeting = ["AUTH", "default", TOKEN].map(str::to_owned).to_vec();
        Ok(Self { child, _stdout: Some(stdout), place: Place { address, greeting } })
    }

    /// `redis-server` of the PATH, with an append-only file or with nothing on the disk. Waits until it has loaded.
    pub(crate) fn redis(data: &Path, durability: Option<&str>) -> Result<Self> {
        fs::create_dir_all(data)?;
        // Free now; that somebody else takes it meanwhile is reported by the server.
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let port = address.port().to_string();
        let mut command = Command::new("redis-server");
        command.args(["--port", &port, "--bind", "127.0.0.1", "--save", "", "--dir"]).arg(data);
        if let Some(durability) = durability {
            command.args(["--appendonly", "yes", "--appendfsync", durability]);
        }
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn()?;
        let process = Self { child, _stdout: None, place: Place { address, greeting: Vec::new() } };
        let began = Instant::now();
        while Client::connect(&process.place).and_then(|mut client| client.run(&[b"PING"])).is_err() {
            if began.elapsed() > START_MAX {
                bail!("redis-server does not answer");
            }
            thread::sleep(Duration::from_millis(1));
        }
        Ok(process)
    }

    /// What it has in memory, in bytes: what is shared with others counts in part.
    pub(crate) fn proportional_bytes(&self) -> Result<u64> {
        let rollup = fs::read_to_string(format!("/proc/{}/smaps_rollup", self.child.id()))?;
        let line = rollup.lines().find_map(|line| line.strip_prefix("Pss:")).context("no Pss")?;
        let kilobytes: u64 = line.trim().trim_end_matches("kB").trim().parse()?;
        Ok(kilobytes * 1024)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Makes a database beside the running server. Where it is.
pub(crate) fn create_database(
    binary: &Path,
    data: &Path,
    name: &str,
    durability: &str,
    beside: &Place,
) -> Result<Place> {
    let mut command = Command::new(binary);
    command.args(["db", "create", name, "--durability", durability, "--data"]);
    let output = command.arg(data).output()?;
    let printed = String::from_utf8(output.stdout)?;
    let token = printed.lines().find_map(|line| line.strip_prefix("UPSTASH_REDIS_REST_TOKEN="));
    let token = token.with_context(|| format!("no token: {}", String::from_utf8_lossy(&output.stderr)))?;
    let greeting = ["AUTH", "default", token].map(str::to_owned).to_vec();
    Ok(Place { address: beside.address, greeting })
}
