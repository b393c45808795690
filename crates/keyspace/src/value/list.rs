//! List values.

mod codec;

use std::collections::VecDeque;
use std::ops::Range;

use super::{Contents, canonical_item, conversions};
use crate::cost::LIST_ELEMENT;
use crate::{Effect, Open, Str};

/// The most bytes of a list that Redis keeps in one listpack.
const PACKED_BYTES_MAX: u64 = 8 * 1024;

/// What an element takes in a listpack besides its bytes, near enough: integers take less, long strings more.
const PACKED_ELEMENT_BYTES: u64 = 2;

/// Buffers for this many elements or fewer are not worth shrinking.
const SHRINK_CAPACITY_MIN: usize = 32;

/// A sequence of strings that grows and shrinks at both ends in constant time.
#[derive(Clone, Debug, Default)]
pub struct List {
    items: VecDeque<Str>,
    bytes: u64,
    /// It outgrew a listpack, and has not shrunk to half of one since. Only [`encoding`](Self::encoding) tells.
    is_chained: bool,
}

/// One end of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Where the first element is: `LEFT`.
    Front,
    /// Where the last element is: `RIGHT`.
    Back,
}

/// A change inside a list.
#[derive(Clone, Debug)]
pub enum ListEffect {
    /// Adds elements at an end one after the other, so that the last of them is outermost.
    Push {
        /// Where.
        end: End,
        /// What.
        items: Vec<Str>,
    },
    /// Takes the outermost elements away.
    Pop {
        /// Where.
        end: End,
        /// How many.
        count: usize,
    },
    /// Replaces an element.
    Set {
        /// Which, counted from the front.
        index: usize,
        /// By what.
        item: Str,
    },
    /// Puts elements in between. Indexes ascend, and are those that the elements have afterwards.
    Insert(Vec<(usize, Str)>),
    /// Takes the elements at these indexes out. Indexes ascend, and are those that the elements have before.
    Remove(Vec<usize>),
}

impl List {
    /// The number of elements.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether there are no elements.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// The element at `index`, counted from the front. Constant time.
    pub fn get(&self, index: usize) -> Option<&Str> {
        self.items.get(index)
    }

    /// The element at an end.
    pub fn outermost(&self, end: End) -> Option<&Str> {
        match end {
            End::Front => self.items.front(),
            End::Back => self.items.back(),
        }
    }

    /// The elements from the front to the back.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Str> + ExactSizeIterator {
        self.items.iter()
    }

    /// The elements at these indexes, which must lie within the list.
    pub fn range(&self, range: Range<usize>) -> impl Iterator<Item = &Str> {
        self.items.range(range)
    }

    /// OBJECT ENCODING's word.
    pub fn encoding(&self) -> &'static str {
        if self.is_chained { "quicklist" } else { "listpack" }
    }

    /// The outermost `count` elements, from the outside in.
    fn outer(&self, end: End, count: usize) -> Vec<Str> {
        match end {
            End::Front => self.items.iter().take(count).cloned().collect(),
            End::Back => self.items.iter().rev().take(count).cloned().collect(),
        }
    }

    fn push(&mut self, end: End, item: Str) {
        self.bytes += cost_of(&item);
        match end {
            End::Front => self.items.push_front(item),
            End::Back => self.items.push_back(item),
        }
    }

    /// Puts elements in between, in one pass.
    fn insert(&mut self, added: Vec<(usize, Str)>) {
        self.bytes += added.iter().map(|(_, item)| cost_of(item)).sum::<u64>();
        if let [(index, item)] = &added[..] {
            return self.items.insert((*index).min(self.len()), item.clone());
        }
        let mut merged = VecDeque::with_capacity(self.len() + added.len());
        let mut old = std::mem::take(&mut self.items).into_iter();
        for (index, item) in added {
            let between = index.saturating_sub(merged.len());
            merged.extend(old.by_ref().take(between));
            merged.push_back(item);
        }
        merged.extend(old);
        self.items = merged;
    }

    /// Takes the elements at these indexes out, in one pass.
    fn remove(&mut self, indexes: &[usize]) {
        self.bytes -= indexes.iter().filter_map(|&index| self.get(index)).map(cost_of).sum::<u64>();
        if let [index] = *indexes {
            self.items.remove(index);
            return;
        }
        let mut removed = indexes.iter().peekable();
        let mut index = 0;
        self.items.retain(|_| {
            let stays = removed.next_if_eq(&&index).is_none();
            index += 1;
            stays
        });
    }

    /// Brings encoding and memory in line with the size. Redis goes back to a listpack at half the size that makes it
    /// give one up.
    fn settle(&mut self) {
        let packed = self.bytes - self.len() as u64 * (LIST_ELEMENT - PACKED_ELEMENT_BYTES);
        let packed_max = if self.is_chained { PACKED_BYTES_MAX / 2 } else { PACKED_BYTES_MAX };
        self.is_chained = packed > packed_max;
        if self.items.capacity() > SHRINK_CAPACITY_MIN && self.len() < self.items.capacity() / 4 {
            self.items.shrink_to(self.len() * 2);
        }
    }
}

