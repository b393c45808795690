//! [`RankTree`]: the order of a sorted set, where finding a rank costs as little as finding a member.
//!
//! A B+tree whose inner nodes count the entries below them. Everything but the plain insert and remove is built
//! from three moves: cut a tree in two at a rank, join two trees, level two siblings.

use std::cmp::Ordering;
use std::fmt;
use std::mem;
use std::ops::Range;

use super::str::Str;

/// Entries in a leaf; at least half as many, except in a root.
const LEAF_MAX: usize = 64;

/// Children of an inner node; at least half as many, except in a root, which has at least two.
const FAN_OUT: usize = 32;

type Entry = (f64, Str);

/// A set of `(score, member)` pairs in ascending order of score, then of the member's bytes.
///
/// -0.0 and 0.0 are the same score. NaN must not enter. Ranks count from 0. The same member may be present
/// under several scores: who wants it unique keeps a map beside the tree. An empty tree owns no memory.
#[derive(Clone, Default)]
pub struct RankTree {
    root: Option<Node>,
}

impl RankTree {
    /// An empty tree.
    pub const fn new() -> RankTree {
        RankTree { root: None }
    }

    /// The number of pairs.
    pub fn len(&self) -> usize {
        self.root.as_ref().map_or(0, Node::len)
    }

    /// Whether there are no pairs.
    pub fn is_empty(&self) -> bool {
        self.root.is_none()
    }

    /// Adds a pair and returns whether it was absent. O(log n).
    pub fn insert(&mut self, score: f64, member: Str) -> bool {
        debug_assert!(!score.is_nan(), "NaN has no place in the order");
        let root = self.root.get_or_insert_with(|| Node::Leaf(Vec::new()));
        let (added, split) = root.insert((score, member));
        if let Some(right) = split {
            let left = Child::leftmost(mem::take(root));
            *root = Inner::new(vec![left, right]).into();
        }
        added
    }

    /// Removes a pair and returns whether it was present. O(log n).
    pub fn remove(&mut self, score: f64, member: &[u8]) -> bool {
        let Some(root) = &mut self.root else { return false };
        let removed = root.remove((score, member));
        if root.len() == 0 {
            self.root = None;
        } else if let Node::Inner(inner) = root
            && inner.children.len() == 1
        {
            self.root = inner.children.pop().map(|only| only.node);
        }
        removed
    }

    /// The rank of a pair. O(log n).
    pub fn rank(&self, score: f64, member: &[u8]) -> Option<usize> {
        let sought = (score, member);
        let rank = self.partition_point(|score, member| compare((score, member), sought).is_lt());
        let (score, member) = self.get(rank)?;
        compare((score, member), sought).is_eq().then_some(rank)
    }

    /// The pair at a rank. O(log n).
    pub fn get(&self, rank: usize) -> Option<(f64, &Str)> {
        let (leaf, offset) = self.leaf_at(rank)?;
        let (score, member) = &leaf[offset];
        Some((*score, member))
    }

    /// The first rank at which `before` is false, the length if there is none. O(log n).
    ///
    /// `before` must be true for all pairs up to some point of the order and false from there on, for pairs that
    /// have been removed as well. Should it not be so, the result is some rank up to the length.
    pub fn partition_point(&self, mut before: impl FnMut(f64, &Str) -> bool) -> usize {
        let mut rank = 0;
        let Some(mut node) = self.root.as_ref() else { return 0 };
        loop {
            match node {
                Node::Leaf(entries) => {
                    return rank + entries.partition_point(|(score, member)| before(*score, member));
                }
                Node::Inner(inner) => {
                    let index = inner.child_by(|(score, member)| before(*score, member));
                    rank += inner.children[..index].iter().map(|child| child.node.len()).sum::<usize>();
                    node = &inner.children[index].node;
                }
            }
        }
    }

