//! What is written reads back, and nothing else does harm.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::value::list::{End, ListEffect};
use crate::value::stream::{Counters, Delivery, Id, StreamEffect};
use crate::value::{
    Hash, Json, List, Set, SortedSet, Stream, Text, hash::HashEffect, json, json::JsonEffect, json::Node,
    set::SetEffect, sorted_set::SortedSetEffect, stream, text::TextEffect,
};
use crate::{Contents, Effect, Keyspace, Now, Str, Value};

const SEED: u64 = 7;

fn encoded(effect: &Effect) -> Vec<u8> {
    let mut out = Vec::new();
    effect.encode(&mut out);
    out
}

fn decoded(bytes: &[u8]) -> Result<Vec<Effect>, CodecError> {
    Record::decode(bytes, SEED).map(|effect| effect.map(|(_, effect)| effect)).collect()
}

fn strings() -> impl Strategy<Value = Str> {
    let bytes = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..12),
        prop::collection::vec(any::<u8>(), 60..200),
        any::<i64>().prop_map(|n| n.to_string().into_bytes()),
    ];
    bytes.prop_map(Str::from)
}

fn many<T: std::fmt::Debug>(item: impl Strategy<Value = T>) -> impl Strategy<Value = Vec<T>> {
    prop::collection::vec(item, 0..20)
}

fn deadlines() -> impl Strategy<Value = Option<i64>> {
    prop::option::of(any::<i64>().prop_map(|at| at.min(i64::MAX - 1)))
}

fn scores() -> impl Strategy<Value = f64> {
    prop_oneof![any::<f64>().prop_filter("a score", |score| !score.is_nan()), Just(-0.0), Just(0.0)]
}

fn ids() -> impl Strategy<Value = Id> {
    prop_oneof![(0..3_u64, 0..3_u64), any::<(u64, u64)>()].prop_map(|(ms, seq)| Id::new(ms, seq))
}

fn ascending<T: std::fmt::Debug>(item: impl Strategy<Value = T>) -> impl Strategy<Value = Vec<(usize, T)>> {
    let map = prop::collection::btree_map(any::<usize>(), item, 0..8);
    map.prop_map(|map| map.into_iter().collect())
}

fn records() -> impl Strategy<Value = stream::Record> {
    (ids(), many((strings(), strings()))).prop_map(|(id, fields)| stream::Record { id, fields })
}

fn counters() -> impl Strategy<Value = Counters> {
    (ids(), ids(), any::<u64>()).prop_map(|(last_id, max_deleted_id, entries_added)| Counters {
        last_id,
        max_deleted_id,
        entries_added,
    })
}

fn deliveries() -> impl Strategy<Value = Vec<(Id, Delivery)>> {
    many((ids(), any::<i64>(), any::<u64>()).prop_map(|(id, at_ms, count)| (id, Delivery { at_ms, count })))
}

fn nodes() -> impl Strategy<Value = Node> {
    let leaf = prop_oneof![
        Just(Node::Null),
        any::<bool>().prop_map(Node::Bool),
        any::<i64>().prop_map(Node::int),
        (i64::MAX as u64 + 1..).prop_map(|value| Node::Number(json::Number::Uint(value))),
        any::<f64>()
            .prop_filter("a number of JSON", |value| value.is_finite())
            .prop_map(|value| Node::Number(json::Number::Float(value))),
        ".{0,30}".prop_map(|text| Node::Text(Str::from(text.as_str()))),
    ];
    leaf.prop_recursive(4, 32, 20, |inner| {
        let members = prop::collection::vec((".{0,3}", inner.clone()), 0..30).prop_map(|members| {
            members.into_iter().map(|(name, node)| (Str::from(name.as_str()), node)).collect()
        });
        prop_oneof![prop::collection::vec(inner, 0..6).prop_map(Node::array), members.prop_map(Node::object)]
    })
}

fn texts() -> impl Strategy<Value = Text> {
    prop_oneof![
        any::<i64>().prop_map(Text::from),
        strings().prop_map(|text| Text::from(text.as_slice())),
        strings().prop_map(|text| Text::from(text.to_vec())),
    ]
}

