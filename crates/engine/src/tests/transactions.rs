//! Whatever several clients watch, change and execute: a transaction runs exactly when a plain model says so.

use std::collections::{BTreeMap, BTreeSet};

use latchkey_keyspace::{Now, Watches};
use proptest::prelude::*;

use super::waiting::text;
use super::{NOW, call, database};
use crate::{Database, Limits};

type Key = char;

const KEYS: [Key; 3] = ['a', 'b', 'c'];
const CLIENTS: usize = 3;

/// What happens.
#[derive(Clone, Debug)]
enum Op {
    /// Somebody who watches nothing does this.
    Run(Deed),
    Watch(usize, Vec<Key>),
    Unwatch(usize),
    /// A client executes what it has queued, and watches nothing afterwards.
    Exec(usize, Vec<Deed>),
    /// So many milliseconds go by, and what is past its deadline may be dropped by then or not.
    Pass(i64, bool),
}

#[derive(Clone, Copy, Debug)]
enum Deed {
    Get(Key),
    Set(Key, i64),
    Incr(Key),
    Push(Key),
    Pop(Key),
    Remove(Key),
    Expire(Key, i64),
    Persist(Key),
    Rename(Key, Key),
    Clear,
}

impl Deed {
    fn line(self) -> String {
        match self {
            Self::Get(key) => format!("GET {key}"),
            Self::Set(key, number) => format!("SET {key} {number}"),
            Self::Incr(key) => format!("INCR {key}"),
            Self::Push(key) => format!("RPUSH {key} x"),
            Self::Pop(key) => format!("LPOP {key}"),
            Self::Remove(key) => format!("DEL {key}"),
            Self::Expire(key, ms) => format!("PEXPIRE {key} {ms}"),
            Self::Persist(key) => format!("PERSIST {key}"),
            Self::Rename(from, to) => format!("RENAME {from} {to}"),
            Self::Clear => "FLUSHDB".into(),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Held {
    Number(i64),
    List(usize),
}

/// What one client watches, and whether some of it was touched since.
#[derive(Clone, Debug, Default)]
struct Eye {
    keys: BTreeSet<Key>,
    has_seen_a_change: bool,
}

#[derive(Debug)]
struct Model {
    now: Now,
    keys: BTreeMap<Key, (Held, Option<i64>)>,
    eyes: Vec<Eye>,
}

const WRONG: &str = "WRONGTYPE";

impl Model {
    fn new() -> Self {
        Self { now: NOW, keys: BTreeMap::new(), eyes: vec![Eye::default(); CLIENTS] }
    }

    fn touch(&mut self, key: Key) {
        for eye in self.eyes.iter_mut().filter(|eye| eye.keys.contains(&key)) {
            eye.has_seen_a_change = true;
        }
    }

    fn put(&mut self, key: Key, held: Held, expires_at_ms: Option<i64>) {
        self.touch(key);
        self.keys.insert(key, (held, expires_at_ms));
    }

    fn remove(&mut self, key: Key) -> Option<(Held, Option<i64>)> {
        let removed = self.keys.remove(&key)?;
        self.touch(key);
        Some(removed)
    }

    fn drop_expired(&mut self) {
        let is_past = |at_ms: Option<i64>| at_ms.is_some_and(|at_ms| self.now.is_past(at_ms));
        let past: Vec<_> =
            self.keys.iter().filter(|(_, entry)| is_past(entry.1)).map(|(key, _)| *key).collect();
        for key in past {
            self.remove(key);
        }
    }

    /// Does it, and says what is answered.
    fn run(&mut self, deed: Deed) -> String {
        match deed {
            Deed::Get(key) => match self.keys.get(&key) {
                Some((Held::Number(number), _)) => number.to_string(),
                Some((Held::List(_), _)) => WRONG.into(),
                None => "nothing".into(),
            },
            Deed::Set(key, number) => {
                self.put(key, Held::Number(number), None);
                "OK".into()
            }
            Deed::Incr(key) => match self.keys.get(&key).copied() {
                Some((Held::List(_), _)) => WRONG.into(),
                Some((Held::Number(number), at_ms)) => self.count(key, number + 1, at_ms),
                None => self.count(key, 1, None),
            },
            Deed::Push(key) => match self.keys.get(&key).copied() {
                Some((Held::Number(_), _)) => WRONG.into(),
                Some((Held::List(len), at_ms)) => self.lengthen(key, len + 1, at_ms),
                None => self.lengthen(key, 1, None),
            },
            Deed::Pop(key) => match self.keys.get(&key).copied() {
                Some((Held::Number(_), _)) => WRONG.into(),
                Some((Held::List(1), _)) => self.remove(key).map_or_else(String::new, |_| "x".into()),
                Some((Held::List(len), at_ms)) => {
                    self.put(key, Held::List(len - 1), at_ms);
                    "x".into()
                }
                None => "nothing".into(),
            },
            Deed::Remove(key) => usize::from(self.remove(key).is_some()).to_string(),
            Deed::Expire(key, ms) => self.set_deadline(key, Some(self.now.ms() + ms)),
            Deed::Persist(key) => match self.keys.get(&key) {
                Some((_, Some(_))) => self.set_deadline(key, None),
                _ => "0".into(),
            },
            Deed::Rename(from, to) => match self.keys.get(&from).copied() {
                None => "ERR".into(),
                Some((held, at_ms)) => {
                    if from != to {
                        self.remove(from);
                        self.put(to, held, at_ms);
                    }
                    "OK".into()
                }
            },
            Deed::Clear => {
                for key in KEYS {
                    self.remove(key);
                }
                "OK".into()
            }
        }
    }

    fn count(&mut self, key: Key, number: i64, expires_at_ms: Option<i64>) -> String {
        self.put(key, Held::Number(number), expires_at_ms);
        number.to_string()
    }

    fn lengthen(&mut self, key: Key, len: usize, expires_at_ms: Option<i64>) -> String {
        self.put(key, Held::List(len), expires_at_ms);
        len.to_string()
    }

    fn set_deadline(&mut self, key: Key, expires_at_ms: Option<i64>) -> String {
        match self.keys.get(&key).copied() {
            Some((held, _)) => {
                self.put(key, held, expires_at_ms);
                "1".into()
            }
            None => "0".into(),
        }
    }
}

/// A database beside its model.
struct World {
    model: Model,
    database: Database,
    watches: Vec<Watches>,
}

impl World {
    fn new() -> Self {
        let watches = (0..CLIENTS).map(|_| Watches::default()).collect();
        Self { model: Model::new(), database: database(Limits::NONE), watches }
    }

    fn happen(&mut self, op: &Op) {
        self.model.drop_expired();
        match op {
            Op::Run(deed) => {
                let expected = self.model.run(*deed);
                let ran = self.database.run(&call(&deed.line()), self.model.now);
                assert_eq!(text(&ran.reply), expected, "{deed:?}");
            }
            Op::Watch(client, keys) => self.watch(*client, keys),
            Op::Unwatch(client) => self.forget(*client),
            Op::Exec(client, deeds) => self.exec(*client, deeds),
            Op::Pass(ms, sweeps) => self.pass(*ms, *sweeps),
        }
    }

    fn watch(&mut self, client: usize, keys: &[Key]) {
        let names = keys.iter().map(char::to_string).collect::<Vec<_>>().join(" ");
        self.database.watch(&call(&format!("WATCH {names}")), self.model.now, &mut self.watches[client]);
        self.model.eyes[client].keys.extend(keys);
    }

    fn forget(&mut self, client: usize) {
        self.watches[client].clear();
        self.model.eyes[client] = Eye::default();
    }

    fn exec(&mut self, client: usize, deeds: &[Deed]) {
        let touched = self.database.are_touched(&self.watches[client], self.model.now);
        assert_eq!(touched, self.model.eyes[client].has_seen_a_change, "client {client}");
        self.forget(client);
        if touched {
            return;
        }
        let expected: Vec<_> = deeds.iter().map(|deed| self.model.run(*deed)).collect();
        let calls: Vec<_> = deeds.iter().map(|deed| call(&deed.line())).collect();
        let replies = self.database.run_all(&calls, self.model.now).expect("there is room");
        assert_eq!(replies.iter().map(text).collect::<Vec<_>>(), expected, "{deeds:?}");
    }

    fn pass(&mut self, ms: i64, sweeps: bool) {
        self.model.now = Now::from_ms(self.model.now.ms() + ms);
        while sweeps && self.database.sweep(1, self.model.now) {}
    }
}

fn key() -> impl Strategy<Value = Key> {
    proptest::sample::select(&KEYS[..])
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        3 => key().prop_map(Deed::Get),
        3 => (key(), 0..5_i64).prop_map(|(key, number)| Deed::Set(key, number)),
        2 => key().prop_map(Deed::Incr),
        2 => key().prop_map(Deed::Push),
        2 => key().prop_map(Deed::Pop),
        2 => key().prop_map(Deed::Remove),
        3 => (key(), 1..20_i64).prop_map(|(key, ms)| Deed::Expire(key, ms)),
        1 => key().prop_map(Deed::Persist),
        2 => (key(), key()).prop_map(|(from, to)| Deed::Rename(from, to)),
        1 => Just(Deed::Clear),
    ]
}

fn op() -> impl Strategy<Value = Op> {
    let client = 0..CLIENTS;
    prop_oneof![
        6 => deed().prop_map(Op::Run),
        6 => (client.clone(), proptest::collection::vec(key(), 1..3)).prop_map(|(one, keys)| Op::Watch(one, keys)),
        1 => client.clone().prop_map(Op::Unwatch),
        5 => (client, proptest::collection::vec(deed(), 0..4)).prop_map(|(one, deeds)| Op::Exec(one, deeds)),
        2 => (1..15_i64, any::<bool>()).prop_map(|(ms, sweeps)| Op::Pass(ms, sweeps)),
    ]
}

proptest! {
    /// Goal: a change of a watched key stops the transaction, whoever made it and however; nothing else does.
    #[test]
    fn a_transaction_runs_when_a_plain_model_says_so(ops in proptest::collection::vec(op(), 1..60)) {
        let mut world = World::new();
        for op in &ops {
            world.happen(op);
        }
    }
}
