//! Whatever comes, goes and waits, in whatever order: who is served is who a plain model of queues serves.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use latchkey_keyspace::{Keyspace, Now};
use proptest::prelude::*;

use super::waiting::{Named, Told, text};
use super::{NOW, call, database};
use crate::{Begun, Database, Limits, WaitId};

type Key = char;

/// What happens.
#[derive(Clone, Debug)]
enum Op {
    /// These commands, as one step.
    Step(Vec<Deed>),
    /// Somebody looks for something, and waits if it is not there.
    Wait(Wish),
    /// One of those who wait waits no longer.
    GiveUp(usize),
    /// One of those who wait goes, and the database has not heard of it.
    Vanish(usize),
    /// So many milliseconds go by; then what is past its deadline is dropped.
    Pass(i64),
}

/// A command that does not wait.
#[derive(Clone, Debug)]
enum Deed {
    /// Each element is pushed once in all.
    Push(End, Key, usize),
    /// The score of a new member.
    Add(Key, u8),
    Pop(End, Key),
    Text(Key),
    Remove(Key),
    Expire(Key, i64),
    Rename(Key, Key),
}

/// A command that waits.
#[derive(Clone, Debug)]
enum Wish {
    Pop(End, Vec<Key>),
    PopSeveral(End, Vec<Key>, usize),
    Move(Key, End, Key, End),
    PopScored(End, Vec<Key>),
    PopSeveralScored(End, Vec<Key>, usize),
}

/// The left end is also that of the least scores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Left,
    Right,
}

/// What the model has under a key.
#[derive(Clone, Debug)]
enum Held {
    List(VecDeque<String>),
    /// In order.
    Scored(Vec<(u8, String)>),
    Text,
}

/// Queues, as one would explain them.
#[derive(Debug)]
struct Model {
    now: Now,
    keys: BTreeMap<Key, (Held, Option<i64>)>,
    /// In the order in which they came.
    waiting: Vec<Waits>,
    /// Where something came in this step, in that order.
    ready: Vec<Key>,
    served: Vec<String>,
    elements: usize,
}

#[derive(Debug)]
struct Waits {
    name: String,
    wish: Wish,
    is_there: bool,
}

impl Model {
    fn new() -> Self {
        Self {
            now: NOW,
            keys: BTreeMap::new(),
            waiting: Vec::new(),
            ready: Vec::new(),
            served: Vec::new(),
            elements: 0,
        }
    }

    fn drop_expired(&mut self) {
        let now = self.now;
        self.keys.retain(|_, (_, expires_at_ms)| expires_at_ms.is_none_or(|at_ms| !now.is_past(at_ms)));
    }

    fn new_element(&mut self) -> String {
        self.elements += 1;
        format!("e{}", self.elements)
    }

    /// Does it, and says it in words.
    fn run(&mut self, deed: &Deed) -> String {
        match *deed {
            Deed::Push(end, key, count) => {
                let elements: Vec<_> = (0..count).map(|_| self.new_element()).collect();
                elements.iter().for_each(|element| self.push(end, key, element));
                format!("{}PUSH {key} {}", end.initial(), elements.join(" "))
            }
            Deed::Add(key, score) => {
                let member = self.new_element();
                self.add(key, score, &member);
                format!("ZADD {key} {score} {member}")
            }
            Deed::Pop(end, key) => {
                self.take_from_list(end, key, 1);
                format!("{}POP {key}", end.initial())
            }
            Deed::Text(key) => {
                self.put(key, Held::Text, None);
                format!("SET {key} text")
            }
            Deed::Remove(key) => {
                self.keys.remove(&key);
                format!("DEL {key}")
            }
            Deed::Expire(key, ms) => {
                if let Some((_, expires_at_ms)) = self.keys.get_mut(&key) {
                    *expires_at_ms = Some(self.now.ms() + ms);
                }
                format!("PEXPIRE {key} {ms}")
            }
            Deed::Rename(from, to) => {
                if from != to
                    && let Some((held, expires_at_ms)) = self.keys.remove(&from)
                {
                    self.put(to, held, expires_at_ms);
                }
                format!("RENAME {from} {to}")
            }
        }
    }

    /// Puts a value where there was none, or another.
    fn put(&mut self, key: Key, held: Held, expires_at_ms: Option<i64>) {
        self.keys.insert(key, (held, expires_at_ms));
        if !self.ready.contains(&key) {
            self.ready.push(key);
        }
    }

    fn push(&mut self, end: End, key: Key, element: &str) {
        match self.keys.get_mut(&key) {
            None => self.put(key, Held::List([element.to_owned()].into()), None),
            Some((Held::List(list), _)) if end == End::Left => list.push_front(element.to_owned()),
            Some((Held::List(list), _)) => list.push_back(element.to_owned()),
            Some(_) => {}
        }
    }

