//! The rules that every command has to keep, and every command's example.

use std::collections::BTreeMap;
use std::sync::Arc;

use fastrand::Rng;
use latchkey_keyspace::codec::{EncodedEntries, encode_entry};
use latchkey_keyspace::{Keyspace, Now};
use latchkey_protocol::{Reply, Words, number};
use latchkey_pubsub::{Hub, Outbox};

use crate::{Call, Facts, Run, Settings, Site, Spec, Step, commands, steps};

/// The instant at which every test begins: 2026-01-02T03:04:05.678Z.
pub(crate) const START: Now = Now::from_ms(1_767_323_045_678);

/// A database that runs command lines, and prints replies as `redis-cli` does.
pub(crate) struct Shell {
    pub(crate) keyspace: Keyspace,
    pub(crate) now: Now,
    /// What a replay of all records so far gives.
    replayed: Keyspace,
    chance: Rng,
    facts: Facts,
    settings: Settings,
    outbox: Outbox,
}

impl Shell {
    pub(crate) fn new() -> Self {
        let facts = Facts { started_at_ms: START.ms(), version: "0.0.0", ..Facts::default() };
        Self {
            keyspace: Keyspace::new(7),
            now: START,
            replayed: Keyspace::new(8),
            chance: Rng::with_seed(7),
            facts,
            settings: Settings::default(),
            outbox: silent(),
        }
    }

    /// Lets time pass.
    pub(crate) fn wait_ms(&mut self, ms: i64) {
        self.now = Now::from_us(self.now.us() + ms * 1000);
    }

    /// Runs a line such as `SET key "two words"`.
    pub(crate) fn run(&mut self, line: &str) -> Reply {
        self.run_words(words(line))
    }

    pub(crate) fn run_words(&mut self, words: Words) -> Reply {
        let call = match Call::resolve(words) {
            Ok(call) => call,
            Err(error) => return Reply::Error(error),
        };
        self.check_way_back(&call);
        if call.needs_its_keys_only() {
            self.check_keys_suffice(&call);
        }
        self.keyspace.begin_record();
        let reply = self.run_call(&call);
        self.check_replay(&call);
        self.check_snapshot(&call);
        reply
    }

    /// Runs a command that reads where there is nothing but its keys: there it answers the same as where there are all.
    fn check_keys_suffice(&mut self, call: &Call) {
        let keys = call.keys();
        let few = self.loaded(|key| keys.iter().any(|known| known.name == key));
        let all = self.loaded(|_| true);
        let chance = self.chance.clone();
        let [few, all] = [few, all].map(|keyspace| {
            let own = std::mem::replace(&mut self.keyspace, keyspace);
            self.chance = chance.clone();
            let reply = self.run_call(call);
            self.keyspace = own;
            reply
        });
        self.chance = chance;
        assert_eq!(few, all, "{} looks at more than its keys", call.command().full_name());
    }

    /// The keys that are wanted, as a snapshot would bring them back.
    fn loaded(&self, is_wanted: impl Fn(&[u8]) -> bool) -> Keyspace {
        let mut snapshot = Vec::new();
        for (_, key, entry) in self.keyspace.in_hash_order().filter(|(_, key, _)| is_wanted(key)) {
            encode_entry(&mut snapshot, key, entry.expires_at_ms(), entry.value());
        }
        let mut loaded = Keyspace::new(9);
        loaded.reserve(self.keyspace.keys());
        for entry in EncodedEntries::new(&snapshot) {
            entry.and_then(|entry| loaded.load(&entry)).expect("it reads what was written");
        }
        loaded
    }

    /// Replays the record, from its bytes, on a second keyspace: it has to come out the same.
    fn check_replay(&mut self, call: &Call) {
        let name = call.command().full_name();
        let record = self.keyspace.take_record();
        self.replayed.replay(record.bytes()).unwrap_or_else(|error| panic!("record of {name}: {error}"));
        self.keyspace.reuse_record(record);
        assert_same(&self.replayed, &self.keyspace, &format!("replay of {name}"));
    }

    /// Encodes every entry and loads it into a third keyspace.
    fn check_snapshot(&self, call: &Call) {
        let name = call.command().full_name();
        let loaded = self.loaded(|_| true);
        assert_same(&loaded, &self.keyspace, &format!("snapshot after {name}"));
    }

    /// Runs the command and takes it back: nothing may have changed.
    fn check_way_back(&mut self, call: &Call) {
        let (before, bytes) = (self.keyspace.canonical(), self.keyspace.bytes());
        let settings = self.settings.clone();
        let start = self.keyspace.save();
        self.run_call(call);
        self.keyspace.roll_back(start);
        self.settings = settings;
        let name = call.command().full_name();
        assert_eq!(self.keyspace.canonical(), before, "after {name} was taken back");
        assert_eq!(self.keyspace.bytes(), bytes, "byte account after {name} was taken back");
    }

