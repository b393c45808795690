//! `ScanMap` against a `BTreeMap`; the guarantees of a scan; the uniformity of a random draw.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use latchkey_keyspace::collections::scan_map::ScanMap;
use latchkey_keyspace::collections::str::Str;
use proptest::prelude::*;

/// An operation on a run of keys: long enough runs make pages split and merge.
#[derive(Clone, Debug)]
enum Op {
    Insert(Range<u32>),
    GetOrInsert(Range<u32>),
    Remove(Range<u32>),
    Clear,
}

fn runs(first: Range<u32>, len_max: u32) -> impl Strategy<Value = Range<u32>> {
    (first, 1..len_max).prop_map(|(start, len)| start..start + len)
}

fn ops() -> impl Strategy<Value = Vec<Op>> {
    let op = prop_oneof![
        6 => runs(0..4_000, 1_500).prop_map(Op::Insert),
        2 => runs(0..4_000, 500).prop_map(Op::GetOrInsert),
        6 => runs(0..4_000, 2_000).prop_map(Op::Remove),
        1 => Just(Op::Clear),
    ];
    prop::collection::vec(op, 1..20)
}

/// Short and long keys, by turns.
fn key(number: u32) -> Str {
    let text = if number.is_multiple_of(2) {
        format!("{number}")
    } else {
        format!("a longer key than fits in place {number}")
    };
    Str::from(text.as_str())
}

fn insert_run(map: &mut ScanMap<()>, run: Range<u32>) {
    for number in run {
        map.insert(key(number), ());
    }
}

fn remove_run(map: &mut ScanMap<()>, run: Range<u32>) {
    for number in run {
        map.remove(&key(number));
    }
}

fn scan_all<V>(map: &ScanMap<V>, count: usize) -> Vec<Str> {
    let mut seen = Vec::new();
    let mut cursor = 0;
    loop {
        let before = seen.len();
        cursor = map.scan(cursor, count, &mut |key, _| seen.push(key.clone()));
        if cursor == 0 {
            return seen;
        }
        assert!(seen.len() - before >= count);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn behaves_like_a_sorted_map(seed: u64, ops in ops(), count in 1_usize..300) {
        let mut map = ScanMap::new(seed);
        let mut model = BTreeMap::new();
        for (step, op) in ops.into_iter().enumerate() {
            match op {
                Op::Insert(run) => for number in run {
                    prop_assert_eq!(map.insert(key(number), step), model.insert(key(number), step));
                },
                Op::GetOrInsert(run) => for number in run {
                    *map.get_or_insert_with(&key(number), || 0) += step;
                    *model.entry(key(number)).or_insert(0) += step;
                },
                Op::Remove(run) => for number in run {
                    prop_assert_eq!(map.remove(&key(number)), model.remove_entry(&key(number)));
                },
                Op::Clear => { map.clear(); model.clear(); }
            }
            prop_assert_eq!(map.len(), model.len());
        }
        for number in 0..6_000 {
            prop_assert_eq!(map.get(&key(number)), model.get(&key(number)));
        }
        let entries: BTreeMap<_, _> = map.iter().map(|(key, value)| (key.clone(), *value)).collect();
        prop_assert_eq!(&entries, &model);
        let scanned = scan_all(&map, count);
        prop_assert!(scanned.is_sorted_by_key(|key| map.hash_of(key)));
        prop_assert_eq!(scanned.len(), model.len());
        prop_assert_eq!(scanned.into_iter().collect::<BTreeSet<_>>(), model.into_keys().collect());
    }

    /// Between the calls of a scan other keys come and go, in numbers that make pages split and merge.
    #[test]
    fn a_scan_returns_once_what_stays_throughout(
        seed: u64,
        stable_len in 1_u32..1_500,
        churn in prop::collection::vec((any::<bool>(), runs(10_000..14_000, 2_500)), 1..40),
        count in 1_usize..200,
    ) {
        let mut map = ScanMap::new(seed);
        insert_run(&mut map, 0..stable_len);
        let mut seen = BTreeMap::<Str, usize>::new();
        let mut churn = churn.into_iter();
        let mut cursor = 0;
        loop {
            cursor = map.scan(cursor, count, &mut |key, _| *seen.entry(key.clone()).or_default() += 1);
            if cursor == 0 {
                break;
            }
            match churn.next() {
                Some((true, run)) => insert_run(&mut map, run),
                Some((false, run)) => remove_run(&mut map, run),
                None => {}
            }
        }
        prop_assert!(seen.values().all(|times| *times == 1));
        prop_assert!((0..stable_len).all(|number| seen.contains_key(&key(number))));
    }
}

#[test]
fn a_cursor_is_good_for_a_rebuilt_map_with_the_same_seed() {
    let mut map = ScanMap::new(7);
    insert_run(&mut map, 0..3_000);
    let mut seen = BTreeSet::new();
    let cursor = map.scan(0, 1_000, &mut |key, ()| assert!(seen.insert(key.clone())));
    let mut rebuilt = ScanMap::new(7);
    for number in (0..3_000).rev() {
        rebuilt.insert_unique(key(number), ());
    }
    let end = rebuilt.scan(cursor, 3_000, &mut |key, ()| assert!(seen.insert(key.clone())));
    assert_eq!((end, seen.len()), (0, 3_000));
}

#[test]
fn scanning_nothing_ends_at_once() {
    let mut map = ScanMap::new(7);
    assert_eq!(map.scan(0, 10, &mut |_, ()| unreachable!()), 0);
    assert_eq!(map.scan(u64::MAX, 10, &mut |_, ()| unreachable!()), 0);
    map.insert(key(1), ());
    let mut visited = 0;
    assert_eq!(map.scan(0, 0, &mut |_, ()| visited += 1), 0);
    assert_eq!(visited, 1);
}

/// Draws 20 times as often as there are entries and compares the counts with a uniform distribution: the statistic
/// has mean `len - 1` and deviation `sqrt(2 (len - 1))`, and is allowed six deviations.
fn check_uniform(map: &ScanMap<()>) {
    let mut rng = fastrand::Rng::with_seed(1);
    let mut draws: BTreeMap<Str, f64> = map.iter().map(|(key, ())| (key.clone(), 0.0)).collect();
    for _ in 0..20 * map.len() {
        let (key, ()) = map.random(&mut rng).expect("the map is not empty");
        *draws.get_mut(key).expect("an element of the map") += 1.0;
    }
    assert!(draws.values().all(|count| *count > 0.0));
    let chi_square: f64 = draws.values().map(|count| (count - 20.0).powi(2) / 20.0).sum();
    let freedom = (map.len() - 1) as f64;
    assert!((chi_square - freedom).abs() < 6.0 * (2.0 * freedom).sqrt(), "{chi_square} for {freedom}");
}

#[test]
fn random_is_uniform_also_after_deleting_nine_in_ten() {
    let mut map = ScanMap::new(3);
    assert!(map.random(&mut fastrand::Rng::with_seed(1)).is_none());
    for len in [5, 100, 10_000] {
        insert_run(&mut map, 0..len);
        check_uniform(&map);
    }
    remove_run(&mut map, 0..9_000);
    check_uniform(&map);
}
