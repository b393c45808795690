//! Client-side caching: whoever drops its copies when it is told has none that is stale.

use std::collections::BTreeMap;
use std::sync::{Arc, Weak};

use bytes::Bytes;
use latchkey_keyspace::Now;
use latchkey_protocol::Reply;
use latchkey_pubsub::{Ear, Message, Mode, Stale, Terms, TrackedCounts};
use proptest::prelude::*;

use super::waiting::{Named, Told};
use super::{NOW, call, database};
use crate::{Begun, Database, Limits};

/// A database with clients that keep copies of what they read.
struct Scene {
    database: Database,
    clients: Vec<Client>,
    now: Now,
    presence: Arc<()>,
    told: Told,
}

/// What a client has read, by the command that it read with.
struct Client {
    ear: Ear,
    copies: BTreeMap<&'static str, Reply>,
}

impl Scene {
    fn new(limits: Limits, terms: &[Terms]) -> Self {
        let database = database(limits);
        let client = |terms: &Terms| {
            let ear = Ear::new();
            database.listen_for_copies(&ear, terms);
            Client { ear, copies: BTreeMap::new() }
        };
        let clients = terms.iter().map(client).collect();
        Self { database, clients, now: NOW, presence: Arc::default(), told: Told::default() }
    }

    /// One that tracks what it reads.
    fn single() -> Self {
        Self::new(Limits::NONE, &[Terms::default()])
    }

    /// A command of a client, or of somebody else.
    fn run(&mut self, who: Option<usize>, line: &str) -> Reply {
        self.database.speak_for(who.map(|who| &self.clients[who].ear));
        self.database.run(&call(line), self.now).reply
    }

    fn run_all(&mut self, who: Option<usize>, lines: &[&str]) -> Option<Vec<Reply>> {
        self.database.speak_for(who.map(|who| &self.clients[who].ear));
        let calls: Vec<_> = lines.iter().map(|line| call(line)).collect();
        self.database.run_all(&calls, self.now).ok()
    }

    /// A command that may wait.
    fn wait(&mut self, who: usize, line: &str) {
        self.database.speak_for(Some(&self.clients[who].ear));
        let presence: Weak<()> = Arc::downgrade(&self.presence);
        let waiter = Named { name: line.into(), presence, told: Arc::clone(&self.told) };
        if let Begun::Waits { .. } = self.database.run_or_wait(&call(line), self.now, Box::new(waiter)) {
            assert!(line.starts_with('B'), "{line}");
        }
        self.database.take_served().into_iter().for_each(|served| served.tell(0, None));
    }

    /// What a client is told since the last time: the keys of a message between spaces, `*` for all.
    fn told(&self, who: usize) -> Vec<String> {
        let messages = std::iter::from_fn(|| self.clients[who].ear.try_hear().unwrap());
        messages
            .map(|message| match message {
                Message::Stale { stale: Stale::Everything, .. } => "*".into(),
                Message::Stale { stale: Stale::Keys(keys), .. } => {
                    keys.iter().map(|key| String::from_utf8_lossy(key)).collect::<Vec<_>>().join(" ")
                }
                other => panic!("{other:?}"),
            })
            .collect()
    }

    /// Lines of a client and what it is told; `|` before a line of somebody else, `~ 1500` for time that passes.
    #[track_caller]
    fn check(&mut self, session: &str) {
        for line in session.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let (command, expected) = line.split_once("->").unwrap();
            let reply = match command.trim() {
                command if command.starts_with('~') => {
                    self.now = Now::from_ms(self.now.ms() + command[2..].parse::<i64>().unwrap());
                    self.database.sweep(100, self.now);
                    Reply::Null
                }
                command if command.starts_with('|') => self.run(None, command[1..].trim()),
                command => self.run(Some(0), command),
            };
            assert_eq!(self.told(0).join(", "), expected.trim(), "{command}answers {reply:?}");
        }
    }
}

impl Database {
    fn listen_for_copies(&self, ear: &Ear, terms: &Terms) {
        self.hub().join(ear);
        ear.track(terms, None).unwrap();
    }
}

#[test]
fn what_was_read_is_told_once_when_it_changes() {
    Scene::single().check(
        "GET k ->
         | SET k 1 -> k
         | SET k 2 ->
         SET k 3 ->
         MGET k l ->
         | MSET l 1 m 1 k 1 l 2 -> l, k
         EXISTS k ->
         | EXPIRE k 100 -> k
         TTL k ->
         | PERSIST k -> k
         GET k ->
         | RENAME k r -> k
         GET r ->
         | APPEND r x -> r
         SORT_RO q ->
         | RPUSH q x -> q
         HGETALL h ->
         | HSET h f v -> h
         HGETALL h ->
         | HDEL h none ->
         | HDEL h f -> h
         GET k ->
         SET k 1 -> k
         GETDEL k ->
         GET none ->
         | FLUSHALL -> *
         | SET none 1 ->
         | FLUSHDB -> *",
    );
}

