//! Sorted sets: members with scores, in the order of the scores.

mod codec;

use std::ops::Range;
use std::slice;

use super::{Contents, canonical_item, conversions};
use crate::collections::rank_tree::{self, RankTree};
use crate::collections::scan_map::ScanMap;
use crate::{Effect, Open, Str, cost};

/// With more members, a sorted set is indexed.
const PACKED_MEMBERS_MAX: usize = 128;

/// With a longer member, a sorted set is indexed.
const PACKED_MEMBER_BYTES_MAX: usize = 64;

/// Members, each with a score that is a number, in ascending order of score and, among equal scores, of the member's
/// bytes. -0 and 0 are equal scores. Ranks count from 0 in this order.
#[derive(Clone, Debug, Default)]
pub struct SortedSet {
    form: Form,
    /// The length of all members together.
    member_bytes: usize,
}

#[derive(Clone, Debug)]
enum Form {
    /// In order; searched one by one for a member. It never comes back once the set is indexed.
    Packed(Vec<(Str, f64)>),
    /// By member and by rank. Long members share their bytes.
    Indexed { scores: ScanMap<f64>, order: RankTree },
}

impl Default for Form {
    fn default() -> Self {
        Self::Packed(Vec::new())
    }
}

impl SortedSet {
    /// Of these members and scores; of a member that comes twice, the last score counts. `seed` is that of the keyspace.
    pub fn from_pairs(pairs: impl IntoIterator<Item = (Str, f64)>, seed: u64) -> Self {
        let mut set = Self::default();
        for (member, score) in pairs {
            let old = set.score(&member);
            set.place(member, old, score, seed);
        }
        set
    }

    /// How many members.
    pub fn len(&self) -> usize {
        match &self.form {
            Form::Packed(entries) => entries.len(),
            Form::Indexed { scores, .. } => scores.len(),
        }
    }

    /// Whether there are no members.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A member's score.
    pub fn score(&self, member: &[u8]) -> Option<f64> {
        match &self.form {
            Form::Packed(entries) => packed_rank(entries, member).map(|rank| entries[rank].1),
            Form::Indexed { scores, .. } => scores.get(member).copied(),
        }
    }

    /// A member's rank. O(log n).
    pub fn rank(&self, member: &[u8]) -> Option<usize> {
        match &self.form {
            Form::Packed(entries) => packed_rank(entries, member),
            Form::Indexed { scores, order } => order.rank(*scores.get(member)?, member),
        }
    }

    /// The member at a rank, and its score. O(log n).
    pub fn at(&self, rank: usize) -> Option<(&Str, f64)> {
        match &self.form {
            Form::Packed(entries) => entries.get(rank).map(|(member, score)| (member, *score)),
            Form::Indexed { order, .. } => order.get(rank).map(|(score, member)| (member, score)),
        }
    }

    /// Members with scores at these ranks, cut off at the length, from either end. O(log n) and then O(1) each.
    pub fn range(&self, ranks: Range<usize>) -> Iter<'_> {
        Iter(match &self.form {
            Form::Packed(entries) => {
                let end = ranks.end.min(entries.len());
                IterForm::Packed(entries[ranks.start.min(end)..end].iter())
            }
            Form::Indexed { order, .. } => IterForm::Indexed(order.range(ranks)),
        })
    }

    /// All members with scores, in order, from either end.
    pub fn iter(&self) -> Iter<'_> {
        self.range(0..self.len())
    }

    /// The first rank at which `before` is false, the length if there is none. `before` has to be true up to some point
    /// of the order and false from there on; if it is not, the result is some rank up to the length. O(log n).
    pub fn partition_point(&self, mut before: impl FnMut(&Str, f64) -> bool) -> usize {
        match &self.form {
            Form::Packed(entries) => entries.partition_point(|(member, score)| before(member, *score)),
            Form::Indexed { order, .. } => order.partition_point(|score, member| before(member, score)),
        }
    }

    /// Visits at least `count` members from `cursor` on and returns the next cursor: 0 after the last. A packed set is
    /// visited as a whole, as Redis does it.
    pub fn scan(&self, cursor: u64, count: usize, visit: &mut dyn FnMut(&Str, f64)) -> u64 {
        match &self.form {
            Form::Packed(entries) => {
                entries.iter().for_each(|(member, score)| visit(member, *score));
                0
            }
            Form::Indexed { scores, .. } => {
                scores.scan(cursor, count, &mut |member, score| visit(member, *score))
            }
        }
    }

    /// OBJECT ENCODING's word.
    pub fn encoding(&self) -> &'static str {
        match self.form {
            Form::Packed(_) => "listpack",
            Form::Indexed { .. } => "skiplist",
        }
    }
}

/// A change inside a sorted set.
#[derive(Clone, Debug)]
pub enum SortedSetEffect {
    /// A member has this score, whether or not it was there before.
    Put {
        /// The member.
        member: Str,
        /// Its score.
        score: f64,
    },
    /// A member is gone.
    Remove(Str),
    /// The members at these ranks are gone.
    RemoveRanks(Range<usize>),
}

