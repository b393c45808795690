//! Round trips, payloads of a real Redis, and what is malformed.

use fastrand::Rng;
use latchkey_keyspace::value::stream::{Builder, Counters, Delivery, Id, Record};
use latchkey_keyspace::value::{Array, Hash, Json, List, Set, SortedSet, Text, json};
use latchkey_keyspace::{Keyspace, Kind, Now, Str, Value};
use proptest::prelude::*;

use crate::{Error, crc64, dump, restore};

pub(crate) const NOW: Now = Now::from_ms(1_767_323_045_678);
pub(crate) const SEED: u64 = 7;
pub(crate) const NO_LIMIT: u64 = u64::MAX;

/// What a value holds, whatever its encoding.
type Canonical = (Kind, Vec<u8>);

/// Puts a value in a keyspace, which knows the canonical form.
fn canonical(value: &Value) -> Canonical {
    let mut space = Keyspace::new(SEED);
    space.edit(Now::BEFORE_ALL).put_until(b"k", value.clone(), None);
    let (_, (_, kind, form)) = space.canonical().pop_first().expect("the key");
    (kind, form)
}

/// With a foot that is right.
pub(crate) fn sealed(body: &[u8], version: u16) -> Vec<u8> {
    let mut payload = body.to_vec();
    payload.extend(version.to_le_bytes());
    payload.extend(crc64::update(0, &payload).to_le_bytes());
    payload
}

pub(crate) fn restored(payload: &[u8]) -> Result<Value, Error> {
    restore(payload, SEED, NO_LIMIT)
}

#[track_caller]
fn check_round_trip(value: &Value) {
    // Before all deadlines: fields that are past theirs are left out.
    let payload = dump(value, Now::BEFORE_ALL);
    let back = restored(&payload).unwrap_or_else(|error| panic!("{value:?}: {error}"));
    assert_eq!(canonical(&back), canonical(value));
    assert_eq!(back.bytes(), value.bytes());
}

/// A value of any type, in any encoding.
pub(crate) fn any_value(chance: &mut Rng) -> Value {
    let count = *chance.choice(&[1, 2, 7, 130, 600]).expect("some");
    let mut items = (0..count).map(|_| any_item(chance)).collect::<Vec<_>>();
    items.sort();
    items.dedup();
    match chance.u8(..8) {
        0 => Value::Text(Text::from(&*items[0])),
        1 => Value::List(Box::new(items.into_iter().collect::<List>())),
        2 => Value::Set(Box::new(Set::of(items.into_iter(), SEED))),
        3 => {
            let pairs: Vec<_> = items.into_iter().map(|item| (item, any_score(chance))).collect();
            Value::SortedSet(Box::new(SortedSet::from_pairs(pairs, SEED)))
        }
        4 => {
            let deadlines = chance.bool();
            let mut deadline = || (deadlines && chance.bool()).then(|| NOW.ms() + chance.i64(1..1 << 40));
            let fields: Vec<_> = items.into_iter().map(|item| (item.clone(), item, deadline())).collect();
            Value::Hash(Box::new(Hash::from_fields(fields, SEED)))
        }
        5 => Value::Stream(Box::new(any_stream(items, chance))),
        6 => Value::Array(Box::new(any_array(items, chance))),
        _ => Value::Json(Box::new(Json::new(json::Node::array(vec![json::Node::int(chance.i64(..))])))),
    }
}

fn any_item(chance: &mut Rng) -> Str {
    match chance.u8(..4) {
        0 => Str::from((chance.i64(..) >> chance.u32(..64)).to_string().as_str()),
        1 => Str::from(vec![b'x'; chance.usize(..100)]),
        _ => Str::from((0..chance.usize(..30)).map(|_| chance.u8(..)).collect::<Vec<u8>>()),
    }
}

fn any_score(chance: &mut Rng) -> f64 {
    let score = f64::from_bits(chance.u64(..));
    if score.is_nan() { chance.i32(..).into() } else { score }
}

fn any_array(items: Vec<Str>, chance: &mut Rng) -> Array {
    let cursor = chance.bool().then(|| chance.u64(..u64::MAX));
    let places = (0..items.len() as u64).map(|n| n << chance.u32(..40));
    places.zip(items).collect::<Array>().with_cursor(cursor)
}