/// The value that changes make of an empty one, so in whatever form they lead to.
fn made<V: Contents>(open: impl FnOnce(&mut Keyspace)) -> Option<Value> {
    let mut keyspace = Keyspace::new(SEED);
    open(&mut keyspace);
    let value = keyspace.entries.remove(b"k").map(|(_, entry)| entry.value);
    value.filter(|value| V::of(value).is_ok())
}

/// Collections small, on the border between two forms, and beyond it.
fn lengths() -> impl Strategy<Value = usize> {
    prop_oneof![1..10_usize, 120..140_usize, 505..520_usize, 800..1200_usize]
}

fn member(number: usize, long: bool) -> Str {
    Str::from(if long { format!("{number:070}") } else { format!("m{number}") }.into_bytes())
}

fn collections() -> impl Strategy<Value = Value> {
    (0..5, lengths(), any::<bool>(), any::<u64>()).prop_map(|(kind, len, long, salt)| {
        let name = |number| member(number, long);
        match kind {
            0 => (0..len).map(name).collect::<List>().into_value(),
            1 => Set::of((0..len).map(name), SEED).into_value(),
            2 => {
                let ints = (0..len as u64).map(|n| n.wrapping_mul(salt | 1).cast_signed().to_string());
                Set::of(ints.map(|int| Str::from(int.as_str())), SEED).into_value()
            }
            3 => SortedSet::from_pairs((0..len).map(|n| (name(n), (n % 7) as f64)), SEED).into_value(),
            _ => hash_of(len, &name, salt),
        }
    })
}

fn hash_of(len: usize, name: &impl Fn(usize) -> Str, salt: u64) -> Value {
    let value = made::<Hash>(|keyspace| {
        let mut edit = keyspace.edit(Now::BEFORE_ALL);
        let mut hash = edit.hash_or_new(b"k").expect("no other type");
        for number in 0..len {
            let expires = salt % 3 == 1 && number % 5 == 0;
            hash.put(&name(number), b"value", expires.then_some(number as i64 * 1000));
        }
    });
    value.expect("it has fields")
}

/// A stream that effects have made; those that do not fit change nothing.
fn streams() -> impl Strategy<Value = Value> {
    let effects = prop::collection::vec(stream_effects(), 0..40);
    (0..400_u64, effects).prop_map(|(len, effects)| {
        let mut keyspace = Keyspace::new(SEED);
        let key = Str::from("k");
        let append = |seq: u64| {
            let fields = vec![(Str::from("name"), Str::from(seq.to_string().as_str()))];
            let fields = if seq.is_multiple_of(9) { [fields.clone(), fields].concat() } else { fields };
            StreamEffect::Append(stream::Record { id: Id::new(1 + seq / 50, seq), fields })
        };
        let remove = |seq: u64| StreamEffect::Remove(vec![Id::new(1 + seq / 50, seq)]);
        let removed = (1..len).filter(|seq| seq % 7 == 3).map(remove);
        keyspace.edit(Now::BEFORE_ALL).put(&key, Stream::default());
        for effect in (1..len).map(append).chain(removed).chain(effects) {
            let effect = Effect::Stream { key: key.clone(), effect };
            let _whether_it_fits = keyspace.replay(&encoded(&effect));
        }
        keyspace.entries.remove(&key).expect("a stream stays").1.value
    })
}

fn values() -> impl Strategy<Value = Value> {
    prop_oneof![
        2 => texts().prop_map(Value::Text),
        4 => collections(),
        2 => nodes().prop_map(|node| Json::new(node).into_value()),
        1 => streams(),
    ]
}

fn text_effects() -> impl Strategy<Value = TextEffect> {
    prop_oneof![
        (0..500_usize << 20, strings())
            .prop_map(|(offset, bytes)| TextEffect::Write { offset, bytes: bytes.to_vec() }),
        any::<usize>().prop_map(TextEffect::Cut),
    ]
}

