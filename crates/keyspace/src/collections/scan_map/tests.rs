//! What the structure of a [`ScanMap`] must look like from inside.

use super::*;

const SEED: u64 = 42;

fn key(number: usize) -> Str {
    Str::from(format!("key:{number}").into_bytes())
}

fn filled(len: usize) -> ScanMap<usize> {
    let mut map = ScanMap::new(SEED);
    for number in 0..len {
        map.insert(key(number), number);
    }
    map
}

/// Every entry lies where its hash says, and the counters agree with the pages.
fn check_structure<V>(map: &ScanMap<V>) {
    assert_eq!(map.directory.len(), if map.depth == 0 { 0 } else { 1 << map.depth });
    let mut next_hash = Some(0);
    let mut len = 0;
    let mut pages = 0;
    while let Some(page) = next_hash.and_then(|hash| map.page(hash)) {
        assert!(page.depth <= map.depth);
        assert_eq!(Some(page.first_hash), next_hash);
        let last_hash = page.next_hash().map_or(u64::MAX, |hash| hash - 1);
        for (key, _) in &page.table {
            assert!((page.first_hash..=last_hash).contains(&map.hash_of(key)));
        }
        assert!(page.table.num_buckets() <= map.buckets_max);
        pages += 1;
        len += page.table.len();
        next_hash = page.next_hash();
    }
    assert_eq!(len, map.len);
    assert_eq!(pages, map.pages.len());
    assert_eq!(map.pages_deepest, map.pages.iter().filter(|page| page.depth == map.depth).count());
}

/// Keys that begin so hash to 0, in these tests only: against the real function nobody can make such keys.
pub(super) const COLLIDING: &[u8] = b"colliding:";

fn colliding_keys(count: u64) -> Vec<Str> {
    (0..count).map(|i| Str::from([COLLIDING, &i.to_ne_bytes()].concat())).collect()
}

#[test]
fn an_empty_map_owns_no_memory() {
    let mut map = ScanMap::<u8>::new(SEED);
    assert_eq!((map.directory.capacity(), map.pages.capacity()), (0, 0));
    map.insert(key(1), 1);
    assert_eq!((map.directory.capacity(), map.pages.capacity()), (0, 1));
    map.remove(&key(1));
    assert_eq!((map.directory.capacity(), map.pages.capacity()), (0, 0));
}

#[test]
fn pages_are_well_filled_and_the_directory_is_small() {
    let map = filled(100_000);
    check_structure(&map);
    assert!(map.pages.len() < 100_000 / PAGE_LEN_MAX * 2);
    assert!(map.directory.len() <= map.pages.len() * 8);
}

#[test]
fn memory_follows_deletes() {
    let mut map = filled(100_000);
    let pages_at_most = map.pages.len();
    for number in 0..99_000 {
        map.remove(&key(number));
    }
    check_structure(&map);
    assert!(map.pages.len() <= pages_at_most / 10);
    assert!(map.pages.capacity() <= map.pages.len() * 4);
    assert!(map.directory.len() <= map.pages.len() * 8);
    for number in 99_000..99_995 {
        map.remove(&key(number));
    }
    check_structure(&map);
    assert_eq!((map.pages.len(), map.directory.capacity()), (1, 0));
    assert!(map.pages[0].table.num_buckets() <= 64);
}

#[test]
fn equal_hashes_neither_split_for_ever_nor_get_parted() {
    let mut map = filled(5_000);
    let flood = colliding_keys(2_000);
    for key in &flood {
        map.insert(key.clone(), 0);
    }
    check_structure(&map);
    assert!(map.directory.len() <= map.pages.len() * 32);
    assert_eq!(map.get_by_hash(0).count(), flood.len());
    let mut visited = 0;
    let next = map.scan(0, 1, &mut |_, _| visited += 1);
    assert_eq!(visited, flood.len());
    assert_ne!(next, 0);
    for key in &flood {
        assert!(map.remove(key).is_some());
    }
    check_structure(&map);
    assert_eq!(map.len(), 5_000);
}

/// From an implementation of its own, after the paper. Should this fail, snapshots that exist are out of order, and
/// cursors that clients hold are void.
#[test]
fn the_hash_never_changes() {
    let map = ScanMap::<()>::new(0x0123_4567_89ab_cdef);
    for (key, hash) in [
        ("", 0xf4b3_fee3_9780_2911),
        ("k", 0xd895_255e_7ed9_0590),
        ("key:123", 0x9d6e_6b5b_bdd1_f47f),
        ("12345678", 0x9005_45cb_3914_b856),
        ("a key of more than sixteen bytes", 0xe87a_371e_6911_6d22),
    ] {
        assert_eq!(map.hash_of(key.as_bytes()), hash, "{key:?}");
    }
}

#[test]
fn room_made_beforehand_is_room_enough() {
    for len in [0, 1, 448, 449, 600, 601, 5_000, 100_000] {
        let mut map = ScanMap::with_capacity(SEED, len);
        let mut sorted: Vec<(u64, Str)> = (0..len).map(|n| (map.hash_of(&key(n)), key(n))).collect();
        sorted.sort_unstable();
        let (pages, buckets) = (map.pages.len(), map.buckets_max);
        for (_, key) in &sorted {
            map.insert(key.clone(), ());
        }
        check_structure(&map);
        assert_eq!((map.pages.len(), map.buckets_max), (pages, buckets), "{len} keys");
        assert!(map.pages.len() <= len.div_ceil(PAGE_LEN_MAX / 4).max(1));
        let in_order: Vec<(u64, Str)> = map.in_order().map(|(hash, key, ())| (hash, key.clone())).collect();
        assert_eq!(in_order, sorted);
    }
}

#[test]
fn structure_holds_at_every_size_on_the_way_up_and_down() {
    let mut map = ScanMap::new(SEED);
    for number in 0..6_000 {
        map.insert(key(number), number);
        if number % 97 == 0 {
            check_structure(&map);
        }
    }
    for number in 0..6_000 {
        assert_eq!(map.remove(&key(number)), Some((key(number), number)));
        if number % 97 == 0 {
            check_structure(&map);
        }
    }
    check_structure(&map);
}

#[test]
fn iterators_agree() {
    let mut map = filled(3_000);
    assert_eq!(map.iter().len(), 3_000);
    map.iter_mut().for_each(|(_, value)| *value += 1);
    let mut by_reference: Vec<_> = map.iter().map(|(key, value)| (key.clone(), *value)).collect();
    let mut by_value: Vec<_> = map.drain().collect();
    by_reference.sort();
    by_value.sort();
    assert_eq!(by_reference, by_value);
    assert!(map.is_empty());
    assert_eq!(map.seed(), SEED);
    assert_eq!(map.hash_of(b"key"), ScanMap::<()>::new(SEED).hash_of(b"key"));
}