    fn add(&mut self, key: Key, score: u8, member: &str) {
        match self.keys.get_mut(&key) {
            None => self.put(key, Held::Scored(vec![(score, member.to_owned())]), None),
            Some((Held::Scored(members), _)) => {
                members.push((score, member.to_owned()));
                members.sort();
            }
            Some(_) => {}
        }
    }

    /// Takes elements from a list; none if there is no list.
    fn take_from_list(&mut self, end: End, key: Key, count: usize) -> Vec<String> {
        let Some((Held::List(list), _)) = self.keys.get_mut(&key) else { return Vec::new() };
        let mut take = || if end == End::Left { list.pop_front() } else { list.pop_back() };
        let taken = (0..count).map_while(|_| take()).collect();
        if list.is_empty() {
            self.keys.remove(&key);
        }
        taken
    }

    /// Takes members, each with its score behind it.
    fn take_scored(&mut self, end: End, key: Key, count: usize) -> Vec<String> {
        let Some((Held::Scored(members), _)) = self.keys.get_mut(&key) else { return Vec::new() };
        let mut taken = Vec::new();
        for _ in 0..count.min(members.len()) {
            let (score, member) = members.remove(if end == End::Left { 0 } else { members.len() - 1 });
            taken.extend([member, score.to_string()]);
        }
        if members.is_empty() {
            self.keys.remove(&key);
        }
        taken
    }

    /// What a wish is answered now: nothing if there is nothing for it.
    fn fulfil(&mut self, wish: &Wish) -> Option<String> {
        let key = wish.keys().into_iter().find(|key| self.keys.contains_key(key))?;
        if !self.suits(key, wish) {
            return Some("WRONGTYPE".into());
        }
        let mut taken = match *wish {
            Wish::Pop(end, _) => self.take_from_list(end, key, 1),
            Wish::PopSeveral(end, _, count) => self.take_from_list(end, key, count),
            Wish::PopScored(end, _) => self.take_scored(end, key, 1),
            Wish::PopSeveralScored(end, _, count) => self.take_scored(end, key, count),
            Wish::Move(from, end, to, other_end) => return Some(self.move_one(from, end, to, other_end)),
        };
        taken.insert(0, key.to_string());
        Some(taken.join(" "))
    }

    fn move_one(&mut self, from: Key, end: End, to: Key, other_end: End) -> String {
        if matches!(self.keys.get(&to), Some((Held::Scored(_) | Held::Text, _))) {
            return "WRONGTYPE".into();
        }
        // A list whose only element turns around is the same list, with its deadline.
        let deadline = self.keys.get(&from).and_then(|(_, expires_at_ms)| *expires_at_ms);
        let element = self.take_from_list(end, from, 1).remove(0);
        self.push(other_end, to, &element);
        if from == to
            && let Some((_, expires_at_ms)) = self.keys.get_mut(&to)
        {
            *expires_at_ms = deadline;
        }
        element
    }

    /// Whether what is under the key is of the type that the wish is for.
    fn suits(&self, key: Key, wish: &Wish) -> bool {
        let is_scored = matches!(wish, Wish::PopScored(..) | Wish::PopSeveralScored(..));
        match self.keys.get(&key) {
            Some((Held::List(_), _)) => !is_scored,
            Some((Held::Scored(_), _)) => is_scored,
            Some((Held::Text, _)) | None => false,
        }
    }

    /// Serves at each key where something came whoever came first, until there is nothing more for anybody.
    fn serve(&mut self) {
        while !self.ready.is_empty() {
            for key in std::mem::take(&mut self.ready) {
                while let Some(first) = self.first_at(key) {
                    let Waits { name, wish, is_there } = self.waiting.remove(first);
                    if is_there && let Some(reply) = self.fulfil(&wish) {
                        self.served.push(format!("{name}: {reply}"));
                    }
                }
            }
        }
    }

    fn first_at(&self, key: Key) -> Option<usize> {
        self.waiting.iter().position(|waits| waits.wish.keys().contains(&key) && self.suits(key, &waits.wish))
    }
}

impl End {
    fn initial(self) -> char {
        if self == Self::Left { 'L' } else { 'R' }
    }

    fn word(self) -> &'static str {
        if self == Self::Left { "LEFT" } else { "RIGHT" }
    }

    fn scored(self) -> &'static str {
        if self == Self::Left { "MIN" } else { "MAX" }
    }
}