impl Open<'_, SortedSet> {
    /// Gives a member a score, which must not be NaN. Returns the one it had; if that is equal, nothing changes, so that
    /// a -0 stays a -0.
    pub fn put(&mut self, member: &[u8], score: f64) -> Option<f64> {
        let old = self.score(member);
        if old != Some(score) {
            let member = Str::from(member);
            self.note(
                |_| SortedSetEffect::Put { member: member.clone(), score },
                |_| {
                    let member = member.clone();
                    vec![match old {
                        Some(score) => SortedSetEffect::Put { member, score },
                        None => SortedSetEffect::Remove(member),
                    }]
                },
            );
            let seed = self.seed();
            self.value_mut().place(member, old, score, seed);
        }
        old
    }

    /// Removes a member. Returns the score that it had.
    pub fn remove(&mut self, member: &[u8]) -> Option<f64> {
        let score = self.score(member)?;
        self.note(
            |_| SortedSetEffect::Remove(member.into()),
            |_| vec![SortedSetEffect::Put { member: member.into(), score }],
        );
        self.value_mut().take(member, score);
        Some(score)
    }

    /// Removes the members at these ranks, cut off at the length, and returns them in order. O(log n) and then O(1) each.
    pub fn remove_ranks(&mut self, ranks: Range<usize>) -> Vec<(Str, f64)> {
        let end = ranks.end.min(self.len());
        let ranks = ranks.start.min(end)..end;
        if ranks.is_empty() {
            return Vec::new();
        }
        self.note(
            |_| SortedSetEffect::RemoveRanks(ranks.clone()),
            |set| {
                let removed = set.range(ranks.clone());
                removed
                    .map(|(member, score)| SortedSetEffect::Put { member: member.clone(), score })
                    .collect()
            },
        );
        self.value_mut().take_ranks(ranks)
    }

    /// Does what an effect says.
    pub(crate) fn apply(&mut self, effect: SortedSetEffect) {
        match effect {
            SortedSetEffect::Put { member, score } => drop(self.put(&member, score)),
            SortedSetEffect::Remove(member) => drop(self.remove(&member)),
            SortedSetEffect::RemoveRanks(ranks) => drop(self.remove_ranks(ranks)),
        }
    }
}

impl Contents for SortedSet {
    type Effect = SortedSetEffect;

    fn effect(key: Str, effect: SortedSetEffect) -> Effect {
        Effect::SortedSet { key, effect }
    }

    fn bytes(&self) -> u64 {
        self.member_bytes as u64 + self.len() as u64 * cost::SORTED_SET_MEMBER
    }

    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn elements(&self) -> usize {
        match &self.form {
            Form::Packed(_) => 0,
            Form::Indexed { scores, .. } => scores.len(),
        }
    }

    fn canonical(&self, out: &mut Vec<u8>) {
        for (member, score) in self.iter() {
            canonical_item(out, member);
            out.extend(score.to_be_bytes());
        }
    }

    conversions!(SortedSet, boxed);
}

/// The iterator of [`SortedSet::range`] and [`SortedSet::iter`].
#[derive(Clone)]
pub struct Iter<'a>(IterForm<'a>);