fn list_effects() -> impl Strategy<Value = ListEffect> {
    let end = || prop_oneof![Just(End::Front), Just(End::Back)];
    prop_oneof![
        (end(), many(strings())).prop_map(|(end, items)| ListEffect::Push { end, items }),
        (end(), any::<usize>()).prop_map(|(end, count)| ListEffect::Pop { end, count }),
        (any::<usize>(), strings()).prop_map(|(index, item)| ListEffect::Set { index, item }),
        ascending(strings()).prop_map(ListEffect::Insert),
        ascending(Just(())).prop_map(|at| ListEffect::Remove(at.into_iter().map(|(at, ())| at).collect())),
    ]
}

fn hash_effects() -> impl Strategy<Value = HashEffect> {
    prop_oneof![
        (strings(), strings(), deadlines()).prop_map(|(field, value, expires_at_ms)| HashEffect::Put {
            field,
            value,
            expires_at_ms
        }),
        (strings(), deadlines())
            .prop_map(|(field, expires_at_ms)| HashEffect::Expire { field, expires_at_ms }),
        strings().prop_map(|field| HashEffect::Remove { field }),
    ]
}

fn set_effects() -> impl Strategy<Value = SetEffect> {
    prop_oneof![
        many(strings()).prop_map(SetEffect::Add),
        many(strings()).prop_map(SetEffect::AddToTable),
        many(strings()).prop_map(SetEffect::Remove),
    ]
}

fn sorted_set_effects() -> impl Strategy<Value = SortedSetEffect> {
    prop_oneof![
        (strings(), scores()).prop_map(|(member, score)| SortedSetEffect::Put { member, score }),
        strings().prop_map(SortedSetEffect::Remove),
        any::<(usize, usize)>().prop_map(|(start, end)| SortedSetEffect::RemoveRanks(start..end)),
    ]
}

fn json_effects() -> impl Strategy<Value = JsonEffect> {
    let place = || prop::collection::vec(0..3_usize, 0..4);
    let members = ascending((".{0,5}", nodes())).prop_map(|members| {
        let member = |(at, (name, node)): (usize, (String, Node))| (at, Str::from(name.as_str()), node);
        members.into_iter().map(member).collect()
    });
    let positions = ascending(Just(())).prop_map(|at| at.into_iter().map(|(at, ())| at).collect());
    prop_oneof![
        (place(), nodes()).prop_map(|(at, node)| JsonEffect::Set { at, node }),
        (place(), ascending(nodes())).prop_map(|(at, elements)| JsonEffect::InsertElements { at, elements }),
        (place(), members).prop_map(|(at, members)| JsonEffect::InsertMembers { at, members }),
        (place(), positions).prop_map(|(at, positions)| JsonEffect::Remove { at, positions }),
        Just(JsonEffect::Empty),
    ]
}

fn stream_effects() -> impl Strategy<Value = StreamEffect> {
    let name = || "[ab]{1,2}".prop_map(|name| Str::from(name.as_str()));
    let by_id = prop::collection::btree_map(ids().prop_map(|id| (id.ms, id.seq)), records(), 0..5);
    let ascending_records = by_id.prop_map(|records: BTreeMap<(u64, u64), stream::Record>| {
        let record = |((ms, seq), record)| stream::Record { id: Id::new(ms, seq), ..record };
        records.into_iter().map(record).collect()
    });
    let ascending_ids = prop::collection::btree_set((0..3_u64, 0..9_u64), 0..9)
        .prop_map(|ids| ids.into_iter().map(|(ms, seq)| Id::new(ms, seq)).collect());
    prop_oneof![
        records().prop_map(StreamEffect::Append),
        ascending_records.prop_map(StreamEffect::Insert),
        ascending_ids.prop_map(StreamEffect::Remove),
        ids().prop_map(StreamEffect::RemoveBefore),
        counters().prop_map(StreamEffect::Count),
        (name(), ids(), any::<Option<u64>>()).prop_map(|(group, last_id, entries_read)| {
            StreamEffect::PutGroup { group, last_id, entries_read }
        }),
        name().prop_map(|group| StreamEffect::RemoveGroup { group }),
        (name(), name(), any::<i64>(), any::<Option<i64>>()).prop_map(
            |(group, consumer, seen_at_ms, active_at_ms)| StreamEffect::PutConsumer {
                group,
                consumer,
                seen_at_ms,
                active_at_ms
            }
        ),
        (name(), name()).prop_map(|(group, consumer)| StreamEffect::RemoveConsumer { group, consumer }),
        (name(), name(), deliveries()).prop_map(|(group, consumer, pending)| StreamEffect::Assign {
            group,
            consumer,
            pending
        }),
        (name(), many(ids())).prop_map(|(group, ids)| StreamEffect::Release { group, ids }),
    ]
}

