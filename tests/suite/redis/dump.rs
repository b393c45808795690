//! DUMP of one side and RESTORE of the other.

use fastrand::Rng;

use super::ours::Ours;
use super::server::Redis;
use super::wire::Wire;
use super::{Line, chance, line, shown};

/// So many values of each type are tried.
const ROUNDS: usize = 25;

#[test]
fn values_go_to_redis_and_come_back() {
    let Some(mut redis) = Redis::start() else { return };
    let mut ours = Ours::new(7);
    let mut chance = chance();
    for kind in Kind::ALL {
        for round in 0..ROUNDS {
            let lines = commands_for(kind, &mut chance);
            redis.ask(&line("FLUSHALL"));
            ours.ask(&line("FLUSHALL"));
            for (line, theirs) in lines.iter().zip(redis.ask_all(&lines)) {
                assert_eq!(ours.ask(line), theirs, "{}", shown(line));
            }
            exchange(kind, &mut redis, &mut ours, &format!("{kind:?} {round}"));
        }
    }
}

/// Each side restores what the other dumped, and reads the same as before.
fn exchange(kind: Kind, redis: &mut Redis, ours: &mut Ours, which: &str) {
    let dump = line("DUMP k");
    let (theirs, own) = (redis.ask(&dump), ours.ask(&dump));
    let at_redis = redis.ask(&restore(own.bytes()));
    assert_eq!(format!("{at_redis:?}"), "+OK", "{which}: Redis restores {}", own.bytes().escape_ascii());
    let at_ours = ours.ask(&restore(theirs.bytes()));
    assert_eq!(format!("{at_ours:?}"), "+OK", "{which}: we restore {}", theirs.bytes().escape_ascii());
    let (by_redis, by_us) =
        (reading(kind, "k", |line| redis.ask(line)), reading(kind, "k", |line| ours.ask(line)));
    check_same(&reading(kind, "r", |line| redis.ask(line)), &by_us, &format!("{which}, ours at Redis"));
    check_same(&reading(kind, "r", |line| ours.ask(line)), &by_redis, &format!("{which}, Redis's at ours"));
}

/// Says only what differs: values are long.
#[track_caller]
pub(super) fn check_same(found: &[Wire], expected: &[Wire], which: &str) {
    let differing = found.iter().zip(expected).enumerate().find(|(_, (found, expected))| found != expected);
    if let Some((at, (found, expected))) = differing {
        match (found, expected) {
            (Wire::List(..), Wire::List(..)) => check_same(found.items(), expected.items(), which),
            _ => panic!("{which}: item {at} is {found:?} instead of {expected:?}"),
        }
    }
    assert_eq!(found.len(), expected.len(), "{which}: length");
}

fn restore(payload: &[u8]) -> Line {
    let mut words = line("RESTORE r 0");
    words.push(payload.to_vec());
    words
}

/// The types that Redis has without modules.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    Text,
    List,
    Set,
    Hash,
    SortedSet,
    Stream,
}

impl Kind {
    pub(super) const ALL: [Self; 6] =
        [Self::Text, Self::List, Self::Set, Self::Hash, Self::SortedSet, Self::Stream];
}

/// All that can be read of a key, in a form that does not depend on order where there is none, nor on the moment.
pub(super) fn reading(kind: Kind, key: &str, mut ask: impl FnMut(&Line) -> Wire) -> Vec<Wire> {
    let mut ask = |words: &str| ask(&line(&words.replace('#', key)));
    match kind {
        Kind::Text => vec![ask("GET #")],
        Kind::List => vec![ask("LRANGE # 0 -1"), ask("LLEN #")],
        Kind::Set => vec![ask("SMEMBERS #").sorted(1)],
        Kind::Hash => vec![ask("HGETALL #").sorted(2)],
        Kind::SortedSet => ask("ZRANGE # 0 -1 WITHSCORES").items().chunks(2).flat_map(exact_score).collect(),
        Kind::Stream => reading_stream(true, &mut ask),
    }
}

/// A member, and its score in a form that does not depend on how many digits are printed.
fn exact_score(pair: &[Wire]) -> [Wire; 2] {
    let text = String::from_utf8_lossy(pair[1].bytes());
    let score: f64 = text.parse().expect("a score is a number");
    // Redis forgets the sign of a zero in small sets.
    [pair[0].clone(), Wire::Bulk('$', Some(format!("{:e}", score + 0.0).into_bytes()))]
}

