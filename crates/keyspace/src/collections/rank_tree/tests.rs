//! What the structure of a [`RankTree`] must look like from inside.

use super::*;

fn member(number: usize) -> Str {
    Str::from(format!("{number:05}").as_str())
}

fn filled(len: usize) -> RankTree {
    let mut tree = RankTree::new();
    for number in 0..len {
        let shuffled = number * 7_919 % len; // 7919 is prime, so every number comes once
        assert!(tree.insert((shuffled / 10) as f64, member(shuffled)));
    }
    tree
}

/// Counts, heights, fill and bounds of all nodes, and the order of all entries.
fn check_structure(tree: &RankTree) {
    if let Some(root) = &tree.root {
        assert!(root.len() > 0);
        match root {
            Node::Leaf(entries) => assert!(entries.len() <= LEAF_MAX),
            Node::Inner(inner) => {
                assert!((2..=FAN_OUT).contains(&inner.children.len()));
                check_inner(inner);
            }
        }
    }
    let entries: Vec<Entry> = tree.iter().map(|(score, member)| (score, member.clone())).collect();
    assert_eq!(entries.len(), tree.len());
    assert!(entries.is_sorted_by(|a, b| compare_entries(a, b).is_lt()));
}

fn check_inner(inner: &Inner) {
    assert_eq!(inner.len, inner.children.iter().map(|child| child.node.len()).sum::<usize>());
    for child in &inner.children {
        assert_eq!(child.node.height(), inner.height - 1);
        assert!(!child.node.is_underfull());
        match &child.node {
            Node::Leaf(entries) => assert!(entries.len() <= LEAF_MAX),
            Node::Inner(child) => {
                assert!(child.children.len() <= FAN_OUT);
                check_inner(child);
            }
        }
    }
    for pair in inner.children.windows(2) {
        assert!(compare_entries(last(&pair[0].node), &pair[1].low).is_lt());
        assert!(compare_entries(&pair[1].low, first(&pair[1].node)).is_le());
    }
}

fn first(node: &Node) -> &Entry {
    match node {
        Node::Leaf(entries) => &entries[0],
        Node::Inner(inner) => first(&inner.children[0].node),
    }
}

fn last(node: &Node) -> &Entry {
    match node {
        Node::Leaf(entries) => &entries[entries.len() - 1],
        Node::Inner(inner) => last(&inner.children[inner.children.len() - 1].node),
    }
}

#[test]
fn structure_holds_at_every_size_on_the_way_up_and_down() {
    let mut tree = RankTree::new();
    for number in 0..5_000 {
        assert!(tree.insert(0.0, member(number * 7_919 % 5_000)));
        if number % 61 == 0 {
            check_structure(&tree);
        }
    }
    assert_eq!(tree.root.as_ref().map(Node::height), Some(2));
    for number in 0..5_000 {
        assert!(tree.remove(0.0, &member(number * 3_571 % 5_000)));
        if number % 61 == 0 {
            check_structure(&tree);
        }
    }
    assert!(tree.root.is_none());
}

#[test]
fn removing_a_range_leaves_a_sound_tree_wherever_it_lies() {
    let tree = filled(4_999);
    check_structure(&tree);
    let all: Vec<Entry> = tree.iter().map(|(score, member)| (score, member.clone())).collect();
    for start in (0..5_100).step_by(241) {
        for len in [0, 1, 31, 64, 500, 2_100, 4_990, 6_000] {
            let mut tree = tree.clone();
            let removed = tree.remove_range(start..start + len);
            check_structure(&tree);
            let range = start.min(all.len())..(start + len).min(all.len());
            assert_eq!(removed, all[range.clone()]);
            let rest = tree.iter().map(|(score, member)| (score, member.clone()));
            assert!(rest.eq(all[..range.start].iter().chain(&all[range.end..]).cloned()));
        }
    }
}

#[test]
fn a_tree_worn_down_by_ranges_stays_sound() {
    let mut tree = filled(20_011);
    let mut rng = fastrand::Rng::with_seed(5);
    while !tree.is_empty() {
        let start = rng.usize(..tree.len());
        let len = tree.len();
        let removed = tree.remove_range(start..start + 40).len();
        assert_eq!(removed, (len - start).min(40));
        assert_eq!(tree.len(), len - removed);
        check_structure(&tree);
    }
}

#[test]
fn a_small_root_gives_memory_back() {
    let mut tree = filled(60);
    for number in 2..60 {
        assert!(tree.remove((number / 10) as f64, &member(number)));
    }
    let Some(Node::Leaf(entries)) = &tree.root else { unreachable!("two entries fit a leaf") };
    assert!(entries.capacity() <= 8);
}

#[test]
fn negative_zero_is_zero() {
    let mut tree = RankTree::new();
    assert!(tree.insert(-0.0, member(1)));
    assert!(!tree.insert(0.0, member(1)));
    assert!(tree.insert(0.0, member(0)));
    assert_eq!(tree.rank(0.0, &member(1)), Some(1));
    assert!(tree.remove(0.0, &member(1)));
    assert_eq!(tree.len(), 1);
}
