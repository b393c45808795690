//! Keys that are read from files, beside a database that sleeps or wakes.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use latchkey_journal::Disk;
use latchkey_journal::sim::SimDisk;
use latchkey_keyspace::Keyspace;
use latchkey_keyspace::Str;
use latchkey_keyspace::value::json::{JsonEffect, Node};
use latchkey_keyspace::value::stream::{Id, Record};
use latchkey_keyspace::value::{Json, SortedSet};
use latchkey_storage::{Durability, Storage};
use proptest::prelude::*;

use crate::world::{Awake, Contents, NOW, Step, contents_of, id, look, name, open};

/// What a peek at these keys finds of them.
fn peek(storage: &Storage, keys: &[u16]) -> Option<Contents> {
    let names: Vec<Vec<u8>> = keys.iter().map(|&key| name(key)).collect();
    let names: Vec<&[u8]> = names.iter().map(Vec::as_slice).collect();
    let peeked = storage.peek(id(1), &names)?;
    assert_eq!(peeked.keyspace.bytes(), peeked.keyspace.recount_bytes());
    let mut contents = peeked.keyspace.canonical();
    contents.retain(|key, _| names.contains(&key.as_slice()));
    Some(contents)
}

fn only(contents: &Contents, keys: &[u16]) -> Contents {
    keys.iter().filter_map(|&key| Some((name(key), contents.get(&name(key))?.clone()))).collect()
}

/// A database with these steps in its files: those before the compaction in a snapshot, others in tails.
fn sleeping(storage: &Storage, before: &[Step], after: &[Step]) -> Contents {
    let mut awake = Awake::wake(storage, 1, Durability::Always).unwrap();
    before.iter().for_each(|step| _ = awake.step(step));
    storage.compact(id(1), 0).unwrap();
    after.iter().for_each(|step| _ = awake.step(step));
    let contents = awake.contents();
    awake.shelf.sleep().unwrap();
    contents
}

#[test]
fn a_key_is_found_in_the_snapshot_or_in_the_tail_and_so_is_its_absence() {
    let (storage, _) = open(&SimDisk::new(1), 1).unwrap();
    let before: Vec<Step> = (0..2_000).map(|key| Step::Put(key, 1_000)).collect();
    let after = [
        Step::Put(1, 10),
        Step::Remove(2),
        Step::Expire(3, 1_800_000_000_000),
        Step::Rename(4, 5),
        Step::Rename(5, 3_000),
        Step::Put(2_001, 5),
    ];
    let contents = sleeping(&storage, &before, &after);
    for key in (0..2_002).step_by(61).chain(0..6).chain([2_001, 3_000, 9_999]) {
        assert_eq!(peek(&storage, &[key]), Some(only(&contents, &[key])), "{key}");
    }
    let several = [1, 2, 3, 4, 5, 77, 3_000];
    assert_eq!(peek(&storage, &several), Some(only(&contents, &several)));
    assert_eq!(look(&storage, 1), contents);
}

#[test]
fn after_all_keys_were_removed_only_later_ones_are_found() {
    let (storage, _) = open(&SimDisk::new(1), 1).unwrap();
    let contents = sleeping(&storage, &[Step::Put(1, 9), Step::Put(2, 9)], &[Step::Clear, Step::Put(2, 3)]);
    assert_eq!(contents.len(), 1);
    assert_eq!(peek(&storage, &[1, 2]), Some(contents));
}

/// Goal: a peek costs little, whatever it is asked for: what would cost more is left to the waking.
#[test]
fn what_would_be_long_is_not_peeked_at() {
    let (storage, _) = open(&SimDisk::new(1), 1).unwrap();
    assert!(peek(&storage, &[1]).is_none(), "nothing is stored");
    let before = [Step::Put(1, 10), Step::Put(2, 5 << 20), Step::Put(5, 5 << 20)];
    sleeping(&storage, &before, &[Step::Put(3, 5 << 20)]);
    assert!(peek(&storage, &[1]).is_some());
    for (key, what) in [(2, "a snapshot, as it is"), (5, "a snapshot, packed"), (3, "a tail")] {
        assert!(peek(&storage, &[key]).is_none(), "a large value in {what}");
    }
    let many: Vec<u16> = (100..140).collect();
    assert!(peek(&storage, &many).is_none(), "many keys");
    let renames: Vec<Step> = (10..20).map(|key| Step::Rename(key, key + 1)).collect();
    sleeping(&storage, &[Step::Put(10, 1)], &renames);
    assert!(peek(&storage, &[20]).is_none(), "a key that had eleven names");
    let awake = Awake::wake(&storage, 1, Durability::Always).unwrap();
    assert!(peek(&storage, &[1]).is_none(), "it is awake");
    awake.shelf.sleep().unwrap();
    assert!(peek(&storage, &[1]).is_some());
    storage.delete(id(1)).unwrap();
    assert!(peek(&storage, &[1]).is_none(), "it is deleted");
}