#[test]
fn what_goes_by_itself_is_told() {
    Scene::single().check(
        "SET k 1 PX 100 ->
         GET k ->
         ~ 200 -> k
         | HSET h f v ->
         | HPEXPIRE h 100 FIELDS 1 f ->
         HGET h f ->
         ~ 200 -> h
         SET k 1 PX 100 ->
         GET k ->
         ~ 50 ->
         SET k 2 -> k",
    );
    let limits = Limits { stored_bytes_max: Some(300), evicts: true, ..Limits::NONE };
    let mut scene = Scene::new(limits, &[Terms { spares_own: true, ..Terms::default() }]);
    scene.check("SET a 1 ->\nGET a ->");
    (0..20).for_each(|n| drop(scene.run(Some(0), &format!("SET k{n} {}", "x".repeat(40)))));
    assert_eq!(scene.told(0), ["a"], "whoever makes room has not removed it");
}

#[test]
fn what_scripts_and_functions_read_is_read_by_who_calls_them() {
    Scene::single().check(
        "EVAL return{redis.call('GET','k'),redis.call('GET',KEYS[1])} 1 a ->
         EVAL return(redis.call('SET','n',1)) 1 unread ->
         | MSET k 1 a 1 n 1 unread 1 -> k, a
         EVAL redis.call('SET','k',1)return(redis.call('GET','k')) 0 ->
         | SET k 2 -> k
         EVAL redis.call('GET','k')error('x') 0 ->
         | SET k 3 ->
         GET k ->
         | EVAL redis.call('SET','k',9)error('x') 0 ->
         | EVAL redis.call('SET','k',9) 0 -> k",
    );
}

#[test]
fn a_transaction_is_told_when_it_is_done_and_in_its_order() {
    let mut scene = Scene::single();
    scene.run_all(Some(0), &["SET k 1", "GET k", "GET l", "SET l 1"]);
    assert_eq!(scene.told(0), ["l"]);
    scene.check("| SET k 2 -> k");
    scene.run_all(Some(0), &["GET k", "FLUSHALL", "GET l", "SET k 1"]);
    assert_eq!(scene.told(0), ["*"]);
    scene.check("| SET l 2 -> l");
}

/// It did not fit, so nobody hears of what it did first.
#[test]
fn a_transaction_that_did_not_happen_is_not_told() {
    let mut scene = Scene::new(Limits { stored_bytes_max: Some(200), ..Limits::NONE }, &[Terms::default()]);
    scene.check("GET k ->");
    let long = format!("SET l {}", "x".repeat(300));
    assert_eq!(scene.run_all(None, &["SET k 1", "FLUSHALL", &long]), None);
    assert_eq!(scene.told(0), Vec::<String>::new());
    scene.check("| SET k 1 -> k");
}

#[test]
fn what_a_waiting_command_takes_is_its_own_change() {
    let quiet = Terms { spares_own: true, ..Terms::default() };
    let mut scene = Scene::new(Limits::NONE, &[quiet, Terms::default()]);
    scene.wait(0, "BLMOVE a b LEFT RIGHT 0");
    for who in 0..2 {
        scene.run(Some(who), "LRANGE b 0 -1");
    }
    scene.run(Some(1), "RPUSH a x");
    assert_eq!((scene.told(0), scene.told(1)), (vec![], vec!["b".to_owned()]));
}

#[test]
fn a_key_that_is_found_expired_by_a_watch_is_told() {
    let mut scene = Scene::single();
    scene.check("SET k 1 PX 100 ->\nGET k ->");
    scene.now = Now::from_ms(NOW.ms() + 200);
    let mut watches = latchkey_commands::Watches::default();
    scene.database.watch(&call("WATCH k"), scene.now, &mut watches);
    assert_eq!(scene.told(0), ["k"]);
}

#[test]
fn nothing_is_noted_if_nobody_keeps_copies() {
    let mut scene = Scene::single();
    scene.check("GET k ->");
    scene.clients[0].ear.stop_tracking();
    scene.check("GET l ->\nSET k 1 ->");
    assert!(!scene.database.keyspace().has_traces());
    assert_eq!(scene.database.hub().tracked(), TrackedCounts::default());
}

/// What clients read, and what they or others do.
const READS: [&str; 8] = [
    "GET a",
    "GET b",
    "MGET a b c",
    "LRANGE l 0 -1",
    "LLEN l",
    "HGETALL h",
    "EXPIRETIME a",
    "EXISTS a b l h",
];
const WRITES: [&str; 24] = [
    "SET a 1",
    "SET a 2 PX 30",
    "SET b 3",
    "INCR a",
    "APPEND b x",
    "DEL a",
    "DEL l h",
    "MSET a 5 c 6",
    "RENAME a b",
    "COPY b a REPLACE",
    "EXPIRE a 1",
    "PERSIST a",
    "RPUSH l x",
    "LPOP l",
    "LMOVE l m LEFT RIGHT",
    "SORT m STORE l",
    "HSET h f v",
    "HSET h g w",
    "HPEXPIRE h 20 FIELDS 1 f",
    "HDEL h f g",
    "FLUSHALL",
    "EVAL redis.call('SET','a',7)redis.call('DEL','b') 0",
    "EVAL redis.call('SET','a',8)error('x') 0",
    "SETRANGE c 5000 x",
];

