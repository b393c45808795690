//! A server in a process of its own.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};

/// Linux counts a process's time in these. It has been 100 a second on every architecture for decades.
const TICK: Duration = Duration::from_millis(10);

/// So many lines are read for what has to be known.
const LINES_MAX: usize = 20;

/// Ends with its handle.
pub(crate) struct Server {
    child: Child,
    /// Kept open, so that the server can go on to write.
    stdout: BufReader<ChildStdout>,
    pub(crate) address: SocketAddr,
    pub(crate) token: String,
}

impl Server {
    /// The one that does nothing: this program, in another role.
    pub(crate) fn bare() -> Result<Self> {
        Self::start(Command::new(std::env::current_exe()?).arg("bare"))
    }

    /// Latchkey with one database that is gone afterwards.
    pub(crate) fn latchkey(binary: &Path) -> Result<Self> {
        let started = Self::start(Command::new(binary).args(["dev", "--port", "0", "--ephemeral"]));
        let mut server = started.with_context(|| format!("starting {}", binary.display()))?;
        server.token = value(&mut server.stdout, "UPSTASH_REDIS_REST_TOKEN=")?;
        Ok(server)
    }

    fn start(command: &mut Command) -> Result<Self> {
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
        let mut stdout = BufReader::new(child.stdout.take().context("stdout was piped")?);
        let address = value(&mut stdout, "http://")?.parse()?;
        Ok(Self { child, stdout, address, token: String::new() })
    }

    /// Processor time that it has used so far, in user and system mode, of all its threads.
    pub(crate) fn cpu(&self) -> Result<Duration> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        // The name, in brackets, may hold anything; the state is the first field after it, and the times the 12th and 13th.
        let (_, fields) = stat.rsplit_once(") ").context("no name in stat")?;
        let times = fields.split(' ').skip(11).take(2).map(str::parse::<u32>);
        let ticks = times.sum::<Result<u32, _>>()?;
        Ok(TICK * ticks)
    }
}

/// What follows a mark in what the server says.
fn value(stdout: &mut impl BufRead, mark: &str) -> Result<String> {
    for line in stdout.lines().take(LINES_MAX) {
        if let Some((_, value)) = line?.split_once(mark) {
            return Ok(value.to_owned());
        }
    }
    bail!("it did not tell its {mark}")
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