impl FromIterator<Str> for List {
    fn from_iter<I: IntoIterator<Item = Str>>(items: I) -> Self {
        let items: VecDeque<Str> = items.into_iter().collect();
        let bytes = items.iter().map(cost_of).sum();
        let mut list = Self { items, bytes, is_chained: false };
        list.settle();
        list
    }
}

impl Open<'_, List> {
    /// Adds elements at an end one after the other, so that the last of them is outermost.
    pub fn push(&mut self, end: End, items: Vec<Str>) {
        let count = items.len();
        self.note(
            |_| ListEffect::Push { end, items: items.clone() },
            |_| vec![ListEffect::Pop { end, count }],
        );
        let list = self.value_mut();
        items.into_iter().for_each(|item| list.push(end, item));
        list.settle();
    }

    /// Takes the outermost elements away, as many as there are up to `count`, and returns them from the outside in.
    pub fn pop(&mut self, end: End, count: usize) -> Vec<Str> {
        let mut popped = Vec::with_capacity(count.min(self.len()));
        self.cut(end, count, |item| popped.push(item));
        popped
    }

    /// Drops all elements but those in `kept`, which must lie within the list.
    pub fn trim(&mut self, kept: Range<usize>) {
        self.cut(End::Back, self.len() - kept.end, drop);
        self.cut(End::Front, kept.start, drop);
    }

    /// Replaces the element at `index`. Whether there was one.
    pub fn set(&mut self, index: usize, item: Str) -> bool {
        let Some(old) = self.get(index).cloned() else { return false };
        self.note(
            |_| ListEffect::Set { index, item: item.clone() },
            |_| vec![ListEffect::Set { index, item: old.clone() }],
        );
        let list = self.value_mut();
        list.bytes = list.bytes - cost_of(&old) + cost_of(&item);
        list.items[index] = item;
        list.settle();
        true
    }

    /// Puts elements in between, in one pass. Indexes ascend, and are those that the elements have afterwards.
    pub fn insert(&mut self, added: Vec<(usize, Str)>) {
        self.note(
            |_| ListEffect::Insert(added.clone()),
            |_| vec![ListEffect::Remove(added.iter().map(|&(index, _)| index).collect())],
        );
        let list = self.value_mut();
        list.insert(added);
        list.settle();
    }

    /// Takes the elements at these indexes out, in one pass. Indexes ascend and must lie within the list.
    pub fn remove(&mut self, indexes: &[usize]) {
        if indexes.is_empty() {
            return;
        }
        self.note(
            |_| ListEffect::Remove(indexes.to_vec()),
            |list| {
                let old = indexes.iter().filter_map(|&index| Some((index, list.get(index)?.clone())));
                vec![ListEffect::Insert(old.collect())]
            },
        );
        let list = self.value_mut();
        list.remove(indexes);
        list.settle();
    }

    /// Takes the outermost elements away and hands them over, from the outside in.
    fn cut(&mut self, end: End, count: usize, mut take: impl FnMut(Str)) {
        let count = count.min(self.len());
        if count == 0 {
            return;
        }
        self.note(
            |_| ListEffect::Pop { end, count },
            |list| {
                let items = list.outer(end, count).into_iter().rev().collect();
                vec![ListEffect::Push { end, items }]
            },
        );
        let list = self.value_mut();
        for _ in 0..count {
            let item = match end {
                End::Front => list.items.pop_front(),
                End::Back => list.items.pop_back(),
            };
            let item = item.expect("count is at most the length");
            list.bytes -= cost_of(&item);
            take(item);
        }
        list.settle();
    }

    /// Does what an effect says.
    pub(crate) fn apply(&mut self, effect: ListEffect) {
        match effect {
            ListEffect::Push { end, items } => self.push(end, items),
            ListEffect::Pop { end, count } => self.cut(end, count, drop),
            ListEffect::Set { index, item } => {
                self.set(index, item);
            }
            ListEffect::Insert(added) => self.insert(added),
            ListEffect::Remove(indexes) => self.remove(&indexes),
        }
    }
}

