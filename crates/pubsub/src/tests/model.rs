//! Whoever subscribes, stops, goes and publishes: everybody hears what a plain model says.

use std::collections::BTreeSet;

use latchkey_keyspace::collections::glob;
use proptest::prelude::*;

use super::*;

const EARS: usize = 4;
const CHANNELS: [&str; 4] = ["a", "ab", "b", "news"];
const PATTERNS: [&str; 4] = ["a*", "*", "?", "n[a-f]ws"];

#[derive(Clone, Debug)]
enum Op {
    Subscribe(usize, Scope, Vec<&'static str>),
    /// None named: all.
    Unsubscribe(usize, Scope, Vec<&'static str>),
    /// To a channel, or a shard channel.
    Publish(bool, &'static str),
    Hear(usize),
    /// The ear is dropped, and somebody new comes in its place.
    Go(usize),
}

/// What one ear listens on: channels, patterns, shard channels; and what it has not heard yet, a set for each message
/// that was published, because nothing says in which order it comes by several patterns.
#[derive(Debug, Default)]
struct Listens {
    names: [BTreeSet<&'static str>; 3],
    waiting: Vec<BTreeSet<String>>,
}

impl Listens {
    fn names(&mut self, scope: Scope) -> &mut BTreeSet<&'static str> {
        &mut self.names[index(scope)]
    }

    /// What is counted to a client when it subscribes: shard channels by themselves.
    fn count(&self, scope: Scope) -> usize {
        match scope {
            Scope::Shard => self.names[2].len(),
            Scope::Channel | Scope::Pattern => self.names[0].len() + self.names[1].len(),
        }
    }

    fn told(&self, is_shard: bool, channel: &str, payload: usize) -> BTreeSet<String> {
        let [channels, patterns, shards] = &self.names;
        if is_shard {
            return shards.get(channel).map(|_| format!("shard {channel}:{payload}")).into_iter().collect();
        }
        let exactly = channels.get(channel).map(|_| format!("{channel}:{payload}"));
        let matching =
            patterns.iter().filter(|pattern| glob::matches(pattern.as_bytes(), channel.as_bytes(), false));
        matching.map(|pattern| format!("{pattern}>{channel}:{payload}")).chain(exactly).collect()
    }
}

fn index(scope: Scope) -> usize {
    match scope {
        Scope::Channel => 0,
        Scope::Pattern => 1,
        Scope::Shard => 2,
    }
}

struct World {
    hub: Arc<Hub>,
    ears: Vec<Ear>,
    model: Vec<Listens>,
    published: usize,
}

impl World {
    fn new() -> Self {
        let ears = (0..EARS).map(|_| Ear::new()).collect();
        Self { hub: hub(), ears, model: (0..EARS).map(|_| Listens::default()).collect(), published: 0 }
    }

    fn happen(&mut self, op: &Op) {
        match op {
            Op::Subscribe(ear, scope, names) => self.subscribe(*ear, *scope, names),
            Op::Unsubscribe(ear, scope, names) => self.unsubscribe(*ear, *scope, names),
            Op::Publish(is_shard, channel) => self.publish(*is_shard, channel),
            Op::Hear(ear) => self.hear(*ear),
            Op::Go(ear) => {
                self.ears[*ear] = Ear::new();
                self.model[*ear] = Listens::default();
            }
        }
        self.check();
    }

    fn subscribe(&mut self, ear: usize, scope: Scope, names: &[&'static str]) {
        let counts = names.iter().map(|name| {
            self.model[ear].names(scope).insert(name);
            self.model[ear].count(scope)
        });
        let counts: Vec<_> = counts.collect();
        assert_eq!(self.hub.subscribe(&self.ears[ear], scope, &bytes(names)), Ok(counts));
    }

    fn unsubscribe(&mut self, ear: usize, scope: Scope, names: &[&'static str]) {
        let mut left = self.ears[ear].unsubscribe(scope, &bytes(names));
        let model = &mut self.model[ear];
        if names.is_empty() {
            let all = std::mem::take(model.names(scope));
            let least = model.count(scope);
            let counts: Vec<_> = left.iter().map(|(_, count)| *count).collect();
            assert_eq!(counts, (least..least + all.len()).rev().collect::<Vec<_>>());
            left.sort();
            assert_eq!(
                left.into_iter().map(|(name, _)| name).collect::<Vec<_>>(),
                bytes(&Vec::from_iter(all))
            );
            return;
        }
        for (name, (left, count)) in names.iter().zip(left) {
            model.names(scope).remove(name);
            assert_eq!((&*left, count), (name.as_bytes(), model.count(scope)));
        }
    }

    fn publish(&mut self, is_shard: bool, channel: &str) {
        self.published += 1;
        let payload = self.published;
        let scope = if is_shard { Scope::Shard } else { Scope::Channel };
        let told: Vec<_> = self.model.iter().map(|ear| ear.told(is_shard, channel, payload)).collect();
        let receivers = told.iter().map(BTreeSet::len).sum();
        assert_eq!(self.hub.receivers(scope, channel.as_bytes()), receivers);
        let mut outbox = Outbox::new(Arc::clone(&self.hub));
        let heard = outbox.publish(scope, channel.as_bytes(), payload.to_string().as_bytes());
        outbox.send();
        assert_eq!(heard, Some(receivers));
        let heard = self.model.iter_mut().zip(told).filter(|(_, told)| !told.is_empty());
        heard.for_each(|(ear, told)| ear.waiting.push(told));
    }

    fn hear(&mut self, ear: usize) {
        let mut heard = heard(&self.ears[ear]).into_iter();
        for told in std::mem::take(&mut self.model[ear].waiting) {
            assert_eq!(heard.by_ref().take(told.len()).collect::<BTreeSet<_>>(), told);
        }
        assert_eq!(heard.next(), None, "more than was said");
    }

    /// What PUBSUB tells.
    fn check(&self) {
        for scope in [Scope::Channel, Scope::Pattern, Scope::Shard] {
            let all: BTreeSet<_> =
                self.model.iter().flat_map(|ear| &ear.names[index(scope)]).copied().collect();
            assert_eq!(self.hub.names(scope), all.len());
            let listed: BTreeSet<_> = self.hub.channels(scope, None).into_iter().collect();
            assert_eq!(listed, bytes(&Vec::from_iter(all.clone())).into_iter().collect());
            for name in all {
                let listeners =
                    self.model.iter().filter(|ear| ear.names[index(scope)].contains(name)).count();
                assert_eq!(self.hub.listeners_on(scope, name.as_bytes()), listeners);
            }
        }
        let listening =
            self.model.iter().filter(|ear| ear.names.iter().any(|names| !names.is_empty())).count();
        assert_eq!((self.hub.subscribers(), self.hub.has_listeners()), (listening, listening > 0));
    }
}

fn bytes(names: &[&'static str]) -> Vec<Bytes> {
    names.iter().map(|name| Bytes::from_static(name.as_bytes())).collect()
}

fn scoped(least: usize) -> impl Strategy<Value = (Scope, Vec<&'static str>)> {
    let names = move |from: [&'static str; 4]| {
        proptest::collection::vec(proptest::sample::select(from.to_vec()), least..4)
    };
    prop_oneof![
        names(CHANNELS).prop_map(|names| (Scope::Channel, names)),
        names(PATTERNS).prop_map(|names| (Scope::Pattern, names)),
        names(CHANNELS).prop_map(|names| (Scope::Shard, names)),
    ]
}

fn op() -> impl Strategy<Value = Op> {
    let ear = 0..EARS;
    prop_oneof![
        4 => (ear.clone(), scoped(1)).prop_map(|(ear, (scope, names))| Op::Subscribe(ear, scope, names)),
        3 => (ear.clone(), scoped(0)).prop_map(|(ear, (scope, names))| Op::Unsubscribe(ear, scope, names)),
        6 => (any::<bool>(), proptest::sample::select(CHANNELS.to_vec()))
            .prop_map(|(is_shard, channel)| Op::Publish(is_shard, channel)),
        3 => ear.clone().prop_map(Op::Hear),
        1 => ear.prop_map(Op::Go),
    ]
}

proptest! {
    /// Goal: each message reaches all who listen at that moment, in order, and nobody else.
    #[test]
    fn everybody_hears_what_a_plain_model_says(ops in proptest::collection::vec(op(), 1..60)) {
        let mut world = World::new();
        for op in &ops {
            world.happen(op);
        }
        (0..EARS).for_each(|ear| world.hear(ear));
    }
}
