//! Consumer groups: who was handed what, and has not acknowledged it yet.

use std::borrow::Borrow;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::{Deref, RangeInclusive};
use std::sync::Arc;

use super::Id;
use crate::{Str, cost};

/// A position in a stream that several consumers advance together, and what they have still to acknowledge.
#[derive(Clone, Debug)]
pub struct Group {
    /// The last entry that was delivered.
    pub last_id: Id,
    /// How many entries have been read of all that were ever added, if that is known.
    pub entries_read: Option<u64>,
    pending: BTreeMap<Id, Pending>,
    consumers: BTreeMap<Name, Consumer>,
}

/// One that reads from a group, and what it has to acknowledge.
#[derive(Clone, Debug)]
pub struct Consumer {
    /// When it last asked for entries, successfully or not, in milliseconds since the epoch. A note, not a fact: like
    /// the time when a key was last used it is no effect, so after a replay it is that of the last effect.
    pub seen_at_ms: i64,
    /// When it last got entries, in milliseconds since the epoch.
    pub active_at_ms: Option<i64>,
    pending: BTreeSet<Id>,
}

/// The last time that an entry was delivered to a consumer that has not acknowledged it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// When, in milliseconds since the epoch.
    pub at_ms: i64,
    /// How many times so far.
    pub count: u64,
}

#[derive(Clone, Debug)]
struct Pending {
    consumer: Name,
    delivery: Delivery,
}

/// The name of a group or a consumer. A clone is a pointer: there is one in each pending entry.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Name(Arc<Str>);

impl Name {
    pub(super) fn new(name: &[u8]) -> Self {
        Self(Arc::new(Str::from(name)))
    }
}

impl Deref for Name {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl Borrow<[u8]> for Name {
    fn borrow(&self) -> &[u8] {
        self
    }
}

impl Consumer {
    /// How many entries it has to acknowledge.
    pub fn pending_len(&self) -> usize {
        self.pending.len()
    }

    /// Whether it has to acknowledge this entry.
    pub fn has_pending(&self, id: Id) -> bool {
        self.pending.contains(&id)
    }
}

impl Group {
    pub(super) fn new(last_id: Id, entries_read: Option<u64>) -> Self {
        Self { last_id, entries_read, pending: BTreeMap::new(), consumers: BTreeMap::new() }
    }

    /// How many entries are to be acknowledged.
    pub fn pending_len(&self) -> usize {
        self.pending.len()
    }

    /// The first and the last entry to be acknowledged.
    pub fn pending_ends(&self) -> Option<(Id, Id)> {
        Some((*self.pending.first_key_value()?.0, *self.pending.last_key_value()?.0))
    }

    /// The entry, if it is to be acknowledged: by whom, and its delivery.
    pub fn pending(&self, id: Id) -> Option<(&[u8], Delivery)> {
        self.pending.get(&id).map(|pending| (&*pending.consumer, pending.delivery))
    }

    /// What is to be acknowledged within these ids, which must be in order: by whom, and its delivery.
    pub fn pending_range(&self, ids: RangeInclusive<Id>) -> impl Iterator<Item = (Id, &[u8], Delivery)> {
        self.pending.range(ids).map(|(&id, pending)| (id, &*pending.consumer, pending.delivery))
    }

    /// What a consumer has to acknowledge within these ids, which must be in order.
    pub fn pending_range_of(
        &self,
        consumer: &[u8],
        ids: RangeInclusive<Id>,
    ) -> impl Iterator<Item = (Id, Delivery)> {
        let ids = self.consumers.get(consumer).map(|consumer| consumer.pending.range(ids));
        ids.into_iter().flatten().filter_map(|&id| Some((id, self.pending.get(&id)?.delivery)))
    }

    /// The consumer of this name.
    pub fn consumer(&self, name: &[u8]) -> Option<&Consumer> {
        self.consumers.get(name)
    }

    /// All consumers with their names, in the order of the names.
    pub fn consumers(&self) -> impl ExactSizeIterator<Item = (&[u8], &Consumer)> {
        self.consumers.iter().map(|(name, consumer)| (&**name, consumer))
    }

    pub(super) fn consumer_mut(&mut self, name: &[u8]) -> Option<&mut Consumer> {
        self.consumers.get_mut(name)
    }

    /// What the group costs, with all that is in it. O(n) in the number of consumers.
    pub(super) fn bytes(&self, name: &[u8]) -> u64 {
        let consumers = self.consumers.keys().map(|name| consumer_bytes(name)).sum::<u64>();
        cost::STREAM_GROUP + name.len() as u64 + consumers + self.pending.len() as u64 * cost::STREAM_PENDING
    }

    /// A consumer exists and has these times. Whether it is new.
    pub(super) fn put_consumer(&mut self, name: &[u8], seen_at_ms: i64, active_at_ms: Option<i64>) -> bool {
        if let Some(consumer) = self.consumers.get_mut(name) {
            (consumer.seen_at_ms, consumer.active_at_ms) = (seen_at_ms, active_at_ms);
            return false;
        }
        let consumer = Consumer { seen_at_ms, active_at_ms, pending: BTreeSet::new() };
        self.consumers.insert(Name::new(name), consumer);
        true
    }

    pub(super) fn remove_consumer(&mut self, name: &[u8]) {
        self.consumers.remove(name);
    }

    /// A consumer that exists has to acknowledge an entry. Whether nobody had to before.
    pub(super) fn assign(&mut self, consumer: &[u8], id: Id, delivery: Delivery) -> bool {
        let Some((name, _)) = self.consumers.get_key_value(consumer) else { return false };
        let pending = Pending { consumer: name.clone(), delivery };
        let old = self.pending.insert(id, pending);
        if let Some(old) = old.as_ref().filter(|old| *old.consumer != *consumer) {
            self.forget(&old.consumer, id);
        }
        if let Some(consumer) = self.consumers.get_mut(consumer) {
            consumer.pending.insert(id);
        }
        old.is_none()
    }

    /// Nobody has to acknowledge the entry any more. Whether somebody had to.
    pub(super) fn release(&mut self, id: Id) -> bool {
        let Some(old) = self.pending.remove(&id) else { return false };
        self.forget(&old.consumer, id);
        true
    }

    fn forget(&mut self, consumer: &[u8], id: Id) {
        if let Some(consumer) = self.consumers.get_mut(consumer) {
            consumer.pending.remove(&id);
        }
    }
}

/// What a consumer costs besides what it has to acknowledge.
pub(super) fn consumer_bytes(name: &[u8]) -> u64 {
    cost::STREAM_CONSUMER + name.len() as u64
}
