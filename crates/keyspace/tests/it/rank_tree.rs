//! `RankTree` against a sorted `Vec`.

use std::cmp::Ordering;

use latchkey_keyspace::collections::rank_tree::RankTree;
use latchkey_keyspace::collections::str::Str;
use proptest::prelude::*;

type Pair = (f64, Str);

#[derive(Clone, Debug)]
enum Op {
    /// Consecutive members under one score: equal scores, and long enough runs to split nodes.
    Insert {
        score: f64,
        first: u32,
        len: u32,
    },
    /// Consecutive ranks, one by one.
    Remove {
        rank: usize,
        len: usize,
    },
    RemoveRange {
        rank: usize,
        len: usize,
    },
}

fn score() -> impl Strategy<Value = f64> {
    prop_oneof![
        Just(f64::NEG_INFINITY),
        Just(-1.5),
        Just(-0.0),
        Just(0.0),
        Just(1e300),
        Just(f64::INFINITY),
        -3.0..3.0
    ]
}

fn ops() -> impl Strategy<Value = Vec<Op>> {
    let op = prop_oneof![
        5 => (score(), 0..2_000_u32, 1..600_u32).prop_map(|(score, first, len)| Op::Insert { score, first, len }),
        2 => (0..3_000_usize, 0..400_usize).prop_map(|(rank, len)| Op::Remove { rank, len }),
        2 => (0..3_000_usize, 0..1_500_usize).prop_map(|(rank, len)| Op::RemoveRange { rank, len }),
    ];
    prop::collection::vec(op, 1..25)
}

/// Short and long members, by turns.
fn member(number: u32) -> Str {
    let tail = if number.is_multiple_of(2) { "" } else { " is longer than fits in place" };
    Str::from(format!("{number:04}{tail}").as_str())
}

fn compare(a: &Pair, b: &Pair) -> Ordering {
    a.0.partial_cmp(&b.0).expect("no NaN").then_with(|| a.1.cmp(&b.1))
}

fn model_insert(model: &mut Vec<Pair>, pair: Pair) -> bool {
    let place = model.binary_search_by(|other| compare(other, &pair));
    if let Err(index) = place {
        model.insert(index, pair);
    }
    place.is_err()
}

fn apply(tree: &mut RankTree, model: &mut Vec<Pair>, op: Op) {
    match op {
        Op::Insert { score, first, len } => {
            for number in first..first + len {
                let added = tree.insert(score, member(number));
                assert_eq!(added, model_insert(model, (score, member(number))));
            }
        }
        Op::Remove { rank, len } => {
            let start = rank.min(model.len());
            for (score, member) in model.drain(start..(start + len).min(model.len())) {
                assert!(tree.remove(score, &member));
                assert!(!tree.remove(score, &member));
            }
        }
        Op::RemoveRange { rank, len } => {
            let start = rank.min(model.len());
            let removed: Vec<Pair> = model.drain(start..(start + len).min(model.len())).collect();
            assert_eq!(tree.remove_range(rank..rank + len), removed);
        }
    }
}

fn collected<'a>(pairs: impl Iterator<Item = (f64, &'a Str)>) -> Vec<Pair> {
    pairs.map(|(score, member)| (score, member.clone())).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn behaves_like_a_sorted_list(
        ops in ops(),
        bound in (score(), 0..2_600_u32),
        start in 0..3_000_usize,
        len in 0..3_000_usize,
        ends in prop::collection::vec(any::<bool>(), 300),
    ) {
        let mut tree = RankTree::new();
        let mut model = Vec::new();
        for op in ops {
            apply(&mut tree, &mut model, op);
            prop_assert_eq!(tree.len(), model.len());
        }
        prop_assert_eq!(collected(tree.iter()), model.clone());

        for (rank, (score, member)) in model.iter().enumerate() {
            prop_assert_eq!(tree.get(rank), Some((*score, member)));
            prop_assert_eq!(tree.rank(*score, member), Some(rank));
        }
        prop_assert_eq!(tree.get(model.len()), None);

        let bound = (bound.0, member(bound.1));
        let is_before = |score, member: &Str| compare(&(score, member.clone()), &bound).is_lt();
        let expected = model.partition_point(|(score, member)| is_before(*score, member));
        prop_assert_eq!(tree.partition_point(is_before), expected);
        let expected = model.partition_point(|(score, _)| *score <= bound.0);
        prop_assert_eq!(tree.partition_point(|score, _| score <= bound.0), expected);
        let found = model.binary_search_by(|pair| compare(pair, &bound)).ok();
        prop_assert_eq!(tree.rank(bound.0, &bound.1), found);

        let slice = &model[start.min(model.len())..(start + len).min(model.len())];
        prop_assert_eq!(tree.range(start..start + len).len(), slice.len());
        prop_assert_eq!(collected(tree.range(start..start + len)), slice);
        let reversed: Vec<Pair> = slice.iter().rev().cloned().collect();
        prop_assert_eq!(collected(tree.range(start..start + len).rev()), reversed);

        let mut pairs = tree.range(start..start + len);
        let mut expected = slice.iter().map(|(score, member)| (*score, member));
        for from_front in ends.iter().cycle().take(slice.len() + 2) {
            if *from_front {
                prop_assert_eq!(pairs.next(), expected.next());
            } else {
                prop_assert_eq!(pairs.next_back(), expected.next_back());
            }
        }
        prop_assert_eq!(pairs.len(), 0);
    }
}