fn any_stream(items: Vec<Str>, chance: &mut Rng) -> latchkey_keyspace::value::Stream {
    let mut stream = Builder::default();
    let mut id = Id::MIN;
    for item in items {
        id = match chance.bool() {
            true => Id::new(id.ms, id.seq + chance.u64(1..100)),
            false => Id::new(id.ms + 1, chance.u64(..5)),
        };
        let fields = (0..chance.u8(1..4)).map(|_| (any_item(chance), item.clone())).collect();
        stream.append(&Record { id, fields });
    }
    stream.set_counters(Counters { last_id: id, max_deleted_id: Id::new(1, 1), entries_added: 1000 });
    for group in [&b"one"[..], b"two"] {
        stream.put_group(group, id, chance.bool().then_some(5));
        for consumer in [&b"a"[..], b"b"] {
            stream.put_consumer(group, consumer, NOW.ms(), Some(NOW.ms()));
            let pending = Id::new(chance.u64(..10), 1);
            stream.assign(group, consumer, pending, Delivery { at_ms: 5, count: 3 });
        }
    }
    stream.finish()
}

#[test]
fn any_value_comes_back() {
    let mut chance = Rng::with_seed(1);
    (0..600).for_each(|_| check_round_trip(&any_value(&mut chance)));
}

#[test]
fn fields_past_their_deadline_are_left_out() {
    let field = |name: &str, at_ms| (Str::from(name), Str::from("v"), at_ms);
    let fields = [field("gone", Some(NOW.ms() - 1)), field("kept", None)];
    let payload = dump(&Value::Hash(Box::new(Hash::from_fields(fields, SEED))), NOW);
    assert_eq!(payload[payload.len() - 10..][..2], [10, 0], "nothing in it needs a later version");
    let back = restored(&payload).expect("it is what we write");
    let kept = Value::Hash(Box::new(Hash::from_fields([field("kept", None)], SEED)));
    assert_eq!(canonical(&back), canonical(&kept));
}

/// One line for each: a name, the payload in hexadecimal, and what Redis 7.0 said of the key.
#[test]
fn payloads_of_redis_7_0_are_read() {
    let mut count = 0;
    for line in include_str!("../tests/data/redis-7.0-payloads.txt").lines() {
        let Some((name, rest)) = line.split_once(' ').filter(|_| !line.starts_with('#')) else { continue };
        let (payload, expected) = rest.split_once(' ').expect("a payload and what it holds");
        let value = restored(&from_hex(payload)).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(told(&value), expected, "{name}");
        count += 1;
    }
    assert!(count >= 25, "only {count} payloads");
}

