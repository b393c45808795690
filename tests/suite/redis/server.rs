//! A Redis of our own.

use std::io::{self, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::wire::Wire;
use super::{Line, line};
use crate::scratch::Scratch;
use crate::sdk;

/// The version that the tests were made with.
const VERSION: &str = "v=7.0.";
const START_MAX: Duration = Duration::from_secs(20);
const RETRY_AFTER: Duration = Duration::from_millis(5);

/// A running `redis-server`, on a unix socket in a directory of its own, and a connection to it.
pub(super) struct Redis {
    child: Child,
    stream: BufReader<UnixStream>,
    directory: Scratch,
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
        let socket = directory.path().join("redis.sock");
        let mut child = Command::new("redis-server")
            .args(["--port", "0", "--save", "", "--unixsocket"])
            .arg(&socket)
            .arg("--dir")
            .arg(directory.path())
            .stdout(Stdio::null())
            .spawn()
            .expect("redis-server starts");
        let stream = BufReader::new(connect(&mut child, &socket));
        let mut redis = Self { child, stream, directory };
        while redis.ask(&line("PING")).is_error() {
            thread::sleep(RETRY_AFTER); // it reads its file
        }
        redis
    }

    pub(super) fn directory(&self) -> &Path {
        self.directory.path()
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

fn encode(line: &Line) -> Vec<u8> {
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

fn connect(child: &mut Child, socket: &Path) -> UnixStream {
    let deadline = Instant::now() + START_MAX;
    loop {
        match UnixStream::connect(socket) {
            Ok(stream) => return stream,
            Err(error) => check_is_starting(child, deadline, &error),
        }
        thread::sleep(RETRY_AFTER);
    }
}

fn check_is_starting(child: &mut Child, deadline: Instant, error: &io::Error) {
    assert!(Instant::now() < deadline, "redis-server does not start: {error}");
    let ended = child.try_wait().expect("the process is ours");
    assert!(ended.is_none(), "redis-server ended: {ended:?}");
}