    fn run_call(&mut self, call: &Call) -> Reply {
        let reply = call.run(&mut Site {
            keyspace: &mut self.keyspace,
            now: self.now,
            chance: &mut self.chance,
            facts: &self.facts,
            settings: &mut self.settings,
            outbox: &mut self.outbox,
            record_bytes_max: 100 * 1024 * 1024,
        });
        let name = call.command().full_name();
        assert_eq!(self.keyspace.bytes(), self.keyspace.recount_bytes(), "byte account after {name}");
        reply
    }

    /// Runs a session: lines that begin with `> ` are commands, `~ 1500` lets so many milliseconds pass, the others are
    /// what has to be printed.
    #[track_caller]
    pub(crate) fn check(&mut self, session: &str) {
        self.check_steps(steps(session));
    }

    #[track_caller]
    fn check_steps(&mut self, steps: Vec<Step<'_>>) {
        let mut steps = steps.into_iter();
        while let Some(step) = steps.next() {
            match step {
                Step::Pass { ms } => self.wait_ms(ms),
                Step::Send { who: "", line } => {
                    let shown = show(&self.run(line));
                    let text = shown.lines().map(str::trim).collect::<Vec<_>>().join("\n");
                    assert_eq!(Some(Step::Hear { who: "", text }), steps.next(), "after {line}");
                }
                other => panic!("there is one connection, and it is told nothing unasked: {other:?}"),
            }
        }
    }
}

/// An outbox that nobody listens to.
pub(crate) fn silent() -> Outbox {
    Outbox::new(Arc::new(Hub::new(7)))
}

/// Holds two keyspaces together in all that clients can see.
#[track_caller]
fn assert_same(copy: &Keyspace, original: &Keyspace, what: &str) {
    assert_eq!(copy.canonical(), original.canonical(), "{what}");
    assert_eq!(copy.bytes(), original.bytes(), "bytes after {what}");
    assert_eq!(copy.recount_bytes(), original.bytes(), "values' own bytes after {what}");
    assert_eq!(copy.next_due_ms(), original.next_due_ms(), "next deadline after {what}");
    assert_eq!(encodings(copy), encodings(original), "encodings after {what}");
}

fn encodings(keyspace: &Keyspace) -> BTreeMap<&[u8], &'static str> {
    keyspace.in_hash_order().map(|(_, key, entry)| (key.as_slice(), entry.value().encoding())).collect()
}

/// Runs a session on an empty database.
#[track_caller]
pub(crate) fn check(session: &str) {
    Shell::new().check(session);
}

/// Splits a line at spaces. Words may be in double quotes, with `\"`, `\\`, `\n` and `\xHH`.
pub(crate) fn words(line: &str) -> Words {
    let mut words: Vec<bytes::Bytes> = Vec::new();
    let mut chars = line.chars().peekable();
    while let Some(&c) = chars.peek() {
        if c == ' ' {
            chars.next();
            continue;
        }
        let mut word = Vec::new();
        if c == '"' {
            chars.next();
            while let Some(c) = chars.next().filter(|&c| c != '"') {
                let escaped = if c == '\\' { chars.next() } else { None };
                match (c, escaped) {
                    ('\\', Some('n')) => word.push(b'\n'),
                    ('\\', Some('x')) => {
                        let hex: String = chars.by_ref().take(2).collect();
                        word.push(u8::from_str_radix(&hex, 16).expect("two hexadecimal digits"));
                    }
                    ('\\', Some(c)) => word.extend(c.to_string().bytes()),
                    (c, _) => word.extend(c.to_string().bytes()),
                }
            }
        } else {
            while let Some(c) = chars.next_if(|&c| c != ' ') {
                word.extend(c.to_string().bytes());
            }
        }
        words.push(word.into());
    }
    words.into_iter().collect()
}

/// A reply as `redis-cli` prints it in RESP2.
pub(crate) fn show(reply: &Reply) -> String {
    match reply {
        Reply::Status(text) => text.to_string(),
        Reply::Bulk(bytes) | Reply::Number(bytes) | Reply::BigNumber(bytes) | Reply::Verbatim(bytes) => {
            quote(bytes)
        }
        Reply::Int(n) => format!("(integer) {n}"),
        Reply::Null | Reply::NullArray => "(nil)".into(),
        Reply::Double(n) => quote(number::format_double(*n).as_bytes()),
        Reply::Bool(yes) => format!("(integer) {}", i64::from(*yes)),
        Reply::Error(error) => format!("(error) {error}"),
        Reply::Array(items) | Reply::Set(items) => show_list(items.iter().collect()),
        Reply::Pairs(pairs) | Reply::Map(pairs) => {
            show_list(pairs.iter().flat_map(|(name, value)| [name, value]).collect())
        }
        Reply::NestedMap(pairs) => {
            let pairs = pairs.iter().map(|(name, value)| Reply::Array(vec![name.clone(), value.clone()]));
            show_list(pairs.collect::<Vec<_>>().iter().collect())
        }
    }
}