impl Wish {
    /// Where it looks, in order.
    fn keys(&self) -> Vec<Key> {
        match self {
            Self::Move(from, ..) => vec![*from],
            Self::Pop(_, keys)
            | Self::PopSeveral(_, keys, _)
            | Self::PopScored(_, keys)
            | Self::PopSeveralScored(_, keys, _) => keys.clone(),
        }
    }

    /// The command.
    fn line(&self) -> String {
        let names = self.keys().iter().map(char::to_string).collect::<Vec<_>>();
        let (number, names) = (names.len(), names.join(" "));
        match self {
            Self::Pop(end, _) => format!("B{}POP {names} 0", end.initial()),
            Self::PopSeveral(end, _, count) => {
                format!("BLMPOP 0 {number} {names} {} COUNT {count}", end.word())
            }
            Self::Move(from, end, to, other_end) => {
                format!("BLMOVE {from} {to} {} {} 0", end.word(), other_end.word())
            }
            Self::PopScored(end, _) => format!("BZPOP{} {names} 0", end.scored()),
            Self::PopSeveralScored(end, _, count) => {
                format!("BZMPOP 0 {number} {names} {} COUNT {count}", end.scored())
            }
        }
    }
}

/// A database beside its model.
struct World {
    model: Model,
    database: Database,
    /// What the records of all steps give.
    replayed: Keyspace,
    told: Told,
    /// How those who have begun to wait are known to the database, by name; and what shows that they are there.
    waiting: BTreeMap<String, (WaitId, Arc<()>)>,
    came: usize,
}

impl World {
    fn new() -> Self {
        Self {
            model: Model::new(),
            database: database(Limits::NONE).recording(),
            replayed: Keyspace::new(8),
            told: Told::default(),
            waiting: BTreeMap::new(),
            came: 0,
        }
    }

    fn happen(&mut self, op: &Op) {
        self.model.drop_expired();
        match op {
            Op::Step(deeds) => self.step(deeds),
            Op::Wait(wish) => self.wait(wish),
            Op::GiveUp(one) => self.give_up(*one),
            Op::Vanish(one) => self.vanish(*one),
            Op::Pass(ms) => self.pass(*ms),
        }
        self.check(op);
    }

    fn step(&mut self, deeds: &[Deed]) {
        let calls: Vec<_> = deeds.iter().map(|deed| call(&self.model.run(deed))).collect();
        self.model.serve();
        match calls.as_slice() {
            [one] => drop(self.database.run(one, self.model.now)),
            all => drop(self.database.run_all(all, self.model.now).unwrap()),
        }
    }

    fn wait(&mut self, wish: &Wish) {
        self.came += 1;
        let (name, presence) = (format!("c{}", self.came), Arc::new(()));
        let told = Arc::clone(&self.told);
        let waiter = Named { name: name.clone(), presence: Arc::downgrade(&presence), told };
        let begun = self.database.run_or_wait(&call(&wish.line()), self.model.now, Box::new(waiter));
        match (begun, self.model.fulfil(wish)) {
            (Begun::Done(ran), Some(reply)) => assert_eq!(text(&ran.reply), reply, "{wish:?}"),
            (Begun::Waits { id, .. }, None) => {
                self.waiting.insert(name.clone(), (id, presence));
                self.model.waiting.push(Waits { name, wish: wish.clone(), is_there: true });
            }
            (begun, expected) => panic!("{wish:?} gives {begun:?}, not {expected:?}"),
        }
        self.model.serve(); // what it moved
    }

    fn give_up(&mut self, one: usize) {
        if self.model.waiting.is_empty() {
            return;
        }
        let waits = self.model.waiting.remove(one % self.model.waiting.len());
        assert!(self.database.stop_waiting(self.waiting[&waits.name].0), "{waits:?} still waited");
    }

    fn vanish(&mut self, one: usize) {
        if self.model.waiting.is_empty() {
            return;
        }
        let index = one % self.model.waiting.len();
        let waits = &mut self.model.waiting[index];
        waits.is_there = false;
        if let Some((_, presence)) = self.waiting.get_mut(&waits.name) {
            *presence = Arc::default();
        }
    }

    fn pass(&mut self, ms: i64) {
        self.model.now = Now::from_ms(self.model.now.ms() + ms);
        self.model.drop_expired();
        while self.database.sweep(1, self.model.now) {}
    }