impl Contents for List {
    type Effect = ListEffect;

    fn effect(key: Str, effect: ListEffect) -> Effect {
        Effect::List { key, effect }
    }

    fn bytes(&self) -> u64 {
        self.bytes
    }

    fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    fn elements(&self) -> usize {
        self.items.len()
    }

    fn canonical(&self, out: &mut Vec<u8>) {
        self.items.iter().for_each(|item| canonical_item(out, item));
    }

    conversions!(List, boxed);
}

fn cost_of(item: &Str) -> u64 {
    LIST_ELEMENT + item.len() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list_of(items: &[&str]) -> List {
        let mut list = List::default();
        items.iter().for_each(|&item| list.push(End::Back, Str::from(item)));
        list
    }

    fn spelled(list: &List) -> String {
        list.iter().map(|item| String::from_utf8_lossy(item).into_owned()).collect()
    }

    #[test]
    fn many_are_inserted_where_they_were_removed() {
        let all = ["a", "b", "c", "d", "e", "f"];
        for indexes in [&[0, 1, 5][..], &[2], &[0, 1, 2, 3, 4, 5], &[5], &[1, 3, 4]] {
            let mut list = list_of(&all);
            let removed = indexes.iter().map(|&at| (at, Str::from(all[at]))).collect();
            list.remove(indexes);
            assert_eq!(list.len(), all.len() - indexes.len());
            assert_eq!(list.bytes, 17 * list.len() as u64);
            list.insert(removed);
            assert_eq!(spelled(&list), "abcdef", "{indexes:?}");
            assert_eq!(list.bytes, 17 * 6);
        }
    }

    #[test]
    fn memory_is_given_back() {
        let mut list = list_of(&["x"; 1000]);
        list.remove(&(0..990).collect::<Vec<_>>());
        list.settle();
        assert!(list.items.capacity() < 100, "{} for 10 elements", list.items.capacity());
    }

    /// The size at which a listpack is given up is about twice the one at which it comes back, so that a list on the
    /// border does not change its encoding with every push and pop.
    #[test]
    fn encodings_change_with_some_slack() {
        let mut list = List::default();
        let mut encodings = Vec::new();
        for _ in 0..90 {
            list.push(End::Back, Str::new(&[b'x'; 98]));
            list.settle();
            encodings.push(list.encoding());
        }
        assert_eq!(encodings.iter().position(|&encoding| encoding == "quicklist"), Some(81));
        list.remove(&(0..48).collect::<Vec<_>>());
        list.settle();
        assert_eq!((list.len(), list.encoding()), (42, "quicklist"));
        list.remove(&[0, 1]);
        list.settle();
        assert_eq!((list.len(), list.encoding()), (40, "listpack"));
    }
}
