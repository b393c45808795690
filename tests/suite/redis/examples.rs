//! Every command's example, asked of Redis and of us over sockets: the replies are the same to the byte, in both versions of
//! the protocol.
//!
//! What is meant to differ is in `tests/data/redis-example-differences.toml`, each with its reason, and the sessions for
//! commands that have no example because they belong to a connection. An example is compared up to its first command that
//! Redis 7.0 does not have (`later` in `redis-differences.toml`), and up to where it lets time pass.

use std::collections::{BTreeMap, BTreeSet};

use latchkey_commands::{Command, commands};
use latchkey_protocol::resp::{Version, split_line};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::matches;
use super::server::Redis;
use super::socket::Socket;
use super::wire::Wire;
use super::{Line, line, shown};
use crate::server::Server;

/// What an example may rely on being absent.
const CLEAN: [&str; 5] =
    ["FLUSHALL", "FUNCTION FLUSH", "SCRIPT FLUSH", "ACL LOG RESET", "CONFIG SET notify-keyspace-events "];

#[test]
fn every_example_is_answered_as_by_redis() {
    let Some(redis) = Redis::start() else { return };
    let server = Server::start();
    let mut rules = Rules::read();
    let mut failures = Vec::new();
    for session in rules.sessions() {
        for version in [Version::Resp2, Version::Resp3] {
            let mut pair = Pair::new(&redis, &server, version);
            failures.extend(pair.differences(&session, &mut rules).map(|text| format!("{version:?} {text}")));
        }
    }
    failures.extend(rules.idle());
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// A connection to each.
struct Pair {
    redis: Socket,
    ours: Socket,
}

impl Pair {
    /// To empty databases.
    fn new(redis: &Redis, server: &Server, version: Version) -> Self {
        let mut pair = Self { redis: Socket::to_redis(redis), ours: Socket::to_ours(server) };
        for socket in [&mut pair.redis, &mut pair.ours] {
            for text in CLEAN {
                assert_eq!(socket.ask(&line(text)), b"+OK\r\n", "{text}");
            }
            socket.speak(version);
        }
        pair
    }

    /// Those that are not meant to be.
    fn differences(&mut self, session: &[String], rules: &mut Rules) -> impl Iterator<Item = String> {
        let mut found = Vec::new();
        for text in session {
            let line = words(text);
            let (own, theirs) = (self.ours.ask(&line), self.redis.ask(&line));
            if !rules.are_alike(text, &own, &theirs) {
                let (own, theirs) = (own.escape_ascii(), theirs.escape_ascii());
                found.push(format!("{}:\n  ours:  {own}\n  redis: {theirs}", shown(&line)));
            }
        }
        found.into_iter()
    }
}

fn words(text: &str) -> Line {
    let words = split_line(text.as_bytes()).expect("quotes of examples are closed");
    words.as_slice().iter().map(|word| word.to_vec()).collect()
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
    /// Commands that belong to a connection.
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

    /// Examples and sessions: together they have every command.
    fn sessions(&self) -> Vec<Vec<String>> {
        let all = commands().iter().flat_map(|command| std::iter::once(command).chain(command.subcommands()));
        let mut sessions = self.list.sessions.clone();
        let with = |command: &Command| {
            let name = command.full_name().replace('|', " ");
            let mut texts = sessions.iter().flatten().map(|text| format!("{text} ").to_ascii_lowercase());
            texts.any(|text| text.starts_with(&format!("{name} ")))
        };
        let missing = all.clone().filter(|command| command.spec.example.is_empty() && !with(command));
        let missing = missing.map(Command::full_name).filter(|name| !self.later.contains(name));
        assert_eq!(missing.collect::<Vec<_>>(), Vec::<String>::new(), "neither example nor session");
        sessions.extend(all.map(|command| self.example(&command.spec.example.shown())));
        sessions
    }

    /// The commands of an example, as far as it can be compared.
    fn example(&self, example: &str) -> Vec<String> {
        let lines = example.lines().map(str::trim).take_while(|line| !line.starts_with("~ "));
        let commands = lines.filter_map(|line| line.strip_prefix("> "));
        commands.take_while(|text| !self.is_later(text)).map(str::to_owned).collect()
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