/// Few keys, so that effects meet.
fn keys() -> impl Strategy<Value = Str> {
    "[a-e]".prop_map(|key| Str::from(key.as_str()))
}

fn effects() -> impl Strategy<Value = Effect> {
    prop_oneof![
        4 => (keys(), values(), deadlines())
            .prop_map(|(key, value, expires_at_ms)| Effect::Put { key, value, expires_at_ms }),
        1 => keys().prop_map(|key| Effect::Remove { key }),
        1 => (keys(), deadlines()).prop_map(|(key, expires_at_ms)| Effect::Expire { key, expires_at_ms }),
        1 => (keys(), keys()).prop_map(|(source, destination)| Effect::Rename { source, destination }),
        1 => Just(Effect::Clear),
        1 => (strings(), prop::option::of(strings())).prop_map(|(name, code)| Effect::Library { name, code }),
        1 => (keys(), text_effects()).prop_map(|(key, effect)| Effect::Text { key, effect }),
        1 => (keys(), list_effects()).prop_map(|(key, effect)| Effect::List { key, effect }),
        1 => (keys(), hash_effects()).prop_map(|(key, effect)| Effect::Hash { key, effect }),
        1 => (keys(), set_effects()).prop_map(|(key, effect)| Effect::Set { key, effect }),
        1 => (keys(), sorted_set_effects()).prop_map(|(key, effect)| Effect::SortedSet { key, effect }),
        1 => (keys(), json_effects()).prop_map(|(key, effect)| Effect::Json { key, effect }),
        2 => (keys(), stream_effects()).prop_map(|(key, effect)| Effect::Stream { key, effect }),
    ]
}

fn assert_same(read: &Value, value: &Value) -> Result<(), TestCaseError> {
    prop_assert_eq!(read.canonical(), value.canonical());
    prop_assert_eq!(read.encoding(), value.encoding());
    prop_assert_eq!(read.bytes(), value.bytes());
    prop_assert_eq!(read.first_deadline_ms(), value.first_deadline_ms());
    prop_assert_eq!(read.elements(), value.elements());
    Ok(())
}

/// One way in which bytes go wrong.
#[derive(Clone, Debug)]
enum Damage {
    Change(prop::sample::Index, u8),
    Cut(prop::sample::Index),
    Insert(prop::sample::Index, u8),
}

fn damages() -> impl Strategy<Value = Vec<Damage>> {
    let damage = prop_oneof![
        4 => any::<(prop::sample::Index, u8)>().prop_map(|(at, byte)| Damage::Change(at, byte)),
        1 => any::<prop::sample::Index>().prop_map(Damage::Cut),
        1 => any::<(prop::sample::Index, u8)>().prop_map(|(at, byte)| Damage::Insert(at, byte)),
    ];
    prop::collection::vec(damage, 1..4)
}

