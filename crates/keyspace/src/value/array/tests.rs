//! Arrays against a plain map, and how much memory they take.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::{Keyspace, Now};

/// Places that share pages, lie at the borders of pages, and at both ends.
fn places() -> impl Strategy<Value = u64> {
    prop_oneof![
        0..200_u64,
        (0..4_u64, 62..66_u64).prop_map(|(page, place)| page * 1_000_000 * Page::PLACES + place),
        INDEX_MAX - 70..=INDEX_MAX,
    ]
}

fn ranges() -> impl Strategy<Value = RangeInclusive<u64>> {
    (places(), places()).prop_map(|(a, b)| a.min(b)..=a.max(b))
}

#[derive(Clone, Debug)]
enum Step {
    Put(Vec<(u64, u8)>),
    Remove(Vec<u64>),
    RemoveRange(RangeInclusive<u64>),
    Insert(u64, Vec<u8>),
    Ring(u64, Vec<u8>),
    Seek(Option<u64>),
}

fn steps() -> impl Strategy<Value = Step> {
    let letters = || prop::collection::vec(any::<u8>(), 1..9);
    prop_oneof![
        4 => prop::collection::vec((places(), any::<u8>()), 0..40).prop_map(Step::Put),
        2 => prop::collection::vec(places(), 0..20).prop_map(Step::Remove),
        1 => ranges().prop_map(Step::RemoveRange),
        2 => (places().prop_map(|place| place.min(INDEX_MAX - 9)), letters())
            .prop_map(|(first, items)| Step::Insert(first, items)),
        3 => (prop_oneof![1..8_u64, 1..300_u64, Just(u64::MAX >> 1)], letters())
            .prop_map(|(size, items)| Step::Ring(size, items)),
        1 => prop::option::of(places()).prop_map(Step::Seek),
    ]
}

fn word(letter: u8) -> Str {
    Str::new(&vec![b'x'; letter as usize % 40])
}

/// What an array is: a map and a cursor.
#[derive(Clone, Debug, Default, PartialEq)]
struct Model {
    items: BTreeMap<u64, Str>,
    cursor: Option<u64>,
}

impl Model {
    fn run(&mut self, step: &Step) {
        match step {
            Step::Put(items) => self.items.extend(items.iter().map(|&(at, letter)| (at, word(letter)))),
            Step::Remove(places) => self.items.retain(|at, _| !places.contains(at)),
            Step::RemoveRange(range) => self.items.retain(|at, _| !range.contains(at)),
            Step::Insert(first, items) => {
                self.items.extend((*first..).zip(items.iter().map(|&letter| word(letter))));
                self.cursor = Some(first + items.len() as u64 - 1);
            }
            Step::Ring(size, items) => self.ring(*size, items),
            Step::Seek(cursor) => self.cursor = cursor.filter(|_| !self.items.is_empty()),
        }
        if self.items.is_empty() {
            self.cursor = None;
        }
    }

    /// The rules of ARRING, one item after the other.
    fn ring(&mut self, size: u64, items: &[u8]) {
        let span = self.items.last_key_value().map_or(0, |(last, _)| last + 1);
        let next = self.cursor.map_or(0, |last| last + 1);
        if span > 0 && (size < span || size > span && self.cursor.is_some() && next < span) {
            let mut at = self.cursor.map_or(span - 1, |last| last % span);
            let mut newest_first = Vec::new();
            while (newest_first.len() as u64) < size.min(span) {
                let Some(item) = self.items.get(&at) else { break };
                newest_first.push(item.clone());
                at = at.checked_sub(1).unwrap_or(span - 1);
            }
            self.cursor = (newest_first.len() as u64).checked_sub(1);
            self.items = (0..).zip(newest_first.into_iter().rev()).collect();
        }
        for &letter in items {
            let at = self.cursor.map_or(0, |last| last + 1) % size;
            self.items.insert(at, word(letter));
            self.cursor = Some(at);
        }
    }
}

fn run(keyspace: &mut Keyspace, step: &Step) {
    let mut edit = keyspace.edit(Now::BEFORE_ALL);
    let mut array = edit.array_or_new(b"k").expect("no other type");
    let words = |letters: &[u8]| letters.iter().map(|&letter| word(letter)).collect();
    match step {
        Step::Put(items) => drop(array.put(items.iter().map(|&(at, letter)| (at, word(letter))))),
        Step::Remove(places) => drop(array.remove(places.iter().copied())),
        Step::RemoveRange(range) => drop(array.remove_range(range.clone())),
        Step::Insert(first, items) => array.insert(*first, words(items)),
        Step::Ring(size, items) => drop(array.ring(*size, words(items))),
        Step::Seek(cursor) => array.seek(*cursor),
    }
}

