//! The members of a JSON object, in the order in which they came.

use std::collections::BTreeMap;

use super::Node;
use super::node::{insert_at, remove_at};
use crate::Str;

/// Objects with more members than this have an index; in others a name is looked for one by one.
const UNINDEXED_MAX: usize = 16;

/// Names with values, in the order in which they came. No name occurs twice.
#[derive(Clone, Debug, Default)]
pub struct Object {
    members: Vec<(Str, Node)>,
    /// The positions of all members in the order of their names; empty while there are few. Sorted and not hashed, so
    /// that no choice of names makes it slow.
    by_name: Vec<u32>,
}

impl Object {
    /// An object of these members. Of a name that occurs twice, the last value counts, at the first one's place.
    pub(super) fn from_members(mut members: Vec<(Str, Node)>) -> Self {
        if has_duplicates(&members) {
            members = without_duplicates(members);
        }
        let mut object = Self { members, by_name: Vec::new() };
        object.index();
        object
    }

    /// How many members there are.
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// The member of this name: its position and its value. O(log n).
    pub fn get(&self, name: &[u8]) -> Option<(usize, &Node)> {
        let position = if self.by_name.is_empty() {
            self.members.iter().position(|(known, _)| **known == *name)?
        } else {
            let found = self.by_name.binary_search_by(|&at| (*self.members[at as usize].0).cmp(name));
            self.by_name[found.ok()?] as usize
        };
        Some((position, &self.members[position].1))
    }

    /// The value of the member at a position.
    pub fn value(&self, position: usize) -> Option<&Node> {
        self.members.get(position).map(|(_, value)| value)
    }

    /// Names with values, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&Str, &Node)> {
        self.members.iter().map(|(name, value)| (name, value))
    }

    pub(super) fn value_mut(&mut self, position: usize) -> Option<&mut Node> {
        self.members.get_mut(position).map(|(_, value)| value)
    }

    /// A copy of the member at a position, with the position.
    pub(super) fn member(&self, position: usize) -> Option<(usize, Str, Node)> {
        self.members.get(position).map(|(name, value)| (position, name.clone(), value.clone()))
    }

    /// Puts members in, whose names are new, each with its position once all are in; ascending.
    pub(super) fn insert(&mut self, added: Vec<(usize, Str, Node)>) {
        let is_one_more = added.len() == 1 && added[0].0 >= self.len() && !self.by_name.is_empty();
        let added = added.into_iter().map(|(position, name, node)| (position, (name, node))).collect();
        insert_at(&mut self.members, added);
        if is_one_more { self.index_last() } else { self.index() }
    }

    /// Takes out what is at these positions, which ascend.
    pub(super) fn remove(&mut self, positions: &[usize]) -> Vec<(usize, Str, Node)> {
        let removed = remove_at(&mut self.members, positions);
        if self.len() > UNINDEXED_MAX {
            let moved = |at: &u32| match positions.binary_search(&(*at as usize)) {
                Ok(_) => None,
                Err(before) => Some(*at - before as u32),
            };
            self.by_name = self.by_name.iter().filter_map(moved).collect();
        } else {
            self.by_name = Vec::new();
        }
        removed.into_iter().map(|(position, (name, node))| (position, name, node)).collect()
    }

    /// Sorts the index anew, or drops it.
    fn index(&mut self) {
        self.by_name.clear();
        if self.len() > UNINDEXED_MAX {
            let count = u32::try_from(self.len()).expect("a record is far smaller");
            self.by_name.extend(0..count);
            self.by_name.sort_unstable_by_key(|&at| &self.members[at as usize].0);
        }
    }

    /// Puts the last member into the index of the others.
    fn index_last(&mut self) {
        let last = self.len() - 1;
        let name = &self.members[last].0;
        let place = self.by_name.partition_point(|&at| self.members[at as usize].0 < *name);
        self.by_name.insert(place, u32::try_from(last).expect("a record is far smaller"));
    }
}

fn has_duplicates(members: &[(Str, Node)]) -> bool {
    if members.len() <= UNINDEXED_MAX {
        return (1..members.len()).any(|at| members[..at].iter().any(|(name, _)| *name == members[at].0));
    }
    let mut names: Vec<&Str> = members.iter().map(|(name, _)| name).collect();
    names.sort_unstable();
    names.windows(2).any(|pair| pair[0] == pair[1])
}

fn without_duplicates(members: Vec<(Str, Node)>) -> Vec<(Str, Node)> {
    let mut places: BTreeMap<Str, usize> = BTreeMap::new();
    let mut kept: Vec<(Str, Node)> = Vec::with_capacity(members.len());
    for (name, node) in members {
        match places.get(&name) {
            Some(&place) => kept[place].1 = node,
            None => {
                places.insert(name.clone(), kept.len());
                kept.push((name, node));
            }
        }
    }
    kept
}
