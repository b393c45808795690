//! The real server, as a process.

use std::env;
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread::{self, JoinHandle};

use serde_json::{Value, json};

use crate::http::{Connection, Request, Response};

/// The token of every server here, unless it is started with another.
pub(crate) const TOKEN: &str = "suite-token";

/// For development, on free ports.
const DEV: [&str; 7] = ["dev", "--port", "0", "--resp-port", "0", "--token", TOKEN];

/// A running `latchkey`. Killed when dropped, and what it logged is shown if the test failed.
pub(crate) struct Server {
    child: Child,
    stdout: BufReader<ChildStdout>,
    log: Log,
    pub(crate) url: String,
    /// Of the RESP port; empty for `latchkey serve`.
    pub(crate) redis_url: String,
    pub(crate) address: SocketAddr,
}

impl Server {
    /// `latchkey dev` on a free port, which keeps nothing.
    pub(crate) fn start() -> Self {
        Self::start_with(&[])
    }

    /// The same with more options.
    pub(crate) fn start_with(options: &[&str]) -> Self {
        Self::dev(latchkey().args(DEV).arg("--ephemeral").args(options))
    }

    /// The same, but it keeps its data in this directory.
    pub(crate) fn start_in(data: &Path, options: &[&str]) -> Self {
        Self::dev(dev_in(data).args(options))
    }

    /// Any `latchkey dev`.
    pub(crate) fn dev(command: &mut Command) -> Self {
        let mut server = Self::spawn(command);
        server.url = server.printed("UPSTASH_REDIS_REST_URL");
        server.printed("UPSTASH_REDIS_REST_TOKEN");
        server.redis_url = server.printed("REDIS_URL");
        server.address = address(&server.url);
        server
    }

    /// `latchkey serve` with this configuration, whose address is in its log.
    pub(crate) fn serve(config: &Path) -> Self {
        let mut server = Self::spawn(latchkey().arg("serve").arg("--config").arg(config));
        let line = server.log.wait_for("listening");
        let start = line.find("http://").expect("the line names the URL");
        server.url = line[start..].split([' ', '"']).next().unwrap_or_default().to_owned();
        server.address = address(&server.url);
        server
    }

    /// The address of the RESP door with TLS, which follows that of the REST door in the log of `serve`.
    pub(crate) fn resp_address(&mut self) -> SocketAddr {
        let line = self.log.wait_for("rediss://");
        let start = line.find("rediss://").expect("the line was waited for");
        address(line[start..].split([' ', '"']).next().unwrap_or_default())
    }

    /// Any `latchkey`, whose address is not known yet.
    pub(crate) fn spawn(command: &mut Command) -> Self {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the binary was there a moment ago");
        let stdout = BufReader::new(child.stdout.take().expect("it is piped"));
        let log = Log::follow(child.stderr.take().expect("it is piped"));
        Self {
            child,
            stdout,
            log,
            url: String::new(),
            redis_url: String::new(),
            address: ([127, 0, 0, 1], 0).into(),
        }
    }

    /// The value of a line `NAME=value` that the server prints.
    pub(crate) fn printed(&mut self, name: &str) -> String {
        loop {
            let mut line = String::new();
            let bytes = self.stdout.read_line(&mut line).expect("the server prints text");
            assert_ne!(bytes, 0, "the server ended before it printed {name}:\n{}", self.log.so_far());
            if let Some(value) = line.trim_end().strip_prefix(name).and_then(|rest| rest.strip_prefix('=')) {
                return value.to_owned();
            }
        }
    }

    /// Asks the process to end.
    pub(crate) fn terminate(&self) {
        self.signal("TERM");
    }

    /// Sends it a signal, such as `INT`.
    pub(crate) fn signal(&self, name: &str) {
        // Every shell has `kill`; not every system has it as a program.
        let kill = format!("kill -s {name} {}", self.child.id());
        let done = Command::new("sh").args(["-c", &kill]).status();
        assert!(done.expect("every system has a shell").success());
    }

    /// Ends the process as a crash would.
    pub(crate) fn kill(mut self) {
        self.child.kill().expect("it is a child of this process");
        self.child.wait().expect("it is a child of this process");
    }

    /// Waits for the process to end by itself. How it did, and all that it logged.
    pub(crate) fn ended(mut self) -> (ExitStatus, String) {
        let status = self.wait();
        (status, self.log.all())
    }

    /// Waits for the process to end by itself.
    pub(crate) fn wait(&mut self) -> ExitStatus {
        self.child.wait().expect("it is a child of this process")
    }