    /// The pairs at `ranks`, cut off at the length, from either end. O(log n) and then O(1) each.
    pub fn range(&self, ranks: Range<usize>) -> Pairs<'_> {
        let end = ranks.end.min(self.len());
        Pairs { tree: self, ranks: ranks.start.min(end)..end, front: &[], back: &[] }
    }

    /// All pairs in order.
    pub fn iter(&self) -> Pairs<'_> {
        self.range(0..self.len())
    }

    /// Removes the pairs at `ranks`, cut off at the length, and returns them in order. O(log n + removed).
    pub fn remove_range(&mut self, ranks: Range<usize>) -> Vec<(f64, Str)> {
        let ranks = self.range(ranks).ranks;
        let Some(root) = self.root.take_if(|_| !ranks.is_empty()) else { return Vec::new() };
        let (rest, right) = cut(Child::leftmost(root), ranks.end);
        let (left, removed) = rest.map_or((None, None), |rest| cut(rest, ranks.start));
        self.root = join_some(left, right).map(|tree| tree.node);
        let mut entries = Vec::with_capacity(ranks.len());
        if let Some(removed) = removed {
            removed.node.move_entries_to(&mut entries);
        }
        entries
    }

    /// Removes all pairs and frees their memory.
    pub fn clear(&mut self) {
        self.root = None;
    }

    /// The leaf that holds a rank, and the rank's place in it.
    fn leaf_at(&self, rank: usize) -> Option<(&[Entry], usize)> {
        let mut node = self.root.as_ref().filter(|root| rank < root.len())?;
        let mut offset = rank;
        loop {
            match node {
                Node::Leaf(entries) => return Some((entries, offset)),
                Node::Inner(inner) => {
                    let (index, rest) = inner.child_at(offset);
                    node = &inner.children[index].node;
                    offset = rest;
                }
            }
        }
    }
}

impl fmt::Debug for RankTree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self).finish()
    }
}

impl<'a> IntoIterator for &'a RankTree {
    type Item = (f64, &'a Str);
    type IntoIter = Pairs<'a>;

    fn into_iter(self) -> Pairs<'a> {
        self.iter()
    }
}

/// The iterator of [`RankTree::range`]. Each end walks through its leaf and finds the next one by rank.
#[derive(Clone)]
pub struct Pairs<'a> {
    tree: &'a RankTree,
    /// What is still to come. The leaves' rests below may reach beyond it.
    ranks: Range<usize>,
    front: &'a [Entry],
    back: &'a [Entry],
}

impl<'a> Iterator for Pairs<'a> {
    type Item = (f64, &'a Str);

    fn next(&mut self) -> Option<Self::Item> {
        let rank = self.ranks.next()?;
        if self.front.is_empty() {
            let (leaf, offset) = self.tree.leaf_at(rank)?;
            self.front = &leaf[offset..];
        }
        let ((score, member), rest) = self.front.split_first()?;
        self.front = rest;
        Some((*score, member))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.ranks.size_hint()
    }
}

impl DoubleEndedIterator for Pairs<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        let rank = self.ranks.next_back()?;
        if self.back.is_empty() {
            let (leaf, offset) = self.tree.leaf_at(rank)?;
            self.back = &leaf[..=offset];
        }
        let ((score, member), rest) = self.back.split_last()?;
        self.back = rest;
        Some((*score, member))
    }
}

impl ExactSizeIterator for Pairs<'_> {}

/// A subtree. All its leaves lie equally deep.
#[derive(Clone)]
enum Node {
    Leaf(Vec<Entry>),
    Inner(Inner),
}

#[derive(Clone)]
struct Inner {
    children: Vec<Child>,
    /// Entries below.
    len: usize,
    /// Levels below; a leaf has none.
    height: usize,
}

/// A subtree with a bound: entries left of it are less than `low`, its own are not. The bound of a node's first
/// child is the parent's business and may be out of date.
#[derive(Clone)]
struct Child {
    low: Entry,
    node: Node,
}

impl Node {
    fn len(&self) -> usize {
        match self {
            Node::Leaf(entries) => entries.len(),
            Node::Inner(inner) => inner.len,
        }
    }

    fn height(&self) -> usize {
        match self {
            Node::Leaf(_) => 0,
            Node::Inner(inner) => inner.height,
        }
    }

    fn is_underfull(&self) -> bool {
        match self {
            Node::Leaf(entries) => entries.len() < LEAF_MAX / 2,
            Node::Inner(inner) => inner.children.len() < FAN_OUT / 2,
        }
    }

    /// Returns whether the entry was absent, and the right half if the node had to split.
    fn insert(&mut self, entry: Entry) -> (bool, Option<Child>) {
        match self {
            Node::Leaf(entries) => match entries.binary_search_by(|other| compare_entries(other, &entry)) {
                Ok(_) => (false, None),
                Err(index) => (true, insert_splitting(entries, index, entry, LEAF_MAX).map(Child::leaf)),
            },
            Node::Inner(inner) => inner.insert(entry),
        }
    }

    fn remove(&mut self, sought: (f64, &[u8])) -> bool {
        let entries = match self {
            Node::Inner(inner) => return inner.remove(sought),
            Node::Leaf(entries) => entries,
        };
        let found = entries.binary_search_by(|(score, member)| compare((*score, member), sought));
        let Ok(index) = found else { return false };
        entries.remove(index);
        if entries.len() < entries.capacity() / 4 {
            entries.shrink_to(entries.len() * 2); // only a root gets here
        }
        true
    }