    /// The same have been told the same in the same order, the same is left, and the record says so too.
    fn check(&mut self, op: &Op) {
        self.database.take_served().into_iter().for_each(|served| served.tell(0, None));
        let told = std::mem::take(&mut *self.told.lock().unwrap());
        let told: Vec<_> =
            told.into_iter().map(|(name, ran)| format!("{name}: {}", text(&ran.reply))).collect();
        assert_eq!(told, std::mem::take(&mut self.model.served), "served by {op:?}");
        assert_eq!(self.database.waiting(), self.model.waiting.len(), "who waits after {op:?}");
        self.database.keep(|record| self.replayed.replay(record).unwrap());
        let keyspace = &self.database.keyspace;
        assert_eq!(self.replayed.canonical(), keyspace.canonical(), "the record of {op:?}");
        assert_eq!(keyspace.recount_bytes(), keyspace.bytes(), "bytes after {op:?}");
        assert_eq!(self.held(), self.model.held(), "what is left after {op:?}");
    }

    /// Everything that is there, as commands see it.
    fn held(&mut self) -> BTreeMap<Key, String> {
        KEYS.into_iter().filter_map(|key| Some((key, self.held_under(key)?))).collect()
    }

    fn held_under(&mut self, key: Key) -> Option<String> {
        let now = self.model.now;
        let mut ask = |line: String| text(&self.database.run(&call(&line), now).reply);
        let deadline = ask(format!("PEXPIRETIME {key}"));
        let value = match ask(format!("TYPE {key}")).as_str() {
            "none" => return None,
            "list" => ask(format!("LRANGE {key} 0 -1")),
            "zset" => ask(format!("ZRANGE {key} 0 -1 WITHSCORES")),
            _ => ask(format!("GET {key}")),
        };
        Some(format!("{deadline} {value}"))
    }
}

impl Model {
    fn held(&self) -> BTreeMap<Key, String> {
        let with_deadline = |(held, expires_at_ms): &(Held, Option<i64>)| {
            format!("{} {}", expires_at_ms.unwrap_or(-1), held.in_words())
        };
        self.keys.iter().map(|(key, entry)| (*key, with_deadline(entry))).collect()
    }
}

impl Held {
    fn in_words(&self) -> String {
        match self {
            Self::List(list) => list.iter().cloned().collect::<Vec<_>>().join(" "),
            Self::Scored(members) => {
                let members = members.iter().map(|(score, member)| format!("{member} {score}"));
                members.collect::<Vec<_>>().join(" ")
            }
            Self::Text => "text".into(),
        }
    }
}

const KEYS: [Key; 4] = ['a', 'b', 'c', 'd'];

fn key() -> impl Strategy<Value = Key> {
    proptest::sample::select(&KEYS[..])
}

fn keys() -> impl Strategy<Value = Vec<Key>> {
    proptest::collection::vec(key(), 1..4)
}

fn end() -> impl Strategy<Value = End> {
    prop_oneof![Just(End::Left), Just(End::Right)]
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        6 => (end(), key(), 1..4_usize).prop_map(|(end, key, count)| Deed::Push(end, key, count)),
        4 => (key(), 0..5_u8).prop_map(|(key, score)| Deed::Add(key, score)),
        1 => (end(), key()).prop_map(|(end, key)| Deed::Pop(end, key)),
        1 => key().prop_map(Deed::Text),
        3 => key().prop_map(Deed::Remove),
        1 => (key(), 1..20_i64).prop_map(|(key, ms)| Deed::Expire(key, ms)),
        2 => (key(), key()).prop_map(|(from, to)| Deed::Rename(from, to)),
    ]
}

fn wish() -> impl Strategy<Value = Wish> {
    let count = 1..4_usize;
    prop_oneof![
        3 => (end(), keys()).prop_map(|(end, keys)| Wish::Pop(end, keys)),
        2 => (end(), keys(), count.clone()).prop_map(|(end, keys, count)| Wish::PopSeveral(end, keys, count)),
        3 => (key(), end(), key(), end())
            .prop_map(|(from, end, to, other_end)| Wish::Move(from, end, to, other_end)),
        2 => (end(), keys()).prop_map(|(end, keys)| Wish::PopScored(end, keys)),
        1 => (end(), keys(), count).prop_map(|(end, keys, count)| Wish::PopSeveralScored(end, keys, count)),
    ]
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        6 => deed().prop_map(|deed| Op::Step(vec![deed])),
        3 => proptest::collection::vec(deed(), 2..6).prop_map(Op::Step),
        9 => wish().prop_map(Op::Wait),
        1 => (0..100_usize).prop_map(Op::GiveUp),
        1 => (0..100_usize).prop_map(Op::Vanish),
        1 => (1..15_i64).prop_map(Op::Pass),
    ]
}

proptest! {
    /// Goal: the right one gets the right thing, once, and a database that is read anew knows of it.
    #[test]
    fn who_waits_is_served_as_a_plain_model_says(ops in proptest::collection::vec(op(), 1..60)) {
        let mut world = World::new();
        for op in &ops {
            world.happen(op);
        }
    }
}