#[derive(Clone, Debug)]
enum Op {
    /// A client reads, and keeps a copy.
    Read(usize, usize),
    /// Somebody writes: a client, or one beyond them.
    Write(usize, usize),
    /// Several as one step; of a client, the reads among them are kept.
    Step(usize, Vec<(bool, usize)>),
    /// A client waits for an element.
    Wait(usize),
    /// A client hears what it has been told.
    Hear(usize),
    /// Milliseconds go by.
    Pass(i64),
}

const CLIENTS: usize = 4;
/// The client that is not told of its own changes.
const QUIET: usize = 1;

fn op() -> impl Strategy<Value = Op> {
    let (read, write) = (0..READS.len(), 0..WRITES.len());
    let step = prop::collection::vec((any::<bool>(), 0..READS.len()), 1..5);
    prop_oneof![
        4 => (0..CLIENTS, read).prop_map(|(who, read)| Op::Read(who, read)),
        3 => (0..=CLIENTS, write).prop_map(|(who, write)| Op::Write(who, write)),
        2 => (0..=CLIENTS, step).prop_map(|(who, step)| Op::Step(who, step)),
        1 => (0..CLIENTS).prop_map(Op::Wait),
        2 => (0..CLIENTS).prop_map(Op::Hear),
        1 => (1_i64..60).prop_map(Op::Pass),
    ]
}

impl Scene {
    /// A client of each mode, in a database that is often full.
    fn mixed() -> Self {
        let mode = |mode, prefixes: &[&'static str]| Terms {
            mode,
            prefixes: prefixes.iter().map(|&prefix| Bytes::from(prefix)).collect(),
            spares_own: false,
        };
        let quiet = Terms { spares_own: true, ..Terms::default() };
        let limits = Limits { stored_bytes_max: Some(4_000), ..Limits::NONE };
        let terms =
            [mode(Mode::Reads, &[]), quiet, mode(Mode::OptOut, &[]), mode(Mode::Broadcast, &["", "a"])];
        Self::new(limits, &terms)
    }

    fn happen(&mut self, op: &Op) {
        match op {
            Op::Read(who, read) => {
                let reply = self.run(Some(*who), READS[*read]);
                self.clients[*who].copies.insert(READS[*read], reply);
            }
            Op::Write(who, write) => {
                let who = Some(*who).filter(|&who| who < CLIENTS);
                self.run(who, WRITES[*write]);
                self.forget_own(who);
            }
            Op::Step(who, step) => self.step(Some(*who).filter(|&who| who < CLIENTS), step),
            Op::Wait(who) => {
                self.wait(*who, "BLPOP l 0");
                self.forget_own(Some(*who));
            }
            Op::Hear(who) => self.hear(*who),
            Op::Pass(ms) => self.now = Now::from_ms(self.now.ms() + ms),
        }
        // Whoever waited and is answered knows then what it has changed.
        self.database.take_served().into_iter().for_each(|served| served.tell(0, None));
        if !std::mem::take(&mut *self.told.lock().unwrap()).is_empty() {
            self.forget_own(Some(QUIET));
        }
    }

    fn step(&mut self, who: Option<usize>, step: &[(bool, usize)]) {
        let line =
            |&(reads, at): &(bool, usize)| if reads { READS[at] } else { WRITES[at * 3 % WRITES.len()] };
        let lines: Vec<&'static str> = step.iter().map(line).collect();
        let replies = self.run_all(who, &lines).unwrap_or_default();
        for ((&(reads, _), line), reply) in step.iter().zip(lines).zip(replies) {
            match who {
                Some(who) if reads => drop(self.clients[who].copies.insert(line, reply)),
                _ => self.forget_own(who),
            }
        }
    }

    /// Who is not told of its own changes has to know them.
    fn forget_own(&mut self, who: Option<usize>) {
        if who == Some(QUIET) {
            self.clients[QUIET].copies.clear();
        }
    }

    fn hear(&mut self, who: usize) {
        for told in self.told(who) {
            let is_stale = |read: &str| {
                told == "*" || told.split(' ').any(|key| read.split(' ').skip(1).any(|word| word == key))
            };
            self.clients[who].copies.retain(|read, _| !is_stale(read));
        }
    }

    /// All have heard everything: no copy is older than the database.
    fn check_copies(&mut self) {
        while self.database.sweep(100, self.now) {}
        for who in 0..CLIENTS {
            self.hear(who);
            for (read, copy) in std::mem::take(&mut self.clients[who].copies) {
                assert_eq!(self.run(None, read), copy, "{read} of client {who} is stale");
            }
        }
    }
}

proptest! {
    /// Goal: a client that drops what it is told of never serves a value that is older than what it was told.
    #[test]
    fn no_copy_is_stale_after_all_was_heard(ops in prop::collection::vec(op(), 1..80)) {
        let mut scene = Scene::mixed();
        for op in &ops {
            scene.happen(op);
        }
        scene.check_copies();
        prop_assert_eq!(scene.database.keyspace().recount_bytes(), scene.database.stored_bytes());
    }
}