fn damage(bytes: &mut Vec<u8>, damages: &[Damage]) {
    for damage in damages.iter().filter(|_| !bytes.is_empty()).cloned().collect::<Vec<_>>() {
        match damage {
            _ if bytes.is_empty() => {}
            Damage::Change(at, byte) => {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
            Damage::Cut(at) => bytes.truncate(at.index(bytes.len())),
            Damage::Insert(at, byte) => bytes.insert(at.index(bytes.len()), byte),
        }
    }
}

/// Reads bytes as everything that they could be, and uses what comes out.
fn meet(bytes: &[u8]) -> Result<(), TestCaseError> {
    let mut keyspace = Keyspace::new(SEED);
    for entry in EncodedEntries::new(bytes).flatten() {
        let _whether_it_is_one = keyspace.load(&entry);
    }
    prop_assert_eq!(keyspace.bytes(), keyspace.recount_bytes());
    prop_assert!(keyspace.keys() <= bytes.len());
    if is_light(bytes) {
        let _whether_it_is_one = keyspace.replay(bytes);
        prop_assert_eq!(keyspace.bytes(), keyspace.recount_bytes());
        keyspace.canonical();
    }
    let _whether_it_is_one = touched(bytes, |_| ());
    Ok(())
}

/// Whether applying effects stays small. A write far behind a string's end is a short effect with a long result.
fn is_light(bytes: &[u8]) -> bool {
    let heavy = |effect: &Effect| matches!(effect, Effect::Text { effect: TextEffect::Write { offset, .. }, .. } if *offset > 1 << 16);
    !Record::decode(bytes, SEED).flatten().any(|(_, effect)| heavy(&effect))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(128) })]

    #[test]
    fn values_read_back_as_they_were(key in strings(), value in values(), expires_at_ms in deadlines()) {
        let mut bytes = b"before".to_vec();
        encode_entry(&mut bytes, &key, expires_at_ms, &value);
        encode_entry(&mut bytes, b"after", None, &Value::hole());
        let entries: Vec<_> = EncodedEntries::new(&bytes[6..]).collect::<Result<_, _>>().expect("two entries");
        prop_assert_eq!(entries.iter().map(|entry| entry.key).collect::<Vec<_>>(), [&*key, b"after"]);
        prop_assert_eq!(entries.iter().flat_map(|entry| entry.bytes).copied().collect::<Vec<_>>(), &bytes[6..]);
        // Another seed puts tables in another order, and changes nothing else.
        for seed in [SEED, SEED + 1] {
            let (read_key, read_expires_at_ms, read) = entries[0].decode(seed).expect("what was written");
            prop_assert_eq!((&read_key, read_expires_at_ms), (&key, expires_at_ms));
            assert_same(&read, &value)?;
        }
    }

    /// By their form as text, and by what they do.
    #[test]
    fn effects_read_back_as_they_were(effects in prop::collection::vec(effects(), 0..12)) {
        let bytes: Vec<u8> = effects.iter().flat_map(encoded).collect();
        let read = decoded(&bytes).expect("what was written");
        prop_assert_eq!(read.len(), effects.len());
        for (read, effect) in read.iter().zip(&effects) {
            match (read, effect) {
                (Effect::Put { value: read, .. }, Effect::Put { value, .. }) => assert_same(read, value)?,
                _ => prop_assert_eq!(format!("{read:?}"), format!("{effect:?}")),
            }
        }
        let mut met = Vec::new();
        touched(&bytes, |touched| met.push(touched)).expect("what was written");
        let clears = effects.iter().filter(|effect| matches!(effect, Effect::Clear)).count();
        let renames = effects.iter().filter(|effect| matches!(effect, Effect::Rename { .. })).count();
        let libraries = effects.iter().filter(|effect| matches!(effect, Effect::Library { .. })).count();
        prop_assert_eq!(met.len(), effects.len() + renames - libraries);
        prop_assert_eq!(met.iter().filter(|&&touched| touched == Touched::All).count(), clears);
    }

    #[test]
    fn no_bytes_do_harm(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        meet(&bytes)?;
    }

    #[test]
    fn damaged_effects_do_no_harm(effects in prop::collection::vec(effects(), 1..6), damages in damages()) {
        let mut bytes: Vec<u8> = effects.iter().flat_map(encoded).collect();
        damage(&mut bytes, &damages);
        meet(&bytes)?;
    }

    /// And if the damage cannot be told from another value, that one can be worked with.
    #[test]
    fn damaged_entries_do_no_harm(
        value in values(),
        damages in damages(),
        effects in prop::collection::vec(effects(), 0..12),
    ) {
        let mut inside = vec![0];
        value.encode(&mut inside);
        damage(&mut inside, &damages);
        let mut bytes = Vec::new();
        write::framed(&mut bytes, |out| {
            write::item(out, b"a");
            out.extend(&inside);
        });
        meet(&bytes)?;
        let entry = EncodedEntries::new(&bytes).next().expect("an entry").expect("whole");
        let mut keyspace = Keyspace::new(SEED);
        if keyspace.load(&entry).is_ok() {
            let start = keyspace.save();
            for effect in effects.iter().map(encoded).filter(|effect| is_light(effect)) {
                let _whether_it_fits = keyspace.replay(&effect);
                prop_assert_eq!(keyspace.bytes(), keyspace.recount_bytes());
            }
            keyspace.roll_back(start);
            prop_assert_eq!(keyspace.bytes(), keyspace.recount_bytes());
        }
    }
}