    /// Takes in the sibling to the right, which has the same height. Returns it if two nodes are needed, now
    /// both at least half full.
    fn level_with(&mut self, right: Child) -> Option<Child> {
        match (self, right.node) {
            (Node::Leaf(entries), Node::Leaf(more)) => level(entries, more, LEAF_MAX).map(Child::leaf),
            (Node::Inner(inner), Node::Inner(mut more)) => {
                if let Some(first) = more.children.first_mut() {
                    first.low = right.low;
                }
                let rest = level(&mut inner.children, more.children, FAN_OUT);
                inner.recount();
                rest.map(Child::inner)
            }
            _ => unreachable!("siblings have one height"),
        }
    }

    /// Appends a lower tree, all of whose entries are greater. Returns the right half if the node had to split.
    fn append(&mut self, right: Child) -> Option<Child> {
        if self.height() == right.node.height() {
            return self.level_with(right);
        }
        let Node::Inner(inner) = self else { unreachable!("a leaf is not higher than any tree") };
        let last = inner.children.len() - 1;
        let split = inner.children[last].node.append(right);
        inner.take_split(last, split)
    }

    /// Puts a lower tree in front, all of whose entries are less than `low` and so than this node's. Returns the
    /// right half if the node had to split.
    fn prepend(&mut self, left: Node, low: Entry) -> Option<Child> {
        if self.height() == left.height() {
            let node = mem::replace(self, left);
            return self.level_with(Child { low, node });
        }
        let Node::Inner(inner) = self else { unreachable!("a leaf is not higher than any tree") };
        let split = inner.children[0].node.prepend(left, low);
        inner.take_split(0, split)
    }

    fn move_entries_to(self, target: &mut Vec<Entry>) {
        match self {
            Node::Leaf(mut entries) => target.append(&mut entries),
            Node::Inner(inner) => {
                inner.children.into_iter().for_each(|child| child.node.move_entries_to(target))
            }
        }
    }
}

impl Default for Node {
    fn default() -> Node {
        Node::Leaf(Vec::new())
    }
}

impl From<Inner> for Node {
    fn from(inner: Inner) -> Node {
        Node::Inner(inner)
    }
}

impl Inner {
    /// A node above at least one child; all children have the same height.
    fn new(children: Vec<Child>) -> Inner {
        let height = children[0].node.height() + 1;
        let mut inner = Inner { children, len: 0, height };
        inner.recount();
        inner
    }

    fn recount(&mut self) {
        self.len = self.children.iter().map(|child| child.node.len()).sum();
    }

    /// The child where `before`, true of all bounds up to some child and false of those beyond, turns false.
    fn child_by(&self, mut before: impl FnMut(&Entry) -> bool) -> usize {
        self.children[1..].partition_point(|child| before(&child.low))
    }

    /// The child that holds a rank, and the rank in it.
    fn child_at(&self, rank: usize) -> (usize, usize) {
        let mut rest = rank;
        for (index, child) in self.children.iter().enumerate() {
            match rest.checked_sub(child.node.len()) {
                Some(beyond) => rest = beyond,
                None => return (index, rest),
            }
        }
        unreachable!("ranks are checked against the tree's length")
    }

    fn insert(&mut self, entry: Entry) -> (bool, Option<Child>) {
        let index = self.child_by(|low| compare_entries(low, &entry).is_le());
        let (added, split) = self.children[index].node.insert(entry);
        self.len += usize::from(added);
        let split = split.and_then(|right| self.take_split(index, Some(right)));
        (added, split)
    }

    fn remove(&mut self, sought: (f64, &[u8])) -> bool {
        let index = self.child_by(|(score, member)| compare((*score, member), sought).is_le());
        let removed = self.children[index].node.remove(sought);
        self.len -= usize::from(removed);
        if self.children[index].node.is_underfull() && self.children.len() > 1 {
            self.level_child(index);
        }
        removed
    }

    /// Merges an underfull child with a sibling, or shares the sibling's entries out.
    fn level_child(&mut self, index: usize) {
        let left = index.saturating_sub(1);
        let right = self.children.remove(left + 1);
        if let Some(right) = self.children[left].node.level_with(right) {
            self.children.insert(left + 1, right);
        }
    }