    /// Asks the process to end, and waits until it has. All that it logged.
    pub(crate) fn stop(self) -> String {
        self.terminate();
        let (status, log) = self.ended();
        assert!(status.success(), "{status}");
        log
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Both fail only if it has ended already.
        drop(self.child.kill());
        drop(self.child.wait());
        if thread::panicking() {
            let log = self.log.all();
            if !log.is_empty() {
                report(&format!("the server's log:\n{log}"));
            }
        }
    }
}

#[allow(clippy::print_stderr)] // it belongs to the failed test's output
fn report(text: &str) {
    eprintln!("{text}");
}

/// Talking to it, with its token.
impl Server {
    pub(crate) fn connect(&self) -> Connection {
        Connection::open(self.address)
    }

    /// Sends a request as it is, on a connection of its own.
    pub(crate) fn send(&self, request: &Request) -> Response {
        self.connect().send(request)
    }

    /// The path form of a command.
    pub(crate) fn get(&self, target: &str) -> Response {
        self.send(&Request::get(target).token(TOKEN))
    }

    pub(crate) fn post(&self, target: &str, body: impl Into<Vec<u8>>) -> Response {
        self.send(&Request::post(target, body).token(TOKEN))
    }

    /// The result of a command that must succeed.
    pub(crate) fn run(&self, command: Value) -> Value {
        let reply = self.post("/", command.to_string());
        assert_eq!(reply.status, 200, "{command}: {}", reply.text());
        reply.json()["result"].clone()
    }

    /// The error of a command that must be refused with status 400.
    pub(crate) fn refused(&self, command: Value) -> String {
        let reply = self.post("/", command.to_string());
        assert_eq!(reply.status, 400, "{command}: {}", reply.text());
        reply.error()
    }

    /// The entries of a pipeline.
    pub(crate) fn pipeline(&self, commands: Value) -> Vec<Value> {
        let reply = self.post("/pipeline", commands.to_string());
        assert_eq!(reply.status, 200, "{}", reply.text());
        reply.json().as_array().expect("a pipeline is answered by an array").clone()
    }

    /// Fails unless the server still does its work.
    pub(crate) fn assert_alive(&self) {
        assert_eq!(self.run(json!(["PING"])), "PONG");
    }
}

/// The server's log so far, read while it runs so that it never has to wait for a reader.
struct Log {
    lines: Receiver<String>,
    seen: String,
    reader: Option<JoinHandle<()>>,
}

impl Log {
    fn follow(stderr: impl Read + Send + 'static) -> Self {
        let (sender, lines) = mpsc::channel();
        let reader = thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        Self { lines, seen: String::new(), reader: Some(reader) }
    }

    /// The next line that contains this.
    fn wait_for(&mut self, what: &str) -> String {
        loop {
            let line = self
                .lines
                .recv()
                .unwrap_or_else(|_| panic!("the log ended without {what:?}:\n{}", self.seen));
            self.seen += &line;
            self.seen.push('\n');
            if line.contains(what) {
                return line;
            }
        }
    }

    fn so_far(&mut self) -> &str {
        for line in self.lines.try_iter() {
            self.seen += &line;
            self.seen.push('\n');
        }
        &self.seen
    }

    /// The whole log. The process must have ended.
    fn all(&mut self) -> String {
        if let Some(reader) = self.reader.take() {
            reader.join().expect("reading lines does not panic");
        }
        self.so_far().to_owned()
    }
}

/// `latchkey dev` on free ports, which keeps its data in this directory.
pub(crate) fn dev_in(data: &Path) -> Command {
    let mut command = latchkey();
    command.args(DEV).arg("--data").arg(data);
    command
}

/// The binary, with an environment that this machine's user cannot influence.
pub(crate) fn latchkey() -> Command {
    let mut command = Command::new(binary());
    for (name, _) in env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("LATCHKEY_")) {
        command.env_remove(name);
    }
    command.env_remove("RUST_LOG");
    command
}

/// The token that a command such as `latchkey token create` prints.
pub(crate) fn token_printed_by(command: &mut Command) -> String {
    let output = command.output().expect("the binary was there a moment ago");
    let printed = String::from_utf8(output.stdout).expect("it prints text");
    let token = printed.lines().find_map(|line| line.strip_prefix("UPSTASH_REDIS_REST_TOKEN="));
    token.unwrap_or_else(|| panic!("no token: {}", String::from_utf8_lossy(&output.stderr))).to_owned()
}

/// The binary that was built beside these tests.
fn binary() -> PathBuf {
    let suite = env::current_exe().expect("a process knows its executable");
    let directory = suite.ancestors().nth(2).expect("cargo puts tests under target/<profile>/deps");
    let binary = directory.join("latchkey");
    assert!(binary.exists(), "{} is not there: run 'cargo build' first", binary.display());
    binary
}

fn address(url: &str) -> SocketAddr {
    let authority = url.split("://").nth(1).expect("a URL has a scheme");
    authority.parse().expect("the server prints an address with its port")
}
