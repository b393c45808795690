//! A Redis of our own.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

use latchkey_protocol::resp::Version;

use super::wire::Wire;
use super::{Line, line};
use crate::scratch::Scratch;
use crate::sdk;

/// The version that the tests were made with.
const VERSION: &str = "v=7.0.";
/// What it listens on, in its directory.
const SOCKET: &str = "redis.sock";
/// What it logs once its file is loaded.
const READY: &str = "ready to accept connections";

/// A running `redis-server`, on a unix socket in a directory of its own, and a connection to it.
pub(super) struct Redis {
    child: Child,
    stream: BufReader<UnixStream>,
    directory: Scratch,
    /// Nobody reads it, but it has to be open.
    _log: BufReader<ChildStdout>,
}

impl Redis {
    /// An empty one; `None` where there is none and none is required.
    pub(super) fn start() -> Option<Self> {
        Self::start_with(Scratch::new())
    }

    /// One that begins with the file `dump.rdb` of this directory.
    pub(super) fn start_with(directory: Scratch) -> Option<Self> {
        sdk::present(is_installed(), "redis-server 7.0").then(|| Self::spawn(directory))
    }

    fn spawn(directory: Scratch) -> Self {
        let socket = directory.path().join(SOCKET);
        let mut child = Command::new("redis-server")
            .args(["--port", "0", "--save", "", "--unixsocket"])
            .arg(&socket)
            .arg("--dir")
            .arg(directory.path())
            .stdout(Stdio::piped())
            .spawn()
            .expect("redis-server starts");
        let mut log = BufReader::new(child.stdout.take().expect("it is piped"));
        wait_until_ready(&mut log);
        let stream = UnixStream::connect(&socket).expect("redis-server listens");
        Self { child, stream: BufReader::new(stream), directory, _log: log }
    }

    pub(super) fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Where it listens.
    pub(super) fn socket(&self) -> PathBuf {
        self.directory().join(SOCKET)
    }

    /// Answers in this version of the protocol from now on.
    pub(super) fn speak(&mut self, version: Version) {
        let number = if version == Version::Resp3 { "3" } else { "2" };
        assert!(!self.ask(&line(&format!("HELLO {number}"))).is_error());
    }

    /// What it answers.
    pub(super) fn ask(&mut self, line: &Line) -> Wire {
        self.ask_all(std::slice::from_ref(line)).remove(0)
    }

    /// What it answers to each of several commands, sent together.
    pub(super) fn ask_all(&mut self, lines: &[Line]) -> Vec<Wire> {
        let encoded: Vec<u8> = lines.iter().flat_map(encode).collect();
        // Redis takes commands even while nobody reads its answers.
        self.stream.get_mut().write_all(&encoded).expect("redis-server takes commands");
        lines.iter().map(|_| Wire::read(&mut self.stream).expect("redis-server answers")).collect()
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// A command as it goes over the wire.
pub(super) fn encode(line: &Line) -> Vec<u8> {
    let mut out = format!("*{}\r\n", line.len()).into_bytes();
    for word in line {
        out.extend(format!("${}\r\n", word.len()).bytes());
        out.extend(word);
        out.extend(b"\r\n");
    }
    out
}

fn is_installed() -> bool {
    let told = Command::new("redis-server").arg("--version").output();
    told.is_ok_and(|told| String::from_utf8_lossy(&told.stdout).contains(VERSION))
}

/// Reads the log up to where it says so. If it ends before, the whole log is the reason.
fn wait_until_ready(log: &mut dyn BufRead) {
    let mut told = String::new();
    while !told.contains(READY) {
        let read = log.read_line(&mut told).expect("the log is text");
        assert_ne!(read, 0, "redis-server does not start: {told}");
    }
}