fn assert_is(keyspace: &Keyspace, model: &Model) -> Result<(), TestCaseError> {
    let view = keyspace.view(Now::BEFORE_ALL);
    let empty = Array::default();
    let array = view.array(b"k").expect("no other type").unwrap_or(&empty);
    let all: Vec<_> = array.range(0..=INDEX_MAX).map(|(at, item)| (at, item.clone())).collect();
    prop_assert_eq!(all, model.items.clone().into_iter().collect::<Vec<_>>());
    prop_assert_eq!((array.cursor(), array.len()), (model.cursor, model.items.len()));
    prop_assert_eq!(array.span(), model.items.last_key_value().map_or(0, |(last, _)| last + 1));
    prop_assert_eq!(keyspace.bytes(), keyspace.recount_bytes());
    let cost: u64 = model.items.values().map(cost_of).sum();
    prop_assert_eq!(array.bytes(), cost);
    Ok(())
}

proptest! {
    /// Whatever is done, an array is what a map would be; its changes replay, and can be taken back.
    #[test]
    fn an_array_is_a_map_with_a_cursor(steps in prop::collection::vec((steps(), any::<bool>()), 1..20)) {
        let (mut keyspace, mut replayed) = (Keyspace::new(3), Keyspace::new(3));
        let mut model = Model::default();
        for (step, stays) in &steps {
            keyspace.begin_record();
            let start = keyspace.save();
            run(&mut keyspace, step);
            if *stays {
                keyspace.release(start);
                model.run(step);
            } else {
                keyspace.roll_back(start);
            }
            assert_is(&keyspace, &model)?;
            replayed.replay(keyspace.take_record().bytes()).expect("what was recorded");
            prop_assert_eq!(replayed.canonical(), keyspace.canonical());
        }
    }

    /// A range holds what lies in it, from either end, and nothing is asked of the gaps.
    #[test]
    fn ranges_are_those_of_a_map(
        items in prop::collection::btree_map(places(), any::<u8>(), 0..100),
        ranges in prop::collection::vec(ranges(), 1..20),
    ) {
        let items: BTreeMap<u64, Str> = items.into_iter().map(|(at, letter)| (at, word(letter))).collect();
        let array: Array = items.clone().into_iter().collect();
        for range in ranges {
            let expected: Vec<(u64, &Str)> =
                items.range(range.clone()).map(|(&at, item)| (at, item)).collect();
            prop_assert_eq!(array.range(range.clone()).collect::<Vec<_>>(), expected.clone());
            let backwards: Vec<_> = array.range(range.clone()).rev().collect();
            prop_assert_eq!(backwards, expected.into_iter().rev().collect::<Vec<_>>());
            prop_assert_eq!(array.get(*range.start()), items.get(range.start()));
        }
    }
}

/// What the elements take besides long strings: 24 bytes each, and the pages what is little beside that.
#[test]
fn consecutive_elements_take_little_more_than_themselves() {
    let array: Array = (0..64_000).map(|at| (at, Str::from("small"))).collect();
    let layout = array.layout();
    assert_eq!(layout, Layout { full_pages: 1000, other_pages: 0, other_capacity: 0 });
    let room: usize = array.pages.values().map(Page::capacity).sum();
    assert_eq!(room, array.len());
    let page_bytes = 2 * (size_of::<u64>() + size_of::<Page>());
    assert!(room * size_of::<Str>() + array.pages() * page_bytes < 26 * array.len());
}

#[test]
fn memory_is_given_back() {
    let mut array: Array = (0..6_400).map(|at| (at, Str::from("small"))).collect();
    for page in 0..100 {
        array.cut(page * 64 + 1..=page * 64 + 63);
    }
    assert_eq!((array.len(), array.pages()), (100, 100));
    assert!(array.layout().other_capacity <= 400, "{:?}", array.layout());
    array.cut(0..=INDEX_MAX);
    assert_eq!((array.len(), array.pages(), array.bytes), (0, 0, 0));
}

/// Elements that lie far apart cost a page of one place each.
#[test]
fn gaps_are_free() {
    let array: Array = (0..1000).map(|at| (at * 1_000_000_007, Str::from("x"))).collect();
    assert_eq!(array.layout(), Layout { full_pages: 0, other_pages: 1000, other_capacity: 1000 });
}
