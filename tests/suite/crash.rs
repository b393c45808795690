//! The process killed under load, again and again: what was acknowledged is there, and nothing that was never sent.

use std::io::{self, BufRead, BufReader, Write};
use std::net::TcpStream;
use std::path::Path;
use std::sync::mpsc::{self, Sender};
use std::thread;

use serde_json::json;

use crate::day::{left, within_one_day};
use crate::http::{Connection, Request};
use crate::scratch::Scratch;
use crate::server::{Server, TOKEN};

/// So many times the process is killed. `LATCHKEY_CRASHES` asks for more.
const CRASHES: u64 = 200;

/// A process is killed after so many acknowledgements at most; how many exactly changes from one to the next.
const ACKNOWLEDGED_MAX: u64 = 100;

/// Now and then a life ends before anybody has written, in order or by a kill.
const SHORT_LIFE_EVERY: u64 = 8;

/// All of a list is looked at so often; otherwise what came since the last look.
const WHOLE_LOOK_EVERY: u64 = 50;

const QUOTA: u64 = 100_000_000;

/// What one client has sent so far, and what was acknowledged of it. It sends one thing after the other.
#[derive(Clone, Copy, Default)]
struct Progress {
    sent: u64,
    acknowledged: u64,
    /// What was there after the last crash.
    seen: u64,
}

/// A client with keys of its own, through one of the doors.
#[derive(Clone, Copy)]
enum Client {
    /// Counts over REST.
    Counter,
    /// Appends numbers to a list, several in one command, over RESP.
    List,
    /// Counts two keys in one transaction over REST; they must never differ.
    Pair,
    /// Writes a hash field and its double, in one pipeline, over RESP; the second never without the first.
    Pipeline,
    /// A script that writes two keys.
    Script,
}

const CLIENTS: [Client; 5] = [Client::Counter, Client::List, Client::Pair, Client::Pipeline, Client::Script];

/// Numbers that a list gets with one command.
const PER_PUSH: u64 = 3;

#[test]
fn what_was_acknowledged_survives_a_kill() {
    let crashes = std::env::var("LATCHKEY_CRASHES").ok().and_then(|n| n.parse().ok()).unwrap_or(CRASHES);
    within_one_day(|| {
        let data = Scratch::new();
        let mut progress = [Progress::default(); CLIENTS.len()];
        for crash in 0..crashes {
            let server = start(data.path());
            check(&server, &mut progress, crash % WHOLE_LOOK_EVERY == 0);
            let server =
                if crash % SHORT_LIFE_EVERY == 0 { live_again(server, crash, data.path()) } else { server };
            // Any order of numbers will do that is not the same each time.
            let kill_after = 1 + crash.wrapping_mul(0x9E37_79B9_7F4A_7C15) % ACKNOWLEDGED_MAX;
            load_and_kill(server, kill_after, &mut progress);
        }
        check(&start(data.path()), &mut progress, true);
    });
}

/// Compares what a crash has left with what was acknowledged before it.
fn check(server: &Server, progress: &mut [Progress; CLIENTS.len()], whole: bool) {
    for (client, progress) in CLIENTS.iter().zip(&mut *progress) {
        client.check(server, progress, whole);
    }
    let acknowledged: u64 = progress.iter().map(|progress| progress.acknowledged).sum();
    let left = left(&server.get("/get/none"));
    assert!(left <= QUOTA - acknowledged, "{acknowledged} commands cost less than they should");
}

fn live_again(server: Server, crash: u64, data: &Path) -> Server {
    if crash.is_multiple_of(2 * SHORT_LIFE_EVERY) {
        server.kill()
    } else {
        drop(server.stop())
    }
    start(data)
}

fn start(data: &Path) -> Server {
    Server::start_in(data, &["--quota", &format!("{QUOTA}/day")])
}

/// Lets all clients write until so much was acknowledged, and kills the process while they go on.
fn load_and_kill(server: Server, kill_after: u64, progress: &mut [Progress; CLIENTS.len()]) {
    let (rest, resp) = (server.address, resp_address(&server));
    let (acknowledged, acknowledgements) = mpsc::channel();
    let threads: Vec<_> = CLIENTS
        .iter()
        .zip(*progress)
        .map(|(&client, mut progress)| {
            let (resp, acknowledged) = (resp.clone(), acknowledged.clone());
            thread::spawn(move || {
                let mut connection = if client.is_on_resp() {
                    Door::Resp(BufReader::new(TcpStream::connect(resp).expect("it listens")))
                } else {
                    Door::Rest(Connection::open(rest))
                };
                // Ends with the connection.
                drop(client.write_for_ever(&mut connection, &mut progress, &acknowledged));
                progress
            })
        })
        .collect();
    drop(acknowledged);
    assert_eq!(acknowledgements.iter().take(kill_after as usize).count() as u64, kill_after);
    server.kill();
    for (thread, progress) in threads.into_iter().zip(progress) {
        *progress = thread.join().expect("a client only ends");
    }
}