/// Goal: what is not in a tail yet is not missed: then there is no answer.
#[test]
fn steps_that_wait_to_be_written_are_not_passed_over() {
    let (storage, _) = open(&SimDisk::new(1), 1).unwrap();
    sleeping(&storage, &[Step::Put(1, 1)], &[]);
    let mut awake = Awake::wake(&storage, 1, Durability::Always).unwrap();
    storage.journal().wait_blocking(awake.step(&Step::Put(1, 2))).unwrap();
    let contents = awake.contents();
    drop(awake);
    assert!(peek(&storage, &[1]).is_none(), "as after a panic");
    storage.tend().unwrap();
    assert_eq!(peek(&storage, &[1]), Some(contents));
}

/// Goal: no flipped bit is taken for data, wherever it is.
#[test]
fn nothing_that_is_damaged_is_shown() {
    let disk = SimDisk::new(5);
    let (storage, _) = open(&disk, 1).unwrap();
    let before: Vec<Step> = (0..4).map(|key| Step::Put(key, 60)).collect();
    let contents = sleeping(&storage, &before, &[Step::Put(9, 30), Step::Remove(1)]);
    let directory = Path::new("db/01/01010101010101010101010101010101");
    let (mut refused, mut total) = (0, 0);
    for file in disk.list(directory).unwrap().iter().map(|name| directory.join(name)) {
        for byte in 0..disk.contents(&file).unwrap().len() as u64 {
            let bit = byte * 8 + byte % 8;
            disk.flip_bit(&file, bit);
            let found = peek(&storage, &[0, 1, 9]);
            assert!(found.as_ref().is_none_or(|found| *found == only(&contents, &[0, 1, 9])), "byte {byte}");
            refused += usize::from(found.is_none());
            total += 1;
            disk.flip_bit(&file, bit);
        }
    }
    assert_eq!(refused, total);
    assert!(peek(&storage, &[0]).is_some());
}

/// Goal: beside wakings, writes and compactions, a peek finds no less than what was durable when it began, and no more
/// than what was begun when it ended.
#[test]
fn a_peek_is_never_behind() {
    const ROUNDS: usize = 150;
    let (storage, _) = open(&SimDisk::new(1), 1).unwrap();
    let (begun, durable, found) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicUsize::new(0));
    sleeping(&storage, &[Step::Put(1, 0)], &[Step::Put(2, 900)]);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for round in 1..=ROUNDS {
                let mut awake = Awake::wake(&storage, 1, Durability::Always).unwrap();
                begun.store(round, SeqCst);
                awake.step(&Step::Put(2, 900));
                storage.journal().wait_blocking(awake.step(&Step::Put(1, round))).unwrap();
                durable.store(round, SeqCst);
                if round % 3 == 0 {
                    storage.compact(id(1), 0).unwrap();
                }
                awake.shelf.sleep().unwrap();
                if round % 4 == 0 {
                    storage.compact(id(1), 0).unwrap();
                }
                while found.load(SeqCst) < round / 2 {
                    std::thread::yield_now();
                }
            }
        });
        while durable.load(SeqCst) < ROUNDS {
            let least = durable.load(SeqCst);
            let Some(peeked) = storage.peek(id(1), &[&name(1)]) else { continue };
            let view = peeked.keyspace.view(NOW);
            let value = view.text(&name(1)).unwrap().expect("it is always there").len();
            assert!((least..=begun.load(SeqCst)).contains(&value), "{value}, and {least} were durable");
            found.fetch_add(1, SeqCst);
        }
    });
}

/// A change inside a value of a type that the key decides, if it has that type.
fn change(keyspace: &mut Keyspace, key: u16, n: u8) {
    let (mut edit, name, item) = (keyspace.edit(NOW), name(key), Str::from(&[n % 8][..]));
    match key % 5 {
        0 => {
            _ = edit.hash_or_new(&name).map(|mut hash| match n % 3 {
                0 => drop(hash.remove(&item)),
                1 => _ = hash.put(&item, &[n], None),
                _ => _ = hash.put(&item, &[n], Some(1_700_000_000_000 + i64::from(n))),
            })
        }
        1 => {
            _ = edit.set_or_new(&name).map(|mut set| match n % 3 {
                0 => set.remove([item].into_iter()),
                _ => set.add([item].into_iter()),
            })
        }
        2 => {
            _ = edit.sorted_set_or_new(&name).map(|mut set| match n % 4 {
                0 => drop(set.remove_ranks(0..SortedSet::len(&set).min(1))),
                _ => drop(set.put(&item, f64::from(n))),
            })
        }
        3 if edit.view().exists(&name) => {
            _ = edit.json(&name).map(|json| {
                let elements = vec![(0, Node::int(n.into()))];
                json.map(|mut json| json.change(JsonEffect::InsertElements { at: vec![], elements }))
            })
        }
        3 => edit.put(&name, Json::new(Node::array(vec![]))),
        _ => {
            _ = edit.stream_or_new(&name).map(|mut stream| {
                let id = Id { ms: stream.counters().last_id.ms + 1, seq: 0 };
                stream.append(Record { id, fields: vec![(item.clone(), item)] });
            })
        }
    }
}