/// Numbers at every border of their length.
#[test]
fn numbers_read_back_and_have_one_form() {
    let borders = (0..64).flat_map(|bit| [1_u64 << bit, (1 << bit) - 1]).chain([u64::MAX]);
    for number in borders {
        let mut out = Vec::new();
        write::number(&mut out, number);
        write::signed(&mut out, number.cast_signed());
        let mut reader = Reader::new(&out, SEED);
        assert_eq!(reader.number(), Ok(number));
        assert_eq!(reader.signed(), Ok(number.cast_signed()));
        assert_eq!(reader.finish(), Ok(()));
    }
    let refused = |bytes: &[u8]| Reader::new(bytes, SEED).number().expect_err("not a number").what;
    assert_eq!(refused(&[0x80, 0]), "number longer than it needs to be");
    assert_eq!(refused(&[0xff; 9]), "cut off");
    assert_eq!(
        refused(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2]),
        "number of more than 64 bits"
    );
    assert_eq!(refused(&[0xff; 12]), "number of more than 64 bits");
}

/// So the numbers never change without somebody noticing.
#[test]
fn the_form_is_the_one_that_is_described() {
    let mut out = Vec::new();
    encode_entry(&mut out, b"k", Some(1000), &Value::Text(Text::from(&b"v"[..])));
    assert_eq!(out, [8, 1, b'k', 1, 0xd0, 0x0f, 2, 1, b'v']);
    let put = |value: Value| encoded(&Effect::Put { key: "k".into(), value, expires_at_ms: None });
    assert_eq!(put(Value::Text(Text::from(-3))), [6, 1, 1, b'k', 0, 1, 5]);
    assert_eq!(put(Value::Text(Text::from(vec![7]))), [7, 1, 1, b'k', 0, 3, 1, 7]);
    assert_eq!(
        put(Set::of(["-1", "5"].map(Str::from).into_iter(), SEED).into_value()),
        [8, 1, 1, b'k', 0, 10, 2, 1, 6]
    );
    assert_eq!(
        put(["a"].map(Str::from).into_iter().collect::<List>().into_value()),
        [8, 1, 1, b'k', 0, 4, 1, 1, b'a']
    );
    let zero = SortedSet::from_pairs([("a".into(), 0.5)], SEED).into_value();
    assert_eq!(put(zero), [16, 1, 1, b'k', 0, 13, 1, 0, 0, 0, 0, 0, 0, 0xe0, 0x3f, 1, b'a']);
    let document = json::parse(br#"{"a":[null,true,1]}"#).expect("JSON");
    assert_eq!(
        put(Json::new(document).into_value()),
        [15, 1, 1, b'k', 0, 15, 8, 1, 1, b'a', 7, 3, 0, 2, 3, 2]
    );
    assert_eq!(encoded(&Effect::Clear), [1, 5]);
    let library = |code: Option<&[u8]>| Effect::Library { name: Str::new(b"l"), code: code.map(Str::new) };
    assert_eq!(encoded(&library(Some(b"c"))), [6, 6, 1, b'l', 1, 1, b'c']);
    assert_eq!(encoded(&library(None)), [4, 6, 1, b'l', 0]);
    let effect = ListEffect::Insert(vec![(2, "a".into()), (3, "b".into())]);
    assert_eq!(
        encoded(&Effect::List { key: "k".into(), effect }),
        [10, 37, 1, b'k', 2, 2, 1, b'a', 0, 1, b'b']
    );
    let effect = StreamEffect::RemoveBefore(Id::new(3, 4));
    assert_eq!(encoded(&Effect::Stream { key: "k".into(), effect }), [5, 115, 1, b'k', 3, 4]);
}

/// What no encoder writes, though each part of it would do elsewhere.
#[test]
fn what_cannot_have_been_written_is_refused() {
    let refused = |value: &[u8]| {
        let mut bytes = Vec::new();
        write::framed(&mut bytes, |out| {
            write::item(out, b"k");
            out.push(0);
            out.extend(value);
        });
        let entry = EncodedEntries::new(&bytes).next().expect("an entry").expect("whole");
        entry.decode(SEED).expect_err("not a value").what
    };
    assert_eq!(refused(&[0]), "unknown kind of value");
    assert_eq!(refused(&[1, 2, 3]), "bytes are left over");
    assert_eq!(refused(&[4, 0]), "list without elements");
    assert_eq!(refused(&[4, 200, 1, 0]), "more announced than there is");
    assert_eq!(refused(&[6, 2, 1, b'a', 0, 1, b'a', 0]), "field that comes twice");
    assert_eq!(refused(&[8, 2, 1, b'a', 0, 1, b'a', 0]), "field that comes twice");
    assert_eq!(refused(&[10, 2, 2, 0]), "integers that do not ascend");
    assert_eq!(refused(&[12, 2, 0, 0]), "member that comes twice");
    let nan = [&[13, 1][..], &f64::NAN.to_le_bytes(), &[0]].concat();
    assert_eq!(refused(&nan), "score that is not a number");
    let unordered = [&[14, 2][..], &1_f64.to_le_bytes(), &[0], &0_f64.to_le_bytes(), &[0]].concat();
    assert_eq!(refused(&unordered), "members out of order");
    assert_eq!(refused(&[15, 6, 1, 0xff]), "text that is not UTF-8");
    assert_eq!(refused(&[&[15][..], &[7, 1].repeat(129), &[0]].concat()), "nested too deep");
    assert_eq!(refused(&[15, 8, 2, 1, b'a', 0, 1, b'a', 0]), "member that comes twice");
    // A block of an entry behind the stream's last id, and one that is empty.
    assert_eq!(refused(&[16, 0, 0, 0, 0, 0, 1, 1, 1, 4, 0, 2, 0, 0, 0]), "entry after the last id");
    assert_eq!(refused(&[16, 1, 1, 0, 0, 0, 1, 1, 1, 1, 0, 0]), "block without entries");
}

#[test]
fn an_effect_that_does_not_fit_is_refused_and_told_where() {
    let mut keyspace = Keyspace::new(SEED);
    let push = |key: &str| Effect::List {
        key: key.into(),
        effect: ListEffect::Push { end: End::Back, items: vec!["a".into()] },
    };
    keyspace.edit(Now::BEFORE_ALL).put(b"text", Text::from(1));
    let first = encoded(&push("list"));
    let bytes = [&first[..], &encoded(&push("text"))].concat();
    let error = keyspace.replay(&bytes).expect_err("a string");
    assert_eq!(error, CodecError { offset: first.len(), what: "effect on a value of another type" });
    assert_eq!(keyspace.keys(), 2);
}

/// Deadlines that have passed are no reason to drop anything: that is an effect of its own, or a reader's affair.
#[test]
fn replaying_expires_nothing() {
    let mut keyspace = Keyspace::new(SEED);
    let mut effects = Vec::new();
    Effect::Put { key: "a".into(), value: Value::Text(Text::from(1)), expires_at_ms: Some(-5) }
        .encode(&mut effects);
    Effect::Put { key: "b".into(), value: Value::Text(Text::from(2)), expires_at_ms: None }
        .encode(&mut effects);
    Effect::Expire { key: "b".into(), expires_at_ms: Some(1) }.encode(&mut effects);
    let effect = HashEffect::Put { field: "f".into(), value: "v".into(), expires_at_ms: Some(1) };
    Effect::Hash { key: "c".into(), effect }.encode(&mut effects);
    keyspace.replay(&effects).expect("effects");
    assert_eq!(keyspace.keys(), 3);
    assert_eq!(keyspace.next_due_ms(), Some(-5));
    assert!(keyspace.view(Now::from_ms(1_000)).is_empty());
}

/// An element behind the end would be put at the end, and the way back would look for it where it is not.
#[test]
fn a_list_takes_no_element_behind_its_end() {
    let insert = |index| {
        let mut bytes = Vec::new();
        Effect::List {
            key: "l".into(),
            effect: ListEffect::Insert(vec![(0, "a".into()), (index, "b".into())]),
        }
        .encode(&mut bytes);
        bytes
    };
    let mut keyspace = Keyspace::new(SEED);
    assert_eq!(keyspace.replay(&insert(2)).expect_err("a gap").what, "element behind the end of a list");
    assert_eq!(keyspace.keys(), 0);
    assert_eq!(keyspace.replay(&insert(1)), Ok(()));
    assert_eq!(keyspace.replay(&insert(3)), Ok(()));
    assert_eq!(keyspace.view(Now::BEFORE_ALL).list(b"l").expect("a list").expect("one").len(), 4);
}

/// A snapshot goes out and comes in by hash, and needs no pages beyond those that were made for it.
#[test]
fn a_snapshot_loads_in_its_own_order() {
    let mut keyspace = Keyspace::new(SEED);
    for number in 0..3_000 {
        let key = format!("key:{number}");
        keyspace.edit(Now::BEFORE_ALL).put(key.as_bytes(), Text::from(number));
    }
    let mut bytes = Vec::new();
    let mut last = None;
    for (hash, key, entry) in keyspace.in_hash_order() {
        assert!(last < Some((hash, key)) && hash == keyspace.hash_of(key));
        last = Some((hash, key));
        encode_entry(&mut bytes, key, entry.expires_at_ms(), entry.value());
    }
    let mut loaded = Keyspace::new(SEED);
    loaded.reserve(keyspace.keys());
    EncodedEntries::new(&bytes).for_each(|entry| loaded.load(&entry.expect("an entry")).expect("a value"));
    assert_eq!(loaded.canonical(), keyspace.canonical());
    assert!(
        loaded.in_hash_order().map(|(_, key, _)| key).eq(keyspace.in_hash_order().map(|(_, key, _)| key))
    );
    assert_eq!(loaded.changes(), 0);
}

/// A key may have the name of a library.
#[test]
fn a_library_is_an_entry_of_its_own() {
    let mut bytes = Vec::new();
    encode_library(&mut bytes, b"name", b"code");
    encode_entry(&mut bytes, b"name", None, &Value::hole());
    assert_eq!(bytes[..13], [12, 4, b'n', b'a', b'm', b'e', 0, 17, 4, b'c', b'o', b'd', b'e']);
    let entries: Vec<_> = EncodedEntries::new(&bytes).collect::<Result<_, _>>().expect("two entries");
    assert_eq!(entries.iter().map(EncodedEntry::is_library).collect::<Vec<_>>(), [true, false]);
    assert!(entries[0].decode(SEED).is_err(), "it is no value");
    let mut keyspace = Keyspace::new(SEED);
    entries.iter().for_each(|entry| keyspace.load(entry).expect("an entry"));
    assert_eq!(
        keyspace.libraries().get(b"name").map(|library| library.code().as_slice()),
        Some(&b"code"[..])
    );
    assert_eq!((keyspace.keys(), keyspace.bytes(), keyspace.changes()), (1, keyspace.recount_bytes(), 0));
    bytes[8] = 5;
    let damaged = EncodedEntries::new(&bytes).next().expect("an entry").expect("framed");
    assert!(keyspace.load(&damaged).is_err());
}