fn resp_address(server: &Server) -> String {
    server.redis_url.rsplit('@').next().expect("the URL has a password").to_owned()
}

enum Door {
    Rest(Connection),
    Resp(BufReader<TcpStream>),
}

impl Door {
    /// Sends a JSON body, and fails unless it is answered without an error.
    fn post(&mut self, target: &str, body: &serde_json::Value) -> io::Result<()> {
        let Self::Rest(connection) = self else { unreachable!("this client speaks REST") };
        let request = Request::post(target, body.to_string()).token(TOKEN);
        connection.write(&request.head())?;
        connection.write(body.to_string().as_bytes())?;
        let answer = connection.try_read(false)?;
        assert!(answer.status == 200 && !answer.text().contains("error"), "{}", answer.text());
        Ok(())
    }

    /// Sends inline commands in one piece, and reads a line for each.
    fn lines(&mut self, lines: &str) -> io::Result<()> {
        let Self::Resp(stream) = self else { unreachable!("this client speaks RESP") };
        stream.get_mut().write_all(lines.as_bytes())?;
        for _ in lines.lines() {
            let mut line = String::new();
            if stream.read_line(&mut line)? == 0 || !line.ends_with('\n') {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            assert!(!line.starts_with('-'), "{line}");
        }
        Ok(())
    }
}

impl Client {
    fn is_on_resp(self) -> bool {
        matches!(self, Self::List | Self::Pipeline)
    }

    fn write_for_ever(
        self,
        door: &mut Door,
        progress: &mut Progress,
        acknowledged: &Sender<()>,
    ) -> io::Result<()> {
        loop {
            progress.sent += 1;
            self.write(door, progress.sent)?;
            progress.acknowledged = progress.sent;
            // The killer may have heard enough.
            acknowledged.send(()).ok();
        }
    }

    /// Does the `n`th write.
    fn write(self, door: &mut Door, n: u64) -> io::Result<()> {
        match self {
            Self::Counter => door.post("/", &json!(["INCR", "counter"])),
            Self::Pair => door.post("/multi-exec", &json!([["INCR", "one"], ["INCR", "other"]])),
            Self::Script => door.post(
                "/",
                &json!([
                    "EVAL",
                    "redis.call('incr', KEYS[1]) redis.call('incr', KEYS[2])",
                    2,
                    "left",
                    "right"
                ]),
            ),
            Self::Pipeline => door.lines(&format!("SET single {n}\r\nSET double {}\r\n", n * 2)),
            Self::List => {
                let first = (n - 1) * PER_PUSH;
                let numbers: Vec<String> = (first..first + PER_PUSH).map(|n| n.to_string()).collect();
                door.lines(&format!("RPUSH list {}\r\n", numbers.join(" ")))
            }
        }
    }

    /// Compares what is there with what was acknowledged, and goes on from there.
    fn check(self, server: &Server, progress: &mut Progress, whole: bool) {
        let number = |key: &str| -> u64 {
            server.run(json!(["GET", key])).as_str().map_or(0, |text| text.parse().expect("a number"))
        };
        let found = match self {
            Self::Counter => number("counter"),
            Self::Pair => same(number("one"), number("other")),
            Self::Script => same(number("left"), number("right")),
            Self::Pipeline => {
                let (single, double) = (number("single"), number("double"));
                assert!(double == single * 2 || double == (single - 1) * 2, "{single} and {double}");
                double / 2
            }
            Self::List => {
                let first = if whole { 0 } else { progress.seen * PER_PUSH };
                let list = server.run(json!(["LRANGE", "list", first, -1]));
                let list = list.as_array().expect("a list");
                for (index, number) in (first..).zip(list) {
                    assert_eq!(*number, index.to_string(), "an element is missing, or there twice");
                }
                assert_eq!(list.len() as u64 % PER_PUSH, 0, "half a command");
                first / PER_PUSH + list.len() as u64 / PER_PUSH
            }
        };
        let Progress { sent, acknowledged, .. } = *progress;
        assert!(
            (acknowledged..=sent).contains(&found),
            "{found} of {acknowledged} acknowledged, {sent} sent"
        );
        *progress = Progress { sent: found, acknowledged: found, seen: found };
    }
}

/// What must be the same, because one step wrote both.
fn same(one: u64, other: u64) -> u64 {
    assert_eq!(one, other, "half a step");
    one
}