/// Something that is done to a database.
#[derive(Clone, Debug)]
enum Act {
    Step(Step),
    Change(u16, u8),
    Compact,
    Sleep,
}

const KEYS: std::ops::Range<u16> = 0..10;

fn act() -> impl Strategy<Value = Act> {
    let step = prop_oneof![
        3 => (KEYS, 0..300_usize).prop_map(|(key, length)| Step::Put(key, length)),
        2 => (KEYS, 1_700_000_000_001..1_800_000_000_000_i64).prop_map(|(key, at)| Step::Expire(key, at)),
        2 => (KEYS, any::<u8>()).prop_map(|(key, item)| Step::Push(key, item)),
        3 => KEYS.prop_map(Step::Remove),
        2 => (KEYS, KEYS).prop_map(|(source, destination)| Step::Rename(source, destination)),
        1 => Just(Step::Clear),
        1 => (KEYS, proptest::option::of(0..300_usize)).prop_map(|(name, length)| Step::Library(name, length)),
    ];
    let step =
        prop_oneof![5 => step.clone(), 1 => proptest::collection::vec(step, 1..4).prop_map(Step::Several)];
    prop_oneof![
        10 => step.prop_map(Act::Step),
        20 => (KEYS, any::<u8>()).prop_map(|(key, n)| Act::Change(key, n)),
        1 => Just(Act::Compact),
        2 => Just(Act::Sleep),
    ]
}

fn renames(act: &Act) -> usize {
    let in_step = |step: &Step| usize::from(matches!(step, Step::Rename(..)));
    match act {
        Act::Step(Step::Several(steps)) => steps.iter().map(in_step).sum(),
        Act::Step(step) => in_step(step),
        _ => 0,
    }
}

impl Awake {
    fn act(mut self, act: &Act, storage: &Storage) -> Self {
        match act {
            Act::Step(step) => _ = self.step(step),
            Act::Change(key, n) => {
                change(&mut self.keyspace, *key, *n);
                self.step(&Step::Several(vec![]));
            }
            Act::Compact => _ = storage.compact(id(1), 0).unwrap(),
            Act::Sleep => {
                self.shelf.sleep().unwrap();
                return Self::wake(storage, 1, Durability::None).unwrap();
            }
        }
        self
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// Goal: whatever was done, a peek finds what waking finds, and seldom has to give up.
    #[test]
    fn a_peek_finds_what_waking_finds(
        acts in proptest::collection::vec(act(), 1..60),
        durability in prop_oneof![Just(Durability::Always), Just(Durability::None)],
    ) {
        let (storage, _) = open(&SimDisk::new(1), 1).unwrap();
        let awake = Awake::wake(&storage, 1, durability).unwrap();
        let awake = acts.iter().fold(awake, |awake, act| awake.act(act, &storage));
        let position = awake.shelf.position();
        awake.shelf.sleep().unwrap();
        let peeks: Vec<_> = KEYS.map(|key| (key, storage.peek(id(1), &[&name(key)]))).collect();
        let together = peek(&storage, &[0, 1, 2, 3, 4]);
        let (keyspace, _shelf) = storage.wake(id(1), durability, 1).unwrap();
        let contents = contents_of(&keyspace);
        let renames: usize = acts.iter().map(renames).sum();
        for (key, peeked) in peeks {
            prop_assert!(peeked.is_some() || renames > 3 || position == 0, "no answer");
            let Some(peeked) = peeked else { continue };
            prop_assert_eq!(peeked.position, position);
            prop_assert_eq!(peeked.keyspace.seed(), keyspace.seed());
            let found = peeked.keyspace.canonical().remove(&name(key));
            prop_assert_eq!(found.as_ref(), contents.get(&name(key)), "{}", key);
        }
        prop_assert!(together.is_none_or(|together| together == only(&contents, &[0, 1, 2, 3, 4])));
    }
}