fn from_hex(text: &str) -> Vec<u8> {
    let digit = |digit: u8| char::from(digit).to_digit(16).expect("hexadecimal") as u8;
    text.as_bytes().chunks(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect()
}

/// What a value holds, in the words of `tests/tools/import-redis-payloads`: its parts in hexadecimal, sorted where they
/// have no order.
fn told(value: &Value) -> String {
    let hex = |bytes: &[u8]| -> String { bytes.iter().map(|byte| format!("{byte:02x}")).collect() };
    let mut parts: Vec<String> = match value {
        Value::Text(text) => vec![text.with(hex)],
        Value::List(list) => list.iter().map(|item| hex(item)).collect(),
        Value::Set(set) => set.iter().map(|member| hex(&member)).collect(),
        Value::Hash(hash) => {
            hash.iter(NOW).map(|(name, value)| format!("{}={}", hex(name), hex(value))).collect()
        }
        Value::SortedSet(set) => {
            set.iter().map(|(member, score)| format!("{}={score}", hex(member))).collect()
        }
        Value::Stream(stream) => stream
            .range(Id::MIN..=Id::MAX)
            .map(|entry| {
                let fields = entry.fields().map(|(name, value)| format!(",{}={}", hex(name), hex(value)));
                format!("{}{}", entry.id, fields.collect::<String>())
            })
            .chain(stream.groups().map(|(name, group)| {
                format!("{}:{}:{}:{}", hex(name), group.consumers().len(), group.pending_len(), group.last_id)
            }))
            .collect(),
        Value::Json(_) | Value::Array(_) => unreachable!("Redis 7.0 has no such type"),
    };
    if matches!(value.kind(), Kind::Set | Kind::Hash) {
        parts.sort();
    }
    parts.join(" ")
}

/// Encodings that Redis 7.0 reads and no longer writes.
#[test]
fn old_encodings_are_read() {
    let ziplist = |items: &[&str]| {
        let mut body = (items.len() as u16).to_le_bytes().to_vec();
        items.iter().for_each(|item| body.extend([&[0, item.len() as u8], item.as_bytes()].concat()));
        body.push(0xff);
        [&(8 + body.len() as u32).to_le_bytes()[..], &[0; 4], &body].concat()
    };
    let string = |bytes: &[u8]| [&[bytes.len() as u8], bytes].concat();
    let cases: [(&str, Vec<u8>, &str); 10] = [
        ("list", b"\x01\x02\x01a\xc0\x05".to_vec(), "61 35"),
        ("set", b"\x02\x02\x01a\x01b".to_vec(), "61 62"),
        ("sorted set", b"\x03\x03\x01a\x031.5\x01b\xfe\x01c\xff".to_vec(), "63=-inf 61=1.5 62=inf"),
        ("hash", b"\x04\x01\x01a\x01b".to_vec(), "61=62"),
        ("zipmap", [b"\x09".to_vec(), string(b"\x01\x01a\x01\x00b\xff")].concat(), "61=62"),
        ("list ziplist", [b"\x0a".to_vec(), string(&ziplist(&["a", "b"]))].concat(), "61 62"),
        ("sorted ziplist", [b"\x0c".to_vec(), string(&ziplist(&["a", "2.5"]))].concat(), "61=2.5"),
        ("hash ziplist", [b"\x0d".to_vec(), string(&ziplist(&["a", "b"]))].concat(), "61=62"),
        (
            "quicklist",
            [b"\x0e\x02".to_vec(), string(&ziplist(&["a"])), string(&ziplist(&["b"]))].concat(),
            "61 62",
        ),
        ("plain piece", b"\x12\x01\x01\x03abc".to_vec(), "616263"),
    ];
    for (name, body, expected) in cases {
        let value = restored(&sealed(&body, 6)).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(told(&value), expected, "{name}");
    }
}

/// The four forms of 7.4, where the deadlines are told in another way each.
#[test]
fn field_deadlines_are_read_in_every_form() {
    let pack = |deadline: i64| {
        let mut pack = crate::pack::ListpackWriter::new();
        pack.push(b"a");
        pack.push(b"v");
        pack.push_int(deadline);
        let pack = pack.finish();
        [&[pack.len() as u8], &pack[..]].concat()
    };
    let soonest = 1000_u64.to_le_bytes();
    let cases = [
        [&[22, 1][..], &[0x47, 0xd0], b"\x01a\x01v"].concat(),
        [&[23][..], &pack(2000)].concat(),
        [&[24][..], &soonest, &[1, 0x43, 0xe9], b"\x01a\x01v"].concat(),
        [&[25][..], &soonest, &pack(2000)].concat(),
    ];
    for body in cases {
        let Ok(Value::Hash(hash)) = restored(&sealed(&body, 12)) else { panic!("{body:?}") };
        let fields: Vec<_> = hash.fields(Now::BEFORE_ALL).map(|(_, field)| field.expires_at_ms).collect();
        assert_eq!(fields, [Some(2000)], "{body:?}");
    }
}

#[test]
fn a_foot_has_to_be_right() {
    let payload = dump(&Value::Text(Text::from(b"hello".as_slice())), NOW);
    assert!(restored(&payload).is_ok());
    let mut wrong: Vec<Vec<u8>> = (0..payload.len()).map(|end| payload[..end].to_vec()).collect();
    wrong.extend((0..payload.len()).map(|at| {
        let mut payload = payload.clone();
        payload[at] ^= 1;
        payload
    }));
    wrong.push(sealed(b"\0\x01a", 15));
    for payload in wrong {
        assert!(matches!(restored(&payload), Err(Error::Untrusted)), "{payload:?}");
    }
}

#[test]
fn what_is_malformed_is_refused() {
    let cases: [&[u8]; 24] = [
        b"",
        b"\x08",
        b"\xff",
        b"\0\x05abc",
        b"\0\xc4",
        b"\0\x82\0\0\0\0",
        b"\x01\0",
        b"\x02\0",
        b"\x02\x02\x01a\x01a",
        b"\x04\0",
        b"\x04\x02\x01a\x01b\x01a\x01c",
        b"\x05\x01\x01a\0\0\0\0\0\0\xf8\x7f",
        b"\x03\x01\x01a\xfd",
        b"\x03\x01\x01a\x02xy",
        b"\x0b\x08\x03\0\0\0\0\0\0\0",
        b"\x0b\x08\x02\0\0\0\0\0\0\0",
        b"\x10\x07\x07\0\0\0\0\0\xff",
        b"\x10\x0a\x0a\0\0\0\x01\0\x01\x01\xff\xff",
        b"\x12\x01\x03\x01a",
        b"\x12\x01\x02\x07\x07\0\0\0\0\0\xff",
        b"\x07\x81\0\0\0\0\0\0\0\0\0",
        b"\x06",
        b"\x1a",
        b"\xc8",
    ];
    for body in cases {
        let refused = restored(&sealed(body, 10));
        assert!(matches!(refused, Err(Error::Malformed { .. })), "{}: {refused:?}", body.escape_ascii());
    }
}

/// What claims to be long is refused before memory is taken for it; the limit of the process would tell otherwise.
#[test]
fn claims_are_not_believed() {
    let huge = b"\x81\x7f\xff\xff\xff\xff\xff\xff\xff";
    for kind in 0..=25_u8 {
        assert!(restored(&sealed(&[&[kind][..], huge].concat(), 10)).is_err(), "{kind}");
        // Of a string, the one byte is all that there is.
        assert_eq!(restored(&sealed(&[&[kind, 1][..], huge].concat(), 10)).is_ok(), kind == 0, "{kind}");
        // A compressed string of three bytes that should stand for four gigabytes.
        let compressed = [&[kind, 0xc3, 3, 0x80, 0xff, 0xff, 0xff, 0xff][..], &[0, b'a', 0]].concat();
        assert!(restored(&sealed(&compressed, 10)).is_err(), "{kind}");
    }
}

#[test]
fn a_value_beyond_the_limit_is_refused() {
    let items = (0..100).map(|n: i32| Str::from(n.to_string().as_str()));
    let list = Value::List(Box::new(items.collect::<List>()));
    let payload = dump(&list, NOW);
    assert!(restore(&payload, SEED, list.bytes()).is_ok());
    assert!(matches!(restore(&payload, SEED, list.bytes() / 2), Err(Error::TooLong)));
}

/// Long names that many short entries share would fill the memory with copies of them.
#[test]
fn names_shared_by_many_entries_do_not_multiply() {
    let mut pack = crate::pack::ListpackWriter::new();
    const ENTRIES: i64 = 20_000;
    [ENTRIES, 0, 1].into_iter().for_each(|number| pack.push_int(number));
    pack.push(&[b'n'; 100_000]);
    pack.push_int(0);
    for seq in 0..ENTRIES {
        [2, 0, seq, 0, 4].into_iter().for_each(|number| pack.push_int(number));
    }
    let mut body = vec![15, 1, 16];
    body.extend([0; 15]);
    body.push(1);
    crate::output::string(&mut body, &pack.finish());
    let payload = sealed(&body, 10);
    assert!(matches!(restored(&payload), Err(Error::TooLong)));
}

proptest! {
    #[test]
    fn arbitrary_payloads_do_no_harm(body in proptest::collection::vec(any::<u8>(), 0..300)) {
        drop(restored(&sealed(&body, 10)));
    }

    #[test]
    fn mutated_payloads_do_no_harm(
        seed in any::<u64>(),
        changes in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..4),
        end in any::<proptest::sample::Index>(),
    ) {
        let mut payload = dump(&any_value(&mut Rng::with_seed(seed)), NOW);
        payload.truncate(payload.len() - 10);
        for (at, byte) in changes {
            let at = at.index(payload.len());
            payload[at] = byte;
        }
        if seed % 4 == 0 {
            payload.truncate(end.index(payload.len()));
        }
        // What is read has to be sound enough to be written and read again.
        if let Ok(value) = restored(&sealed(&payload, 10)) {
            check_round_trip(&value);
        }
    }
}
