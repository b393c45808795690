//! Every command's example, asked of Redis and of us over sockets: the replies are the same to the byte, in both versions of
//! the protocol. What differs from run to run is compared as the samples that stand for it.
//!
//! What is meant to differ is in `tests/data/redis-example-differences.toml`, each with its reason, and further sessions with
//! what examples do not show. An example is compared up to its first command that Redis 7.0 does not have (`later` in
//! `redis-differences.toml`), and up to where it lets time pass.

use std::collections::{BTreeMap, BTreeSet};

use latchkey_commands::{Call, Command, Example, Samples, Step, commands};
use latchkey_protocol::resp::{Version, split_line};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::line;
use super::matches;
use super::server::Redis;
use super::socket::Socket;
use super::wire::Wire;
use crate::server::{Server, TOKEN};

/// What an example may rely on being absent.
const CLEAN: [&str; 5] =
    ["FLUSHALL", "FUNCTION FLUSH", "SCRIPT FLUSH", "ACL LOG RESET", "CONFIG SET notify-keyspace-events "];

#[test]
fn every_example_is_answered_as_by_redis() {
    let Some(redis) = Redis::start() else { return };
    let server = Server::start();
    let mut rules = Rules::read();
    let mut failures = Vec::new();
    let further = std::mem::take(&mut rules.list.sessions);
    for session in rules.sessions(&further) {
        for version in [Version::Resp2, Version::Resp3] {
            let mut pair = Pair::new(&redis, &server, version, &session);
            failures.extend(pair.differences(&session, &mut rules).map(|text| format!("{version:?} {text}")));
        }
    }
    failures.extend(rules.idle());
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// Redis and us, with the same connections to each.
struct Pair {
    redis: Side,
    ours: Side,
    /// What each connection sent last.
    sent: BTreeMap<String, String>,
}

/// One of the two.
struct Side {
    /// By their names in the session.
    sockets: BTreeMap<String, Socket>,
    /// One that is in no session.
    observer: Socket,
    samples: Samples,
}

impl Pair {
    /// To empty databases.
    fn new(redis: &Redis, server: &Server, version: Version, session: &[Step<'_>]) -> Self {
        let redis = Side::new(|| Socket::to_redis(redis), version, session);
        let ours = Side::new(|| Socket::to_ours(server), version, session);
        Self { redis, ours, sent: BTreeMap::new() }
    }

    /// Those that are not meant to be.
    fn differences(&mut self, session: &[Step<'_>], rules: &mut Rules) -> impl Iterator<Item = String> {
        let mut found = Vec::new();
        for (at, step) in session.iter().enumerate() {
            match step {
                Step::Send { who, line } => {
                    let is_answered =
                        matches!(session.get(at + 1), Some(Step::Hear { who: next, .. }) if next == who);
                    self.send(who, line, is_answered);
                }
                Step::Hear { who, text } => found.extend(self.hear(who, text, rules)),
                Step::Pass { .. } => unreachable!("what is compared ends before"),
            }
        }
        found.into_iter()
    }

    fn send(&mut self, who: &str, line: &str, is_answered: bool) {
        for side in [&mut self.ours, &mut self.redis] {
            side.send(who, line, is_answered);
        }
        self.sent.insert(who.to_owned(), line.replace(['‹', '›'], ""));
    }

    /// The difference in what a connection hears next.
    fn hear(&mut self, who: &str, said: &str, rules: &mut Rules) -> Option<String> {
        let (own, theirs) = (self.ours.hear(who, said), self.redis.hear(who, said));
        let sent = &self.sent[who];
        if own.settled == theirs.settled || rules.are_alike(sent, &own.bytes, &theirs.bytes) {
            return None;
        }
        let (own, theirs) = (own.bytes.escape_ascii(), theirs.bytes.escape_ascii());
        Some(format!("{who}> {sent}:\n  ours:  {own}\n  redis: {theirs}"))
    }
}

/// What came over a socket: nothing if it closed.
struct Heard {
    bytes: Vec<u8>,
    /// The same with samples in their places.
    settled: Option<Wire>,
}

impl Side {
    fn new(connect: impl Fn() -> Socket, version: Version, session: &[Step<'_>]) -> Self {
        let mut observer = connect();
        for text in CLEAN {
            assert_eq!(observer.ask(&line(text)), b"+OK\r\n", "{text}");
        }
        let mut sockets = BTreeMap::new();
        for step in session {
            if let Step::Send { who, .. } = step {
                sockets.entry(String::from(*who)).or_insert_with(|| {
                    let mut socket = connect();
                    socket.speak(version);
                    socket
                });
            }
        }
        let mut samples = Samples::default();
        samples.insert("token", TOKEN);
        Self { sockets, observer, samples }
    }

    /// Sends a line. If it is to wait, what follows is sent when it does.
    fn send(&mut self, who: &str, line: &str, is_answered: bool) {
        let words = split_line(self.samples.fill(line).as_bytes()).expect("quotes of examples are closed");
        self.socket(who).send(&words.as_slice().iter().map(|word| word.to_vec()).collect());
        let call = Call::resolve(words);
        if !is_answered && call.is_ok_and(|call| call.command().spec.waits.is_some()) {
            self.until_one_waits();
        }
    }

    /// What a connection hears next, said to be this.
    fn hear(&mut self, who: &str, said: &str) -> Heard {
        let bytes = self.socket(who).hear();
        let wire = bytes.as_ref().map(|bytes| Wire::read(&mut bytes.as_slice()).expect("it was read before"));
        let settled = wire.map(|wire| wire.settled(&mut said.lines(), &mut self.samples));
        Heard { bytes: bytes.unwrap_or_default(), settled }
    }

    fn socket(&mut self, who: &str) -> &mut Socket {
        self.sockets.get_mut(who).expect("a connection sends before it hears")
    }

    fn until_one_waits(&mut self) {
        let info = line("INFO clients");
        while !self.observer.ask(&info).windows(17).any(|text| text == b"blocked_clients:1") {
            std::thread::yield_now();
        }
    }
}

/// A session of one connection, of which nothing is said beforehand.
fn each_answered(lines: &[String]) -> Vec<Step<'_>> {
    let (who, text) = ("", String::new());
    lines.iter().flat_map(|line| [Step::Send { who, line }, Step::Hear { who, text: text.clone() }]).collect()
}

/// The list, and which of it was of use.
struct Rules {
    list: List,
    /// Commands that Redis 7.0 does not have.
    later: BTreeSet<String>,
    used: BTreeSet<(&'static str, usize)>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    /// What examples do not show, each on one connection.
    sessions: Vec<Vec<String>>,
    unordered: Vec<About>,
    momentary: Vec<About>,
    differs: Vec<Differs>,
}

/// Commands whose replies are alike in a wider sense.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct About {
    /// Patterns of commands as they are in examples, where `*` stands for anything.
    commands: Vec<String>,
    reason: String,
}

/// Commands whose replies differ.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Differs {
    commands: Vec<String>,
    /// A pattern of our reply's bytes.
    ours: String,
    /// A pattern of Redis's.
    redis: String,
    reason: String,
}

/// What else is in the list of how our table differs is none of ours.
#[derive(Deserialize)]
struct Table {
    later: BTreeMap<String, Vec<String>>,
}

impl Rules {
    fn read() -> Self {
        let later = data::<Table>("redis-differences.toml").later.into_values().flatten().collect();
        Self { list: data("redis-example-differences.toml"), later, used: BTreeSet::new() }
    }

    /// Examples, and further sessions.
    fn sessions<'a>(&self, further: &'a [Vec<String>]) -> Vec<Vec<Step<'a>>> {
        let all = commands().iter().flat_map(|command| std::iter::once(command).chain(command.subcommands()));
        let examples = all.map(|command: &Command| self.compared(command.spec.example));
        examples.chain(further.iter().map(|lines| each_answered(lines))).collect()
    }

    /// An example, as far as it can be compared.
    fn compared(&self, example: Example) -> Vec<Step<'static>> {
        let is_compared = |step: &Step<'_>| match step {
            Step::Send { line, .. } => !self.is_later(line),
            Step::Hear { .. } => true,
            Step::Pass { .. } => false,
        };
        example.steps().into_iter().take_while(is_compared).collect()
    }

    fn is_later(&self, text: &str) -> bool {
        let text = text.to_ascii_lowercase();
        let mut words = text.split(' ');
        let name = words.next().unwrap_or_default();
        let subcommand = format!("{name}|{}", words.next().unwrap_or_default());
        self.later.contains(name) || self.later.contains(&subcommand)
    }

    /// Whether two replies are the same, or differ only as they may.
    fn are_alike(&mut self, text: &str, ours: &[u8], redis: &[u8]) -> bool {
        let is_about = |commands: &[String]| commands.iter().any(|pattern| matches(pattern, text));
        if let Some(at) = self.list.momentary.iter().position(|rule| is_about(&rule.commands)) {
            self.used.insert(("momentary", at));
            return without_numbers(ours) == without_numbers(redis);
        }
        if let Some(at) = self.list.unordered.iter().position(|rule| is_about(&rule.commands)) {
            self.used.insert(("unordered", at));
            return sorted(ours) == sorted(redis);
        }
        if ours == redis {
            return true;
        }
        let (ours, redis) = (ours.escape_ascii().to_string(), redis.escape_ascii().to_string());
        let applies = |rule: &Differs| {
            is_about(&rule.commands) && matches(&rule.ours, &ours) && matches(&rule.redis, &redis)
        };
        let rule = self.list.differs.iter().position(applies);
        self.used.extend(rule.map(|at| ("differs", at)));
        rule.is_some()
    }

    /// Rules that were of no use, or that have no reason.
    fn idle(&self) -> Vec<String> {
        let List { unordered, momentary, differs, .. } = &self.list;
        let mut idle = Vec::new();
        let mut look = |kind, reasons: Vec<&String>| {
            let bad = reasons
                .into_iter()
                .enumerate()
                .filter(|(at, reason)| !self.used.contains(&(kind, *at)) || !reason.ends_with('.'));
            idle.extend(bad.map(|(_, reason)| format!("{kind}, {reason}: of no use, or not a sentence")));
        };
        look("unordered", unordered.iter().map(|rule| &rule.reason).collect());
        look("momentary", momentary.iter().map(|rule| &rule.reason).collect());
        look("differs", differs.iter().map(|rule| &rule.reason).collect());
        idle
    }
}

fn data<T: DeserializeOwned>(name: &str) -> T {
    let path = format!("{}/data/{name}", env!("CARGO_MANIFEST_DIR"));
    toml::from_str(&std::fs::read_to_string(path).expect("it is in the repository")).expect("rules")
}

/// The same with `#` for each number, lengths included.
fn without_numbers(reply: &[u8]) -> Vec<u8> {
    let mut out: Vec<u8> =
        reply.iter().map(|byte| if byte.is_ascii_digit() { b'#' } else { *byte }).collect();
    out.dedup_by(|one, other| *one == b'#' && *other == b'#');
    out
}

fn sorted(mut reply: &[u8]) -> Wire {
    Wire::read(&mut reply).expect("it was read before").sorted(1)
}