#[derive(Clone)]
enum IterForm<'a> {
    Packed(slice::Iter<'a, (Str, f64)>),
    Indexed(rank_tree::Pairs<'a>),
}

impl<'a> Iterator for Iter<'a> {
    type Item = (&'a Str, f64);

    fn next(&mut self) -> Option<Self::Item> {
        match &mut self.0 {
            IterForm::Packed(entries) => entries.next().map(|(member, score)| (member, *score)),
            IterForm::Indexed(pairs) => pairs.next().map(|(score, member)| (member, score)),
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        match &self.0 {
            IterForm::Packed(entries) => entries.size_hint(),
            IterForm::Indexed(pairs) => pairs.size_hint(),
        }
    }
}

impl DoubleEndedIterator for Iter<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        match &mut self.0 {
            IterForm::Packed(entries) => entries.next_back().map(|(member, score)| (member, *score)),
            IterForm::Indexed(pairs) => pairs.next_back().map(|(score, member)| (member, score)),
        }
    }
}

impl ExactSizeIterator for Iter<'_> {}

impl SortedSet {
    /// Gives a member a score. `old` is the one it has.
    fn place(&mut self, member: Str, old: Option<f64>, score: f64, seed: u64) {
        debug_assert!(!score.is_nan(), "NaN has no place in the order");
        if let Some(old) = old {
            return self.move_to(&member, old, score);
        }
        let fits = self.len() < PACKED_MEMBERS_MAX && member.len() <= PACKED_MEMBER_BYTES_MAX;
        if !fits {
            self.index(seed);
        }
        self.member_bytes += member.len();
        match &mut self.form {
            Form::Packed(entries) => packed_insert(entries, member, score),
            Form::Indexed { scores, order } => {
                order.insert(score, member.clone());
                scores.insert_unique(member, score);
            }
        }
    }

    /// Moves a member from one score to another.
    fn move_to(&mut self, member: &[u8], old: f64, score: f64) {
        match &mut self.form {
            Form::Packed(entries) => {
                if let Some(rank) = packed_rank(entries, member) {
                    let (member, _) = entries.remove(rank);
                    packed_insert(entries, member, score);
                }
            }
            Form::Indexed { scores, order } => {
                // The stored key, which shares its bytes with the tree.
                let stored = scores.get_key_value(member).map(|(stored, _)| stored.clone());
                if let (Some(stored), Some(slot)) = (stored, scores.get_mut(member)) {
                    *slot = score;
                    order.remove(old, member);
                    order.insert(score, stored);
                }
            }
        }
    }

    /// Takes out a member that has this score.
    fn take(&mut self, member: &[u8], score: f64) {
        self.member_bytes -= member.len();
        match &mut self.form {
            Form::Packed(entries) => {
                if let Some(rank) = packed_rank(entries, member) {
                    entries.remove(rank);
                }
            }
            Form::Indexed { scores, order } => {
                scores.remove(member);
                order.remove(score, member);
            }
        }
    }

    /// Takes out the members at these ranks, which exist.
    fn take_ranks(&mut self, ranks: Range<usize>) -> Vec<(Str, f64)> {
        let taken: Vec<(Str, f64)> = match &mut self.form {
            Form::Packed(entries) => entries.drain(ranks).collect(),
            Form::Indexed { scores, order } => {
                let removed = order.remove_range(ranks);
                removed.iter().for_each(|(_, member)| drop(scores.remove(member)));
                removed.into_iter().map(|(score, member)| (member, score)).collect()
            }
        };
        self.member_bytes -= taken.iter().map(|(member, _)| member.len()).sum::<usize>();
        taken
    }

    /// Makes the set indexed, if it is not yet.
    fn index(&mut self, seed: u64) {
        let Form::Packed(entries) = &mut self.form else { return };
        let (mut scores, mut order) = (ScanMap::new(seed), RankTree::new());
        for (member, score) in entries.drain(..) {
            order.insert(score, member.clone());
            scores.insert_unique(member, score);
        }
        self.form = Form::Indexed { scores, order };
    }
}

fn packed_rank(entries: &[(Str, f64)], member: &[u8]) -> Option<usize> {
    entries.iter().position(|(stored, _)| stored.as_slice() == member)
}

fn packed_insert(entries: &mut Vec<(Str, f64)>, member: Str, score: f64) {
    let rank = entries.partition_point(|(other, other_score)| {
        rank_tree::compare((*other_score, other), (score, &member)).is_lt()
    });
    entries.insert(rank, (member, score));
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Members `0`, `1`, … with descending scores.
    fn of_len(len: usize) -> SortedSet {
        SortedSet::from_pairs((0..len).map(|i| (Str::from(i.to_string().as_str()), -(i as f64))), 7)
    }

    #[test]
    fn is_indexed_beyond_128_members_or_64_bytes() {
        let of_member = |bytes: usize| SortedSet::from_pairs([(Str::new(&vec![b'm'; bytes]), 1.0)], 7);
        assert_eq!(of_len(128).encoding(), "listpack");
        assert_eq!(of_len(129).encoding(), "skiplist");
        assert_eq!(of_member(64).encoding(), "listpack");
        assert_eq!(of_member(65).encoding(), "skiplist");
    }

    #[test]
    fn looks_the_same_in_both_forms() {
        let mut indexed = of_len(100);
        let packed = indexed.clone();
        indexed.index(7);
        assert_eq!(indexed.encoding(), "skiplist");
        let canonical = |set: &SortedSet| {
            let mut out = Vec::new();
            set.canonical(&mut out);
            out
        };
        assert_eq!(canonical(&packed), canonical(&indexed));
        for (rank, (member, score)) in packed.iter().enumerate() {
            assert_eq!(indexed.at(rank), Some((member, score)));
            assert_eq!(indexed.rank(member), Some(rank));
            assert_eq!(indexed.score(member), Some(score));
        }
        let ends = [0..0, 3..7, 90..200, 200..300, 99..100];
        for ranks in ends {
            assert!(packed.range(ranks.clone()).eq(indexed.range(ranks.clone())));
            assert!(packed.range(ranks.clone()).rev().eq(indexed.range(ranks).rev()));
        }
        let before = |_: &Str, score: f64| score < -40.5;
        assert_eq!(packed.partition_point(before), 59);
        assert_eq!(indexed.partition_point(before), 59);
    }

    #[test]
    fn a_member_that_comes_twice_has_its_last_score() {
        let pairs = [(Str::from("a"), 1.0), (Str::from("b"), 2.0), (Str::from("a"), 3.0)];
        let set = SortedSet::from_pairs(pairs, 7);
        let members: Vec<_> = set.iter().map(|(member, score)| (member.to_vec(), score)).collect();
        assert_eq!(members, [(b"b".to_vec(), 2.0), (b"a".to_vec(), 3.0)]);
        assert_eq!(Contents::bytes(&set), 82);
    }
}