/// All that can be read of a stream; or less where it was not copied, but came about in versions of Redis that make consumers
/// and count entries in other ways.
pub(super) fn reading_stream(is_copy: bool, ask: &mut dyn FnMut(&str) -> Wire) -> Vec<Wire> {
    let info = ask("XINFO STREAM #");
    let wanted: [&[u8]; 4] = [b"length", b"last-generated-id", b"max-deleted-entry-id", b"entries-added"];
    let pairs = info.items().chunks(2).filter(|pair| wanted.contains(&pair[0].bytes()));
    let mut read: Vec<Wire> = pairs.map(|pair| pair[1].clone()).collect();
    read.push(ask("XRANGE # - +"));
    let groups = ask("XINFO GROUPS #");
    for group in groups.items() {
        let name = String::from_utf8_lossy(group.items()[1].bytes()).into_owned();
        let pending = ask(&format!("XPENDING # {name} - + 100000"));
        // Id, consumer and count; how long ago depends on the moment.
        let lasting = pending.items().iter().flat_map(|entry| [0, 1, 3].map(|at| entry.items()[at].clone()));
        read.extend(lasting);
        let consumers = ask(&format!("XINFO CONSUMERS # {name}"));
        let consumers = consumers.items().iter().map(|told| [1, 3].map(|at| told.items()[at].clone()));
        read.extend(consumers.filter(|told| is_copy || told[1].int() != Some(0)).flatten());
    }
    // What it lags behind is not stored.
    let groups = groups.items().iter().map(|group| group.items().chunks(2));
    let is_told = |pair: &&[Wire]| match pair[0].bytes() {
        b"lag" => false,
        b"consumers" | b"entries-read" => is_copy,
        _ => true,
    };
    read.extend(groups.flat_map(|told| told.filter(is_told).flatten().cloned().collect::<Vec<_>>()));
    read
}

/// Commands that make the key `k`.
pub(super) fn commands_for(kind: Kind, chance: &mut Rng) -> Vec<Line> {
    // Around the sizes at which encodings change.
    let count = *chance.choice(&[1, 2, 5, 40, 127, 128, 129, 512, 513, 1500]).expect("there are some");
    let items = Items::new(chance);
    let mut many = |name: &str, make: &mut dyn FnMut(&mut Rng) -> Line| -> Vec<Line> {
        let mut one = |chance: &mut Rng| [line(name), make(chance)].concat();
        (0..count).map(|_| one(chance)).collect()
    };
    match kind {
        Kind::Text => vec![[line("SET k"), vec![items.any(chance)]].concat()],
        Kind::List => many("RPUSH k", &mut |chance| vec![items.any(chance)]),
        Kind::Set => many("SADD k", &mut |chance| vec![items.any(chance)]),
        Kind::Hash => many("HSET k", &mut |chance| vec![items.any(chance), items.any(chance)]),
        Kind::SortedSet => many("ZADD k", &mut |chance| vec![score(chance), items.any(chance)]),
        Kind::Stream => stream_commands(count, &items, chance),
    }
}

/// Which items a value has: mostly of one sort.
struct Items {
    sort: usize,
    compresses: bool,
}

impl Items {
    fn new(chance: &mut Rng) -> Self {
        Self { sort: chance.usize(..6), compresses: chance.bool() }
    }

    fn any(&self, chance: &mut Rng) -> Vec<u8> {
        let sort = if chance.u8(..16) == 0 { chance.usize(..6) } else { self.sort };
        match sort {
            0 => (chance.i64(..) >> chance.u32(..64)).to_string().into_bytes(),
            1 => chance.i16(..).to_string().into_bytes(),
            2 => self.text(chance.usize(..12), chance),
            3 => self.text(chance.usize(55..75), chance),
            4 => self.text(*chance.choice(&[63, 64, 4095, 4096, 16_382, 16_383]).expect("some"), chance),
            _ => self.text(chance.usize(..400), chance),
        }
    }

    fn text(&self, length: usize, chance: &mut Rng) -> Vec<u8> {
        let variety = if self.compresses { 2 } else { 255 };
        (0..length).map(|_| chance.u8(..=variety)).collect()
    }
}

pub(super) fn score(chance: &mut Rng) -> Vec<u8> {
    match chance.u8(..8) {
        0 => chance.choice(["inf", "-inf", "0", "-0", "1e300", "5e-324"]).expect("some").into(),
        1 | 2 => chance.i64(-1000..1000).to_string(),
        3 => chance.i64(..).to_string(),
        4 => format!("{}", f64::from_bits(chance.u64(..) & !(0x400 << 52))),
        _ => format!("{:.2}", chance.f64() * 100.0),
    }
    .into_bytes()
}

fn stream_commands(count: usize, items: &Items, chance: &mut Rng) -> Vec<Line> {
    let mut lines = Vec::new();
    let (mut ms, mut seq) = (chance.u64(1..1 << 40), 0_u64);
    for _ in 0..count {
        if chance.bool() {
            (ms, seq) = (ms + chance.u64(1..1000), chance.u64(..5));
        } else {
            seq += chance.u64(1..100);
        }
        let mut add = line(&format!("XADD k {ms}-{seq}"));
        for field in 0..*chance.choice(&[1, 1, 1, 2, 3]).expect("some") {
            add.extend([format!("field{field}").into_bytes(), items.any(chance)]);
        }
        lines.push(add);
        if chance.u8(..8) == 0 {
            lines.push(line(&format!("XDEL k {ms}-{seq}")));
        }
    }
    for group in 0..chance.usize(..3) {
        lines.push(line(&format!("XGROUP CREATE k g{group} {}", chance.choice(["0", "$"]).expect("some"))));
        for consumer in 0..chance.usize(..3) {
            lines.push(line(&format!("XREADGROUP GROUP g{group} c{consumer} COUNT 50 STREAMS k >")));
        }
        lines.push(line(&format!("XGROUP CREATECONSUMER k g{group} idle")));
        lines.push(line(&format!("XADD k {}-{seq} late v", ms + 1 + group as u64)));
    }
    if chance.bool() {
        lines.push(line(&format!("XTRIM k MAXLEN {}", chance.usize(..=count))));
    }
    lines
}