fn show_list(items: Vec<&Reply>) -> String {
    if items.is_empty() {
        return "(empty array)".into();
    }
    let width = items.len().to_string().len();
    let numbered = items.iter().enumerate().map(|(i, item)| {
        let shown = show(item).replace('\n', &format!("\n{}", " ".repeat(width + 2)));
        format!("{:>width$}) {shown}", i + 1)
    });
    numbered.collect::<Vec<_>>().join("\n")
}

fn quote(bytes: &[u8]) -> String {
    let mut quoted = String::from("\"");
    for &byte in bytes {
        match byte {
            b'"' | b'\\' => quoted.extend(['\\', byte as char]),
            b'\n' => quoted.push_str("\\n"),
            b'\r' => quoted.push_str("\\r"),
            b'\t' => quoted.push_str("\\t"),
            b' '..=b'~' => quoted.push(byte as char),
            _ => quoted.push_str(&format!("\\x{byte:02x}")),
        }
    }
    quoted.push('"');
    quoted
}

/// Every spec, containers and what they hold.
fn specs() -> Vec<&'static Spec> {
    let with_subcommands = |command: &'static crate::Command| {
        std::iter::once(command.spec).chain(command.subcommands().iter().map(|sub| sub.spec))
    };
    commands().iter().flat_map(with_subcommands).collect()
}

/// The documentation shows examples, so they have to be true.
#[test]
fn every_example_holds() {
    for spec in specs() {
        match spec.run {
            Run::Read(_) | Run::Write(_) | Run::Server(_) => Shell::new().check_steps(spec.example.steps()),
            // Run where they can be, all of the kind: in the tests of `engine`, `pipeline` and `wire`.
            Run::Script(_) | Run::Account(_) | Run::Session => {}
            Run::Container => assert!(spec.example.is_empty(), "{}: what it holds has examples", spec.name),
        }
    }
}

/// As a command of its own, and not only to prepare for another.
#[test]
fn every_command_is_shown_by_its_example() {
    let all = commands().iter().flat_map(|command| std::iter::once(command).chain(command.subcommands()));
    for command in all.filter(|command| !command.is_container()) {
        let name = command.full_name().replace('|', " ");
        let sends = |step: &Step<'_>| matches!(step, Step::Send { who: "", line } if is_call_of(line, &name));
        assert!(command.spec.example.steps().iter().any(sends), "the example of {name} does not send it");
    }
}

/// Whether a line begins with the words of this name.
fn is_call_of(line: &str, name: &str) -> bool {
    format!("{line} ").to_ascii_lowercase().starts_with(&format!("{name} "))
}

#[test]
fn every_spec_is_complete() {
    for spec in specs() {
        let name = spec.name;
        assert_eq!(name, name.to_ascii_uppercase(), "{name} is not in upper case");
        assert!(spec.summary.ends_with('.'), "{name} has no summary that is a sentence");
        assert!(!spec.since.is_empty(), "{name} does not say since when");
        assert!(name.len() <= 32, "{name} is longer than the index looks");
    }
}

#[test]
fn no_two_commands_share_a_name() {
    let mut names: Vec<_> = commands().iter().map(|command| command.spec.name).collect();
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count);
    for command in commands() {
        let mut names: Vec<_> = command.subcommands().iter().map(|sub| sub.spec.name).collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count, "in {}", command.spec.name);
    }
}

/// A mistyped name, a missing argument: the client is told what, and never sees a panic.
#[test]
fn what_is_not_a_command_is_refused_by_name() {
    let mut shell = Shell::new();
    let refusal = show(&shell.run("nosuch a b"));
    assert_eq!(
        refusal,
        "(error) ERR Command is not available: 'NOSUCH'. See \
         https://upstash.com/docs/redis/overall/rediscompatibility for details"
    );
    assert_eq!(show(&shell.run("GeT")), "(error) ERR wrong number of arguments for 'get' command");
}

/// Their number of arguments makes no difference, nor whether a subcommand exists.
#[test]
fn what_belongs_to_a_connection_is_refused_over_rest() {
    for line in [
        "AUTH",
        "MULTI",
        "EXEC a",
        "WATCH k",
        "HELLO 3",
        "subscribe",
        "MONITOR",
        "CLIENT",
        "CLIENT ID",
        "CLIENT X y",
    ] {
        let name = line.split(' ').next().expect("a name").to_ascii_uppercase();
        let refusal = Call::resolve_over_rest(words(line)).expect_err("no connection");
        assert_eq!(
            refusal.text(),
            format!("ERR Command \"{name}\" is not allowed in REST or it has a special context path")
        );
    }
    assert!(Call::resolve_over_rest(words("GET k")).is_ok());
    assert!(Call::resolve(words("CLIENT ID")).is_ok());
    assert!(Call::resolve(words("CLIENT X")).is_err());
}