    /// Takes in the right half that the child at `index` has split off, if any, and counts anew. Returns its own
    /// right half if it had to split.
    fn take_split(&mut self, index: usize, split: Option<Child>) -> Option<Child> {
        let right = split.and_then(|child| insert_splitting(&mut self.children, index + 1, child, FAN_OUT));
        self.recount();
        right.map(Child::inner)
    }
}

impl Child {
    /// A tree with nothing to its left, which needs no bound.
    fn leftmost(node: Node) -> Child {
        Child { low: (f64::NEG_INFINITY, Str::default()), node }
    }

    /// A leaf of at least one entry.
    fn leaf(entries: Vec<Entry>) -> Child {
        Child { low: entries[0].clone(), node: Node::Leaf(entries) }
    }

    /// A node above at least one child, the first of which has a true bound.
    fn inner(children: Vec<Child>) -> Child {
        Child { low: children[0].low.clone(), node: Inner::new(children).into() }
    }

    /// The tree of some siblings, the first of which has a true bound.
    fn group(mut children: Vec<Child>) -> Option<Child> {
        if children.len() > 1 { Some(Child::inner(children)) } else { children.pop() }
    }
}

/// Cuts a tree in two, the left with the first `rank` entries. O(log n): it cuts one node on each level and joins
/// the pieces, lowest first.
fn cut(tree: Child, rank: usize) -> (Option<Child>, Option<Child>) {
    if rank == 0 {
        return (None, Some(tree));
    }
    if rank >= tree.node.len() {
        return (Some(tree), None);
    }
    match tree.node {
        Node::Leaf(mut entries) => {
            let right = entries.split_off(rank);
            (Some(Child { low: tree.low, node: Node::Leaf(entries) }), Some(Child::leaf(right)))
        }
        Node::Inner(mut inner) => {
            let (index, rest) = inner.child_at(rank);
            inner.children[0].low = tree.low;
            let right = inner.children.split_off(index + 1);
            let (middle_left, middle_right) =
                inner.children.pop().map_or((None, None), |child| cut(child, rest));
            let left = join_some(Child::group(inner.children), middle_left);
            (left, join_some(middle_right, Child::group(right)))
        }
    }
}

/// Joins two trees, all entries of the left being less than the right's bound. O(difference of their heights).
fn join(left: Child, right: Child) -> Child {
    let low = left.low;
    let (mut root, split) = if left.node.height() >= right.node.height() {
        let mut root = left.node;
        let split = root.append(right);
        (root, split)
    } else {
        let mut root = right.node;
        let split = root.prepend(left.node, right.low);
        (root, split)
    };
    if let Some(split) = split {
        root = Inner::new(vec![Child { low: low.clone(), node: root }, split]).into();
    }
    Child { low, node: root }
}

fn join_some(left: Option<Child>, right: Option<Child>) -> Option<Child> {
    match (left, right) {
        (Some(left), Some(right)) => Some(join(left, right)),
        (left, right) => left.or(right),
    }
}

/// Inserts into a list of at most `max` items. Returns its right half if it was full.
fn insert_splitting<T>(items: &mut Vec<T>, index: usize, item: T, max: usize) -> Option<Vec<T>> {
    if items.len() < max {
        items.insert(index, item);
        return None;
    }
    let half = items.len() / 2;
    let mut right = items.split_off(half);
    match index.checked_sub(half + 1) {
        // Never at the front of the right half, whose first item is its bound.
        Some(beyond) => right.insert(beyond + 1, item),
        None => items.insert(index, item),
    }
    Some(right)
}

/// Moves `right` to the end of `left` if all fits into `max`; otherwise returns it, after moving items across so
/// that both hold at least half of `max`.
fn level<T>(left: &mut Vec<T>, mut right: Vec<T>, max: usize) -> Option<Vec<T>> {
    let len = left.len() + right.len();
    if len <= max {
        left.append(&mut right);
        return None;
    }
    let half = len / 2;
    if left.len() < max / 2 {
        left.extend(right.drain(..half - left.len()));
    } else if right.len() < max / 2 {
        let mut moved = left.split_off(half);
        moved.append(&mut right);
        right = moved;
    }
    Some(right)
}

fn compare_entries(a: &Entry, b: &Entry) -> Ordering {
    compare((a.0, &a.1), (b.0, &b.1))
}

/// The order of pairs. Scores are never NaN, and `total_cmp` would part -0.0 from 0.0.
pub(crate) fn compare(a: (f64, &[u8]), b: (f64, &[u8])) -> Ordering {
    a.0.partial_cmp(&b.0).unwrap_or(Ordering::Equal).then_with(|| a.1.cmp(b.1))
}

#[cfg(test)]
mod tests;
