//! Changing a stream.

use super::group::{Name, consumer_bytes};
use super::{Counters, Delivery, Group, Id, Record, Stream};
use crate::{Open, Str, cost};

/// A change inside a stream.
#[derive(Clone, Debug)]
pub enum StreamEffect {
    /// An entry is added behind all others, and counted.
    Append(Record),
    /// Entries are there that were not. Their ids ascend.
    Insert(Vec<Record>),
    /// Entries are gone. Their ids ascend.
    Remove(Vec<Id>),
    /// All entries before this id are gone.
    RemoveBefore(Id),
    /// The counters are these.
    Count(Counters),
    /// A group exists, and has got this far.
    PutGroup {
        /// Its name.
        group: Str,
        /// The last entry that it was delivered.
        last_id: Id,
        /// How many it has read of all entries, if that is known.
        entries_read: Option<u64>,
    },
    /// A group is gone with all that is in it.
    RemoveGroup {
        /// Its name.
        group: Str,
    },
    /// A consumer exists, and has these times.
    PutConsumer {
        /// The group's name.
        group: Str,
        /// Its name.
        consumer: Str,
        /// When it last asked for entries, in milliseconds since the epoch.
        seen_at_ms: i64,
        /// When it last got entries, in milliseconds since the epoch.
        active_at_ms: Option<i64>,
    },
    /// A consumer that has nothing to acknowledge is gone.
    RemoveConsumer {
        /// The group's name.
        group: Str,
        /// Its name.
        consumer: Str,
    },
    /// A consumer has to acknowledge entries, whoever had to before.
    Assign {
        /// The group's name.
        group: Str,
        /// The consumer's name.
        consumer: Str,
        /// The entries, each with its last delivery.
        pending: Vec<(Id, Delivery)>,
    },
    /// Nobody in the group has to acknowledge the entries any more.
    Release {
        /// The group's name.
        group: Str,
        /// The entries.
        ids: Vec<Id>,
    },
}

impl Open<'_, Stream> {
    /// Adds an entry behind all others. Its id must be greater than the last one.
    pub fn append(&mut self, record: Record) {
        debug_assert!(record.id > self.counters.last_id, "ids only grow");
        self.note(
            |_| StreamEffect::Append(record.clone()),
            |stream| vec![StreamEffect::Remove(vec![record.id]), StreamEffect::Count(stream.counters)],
        );
        let stream = self.value_mut();
        stream.entries.append(&record);
        stream.counters.last_id = record.id;
        stream.counters.entries_added = stream.counters.entries_added.saturating_add(1);
        self.come();
    }

    /// Puts entries in between. Their ids ascend, and no entry has one of them.
    fn insert(&mut self, records: &[Record]) {
        self.note(
            |_| StreamEffect::Insert(records.to_vec()),
            |_| vec![StreamEffect::Remove(records.iter().map(|record| record.id).collect())],
        );
        self.value_mut().entries.insert(records);
    }

    /// Removes the entries of these ids that exist. How many there were. Where the removal leaves a gap, the stream
    /// remembers it.
    pub fn remove(&mut self, mut ids: Vec<Id>) -> usize {
        ids.sort_unstable();
        ids.dedup();
        ids.retain(|&id| self.get(id).is_some());
        if let Some(&last) = ids.last() {
            self.remove_existing(&ids);
            let counters = self.counters;
            self.set_counters(Counters { max_deleted_id: counters.max_deleted_id.max(last), ..counters });
        }
        ids.len()
    }

    /// Trims entries away, which exist and whose ids ascend, from wherever they are. As all trimming, it is remembered
    /// as a gap only if earlier entries stay.
    pub fn trim_each(&mut self, ids: &[Id]) {
        let Some(&last) = ids.last() else { return };
        self.remove_existing(ids);
        if self.first().is_some_and(|first| first.id < last) {
            let counters = self.counters;
            self.set_counters(Counters { max_deleted_id: counters.max_deleted_id.max(last), ..counters });
        }
    }

    fn remove_existing(&mut self, ids: &[Id]) {
        self.note(
            |_| StreamEffect::Remove(ids.to_vec()),
            |stream| {
                let entries = ids.iter().filter_map(|&id| stream.get(id));
                vec![StreamEffect::Insert(entries.map(|entry| entry.to_record()).collect())]
            },
        );
        self.value_mut().entries.remove(ids);
    }

    /// Trims all entries before this id away. How many there were.
    pub fn trim_before(&mut self, id: Id) -> usize {
        let len = self.len();
        if self.first().is_none_or(|first| first.id >= id) {
            return 0;
        }
        self.note(
            |_| StreamEffect::RemoveBefore(id),
            |stream| {
                let removed = stream.range(Id::MIN..=id).filter(|entry| entry.id < id);
                vec![StreamEffect::Insert(removed.map(|entry| entry.to_record()).collect())]
            },
        );
        self.value_mut().entries.remove_before(id);
        len - self.len()
    }

    /// Sets what the stream remembers of entries that are gone.
    pub fn set_counters(&mut self, counters: Counters) {
        if counters != self.counters {
            self.note(|_| StreamEffect::Count(counters), |stream| vec![StreamEffect::Count(stream.counters)]);
            self.value_mut().counters = counters;
        }
    }

    /// A group exists from now on, and has got this far.
    pub fn put_group(&mut self, name: &[u8], last_id: Id, entries_read: Option<u64>) {
        let put =
            |(last_id, entries_read)| StreamEffect::PutGroup { group: name.into(), last_id, entries_read };
        let old = self.group(name).map(|group| (group.last_id, group.entries_read));
        if old == Some((last_id, entries_read)) {
            return;
        }
        self.note(
            |_| put((last_id, entries_read)),
            |_| vec![old.map_or_else(|| StreamEffect::RemoveGroup { group: name.into() }, put)],
        );
        self.value_mut().put_group(name, last_id, entries_read);
    }

    /// Removes a group with all that is in it. Whether there was one.
    pub fn remove_group(&mut self, name: &[u8]) -> bool {
        if self.group(name).is_none() {
            return false;
        }
        self.note(
            |_| StreamEffect::RemoveGroup { group: name.into() },
            |stream| stream.group(name).map_or_else(Vec::new, |group| way_back(name, group)),
        );
        self.value_mut().remove_group(name);
        self.gone();
        true
    }

    /// A consumer of a group exists from now on, and has these times.
    pub fn put_consumer(&mut self, group: &[u8], name: &[u8], seen_at_ms: i64, active_at_ms: Option<i64>) {
        let put = |seen_at_ms, active_at_ms| StreamEffect::PutConsumer {
            group: group.into(),
            consumer: name.into(),
            seen_at_ms,
            active_at_ms,
        };
        self.note(
            |_| put(seen_at_ms, active_at_ms),
            |stream| {
                let old = stream.group(group).and_then(|group| group.consumer(name));
                vec![match old {
                    Some(old) => put(old.seen_at_ms, old.active_at_ms),
                    None => StreamEffect::RemoveConsumer { group: group.into(), consumer: name.into() },
                }]
            },
        );
        self.value_mut().put_consumer(group, name, seen_at_ms, active_at_ms);
    }

    /// Notes that a consumer asked for entries. That is no change of the stream.
    pub fn see(&mut self, group: &[u8], name: &[u8], seen_at_ms: i64) {
        let group = self.value_mut().groups.get_mut(group);
        if let Some(consumer) = group.and_then(|group| group.consumer_mut(name)) {
            consumer.seen_at_ms = seen_at_ms;
        }
    }

    /// Removes a consumer, and releases what it has to acknowledge. How much that was; `None` if there is no such
    /// consumer.
    pub fn remove_consumer(&mut self, group: &[u8], name: &[u8]) -> Option<usize> {
        let found = self.group(group)?;
        let (seen_at_ms, active_at_ms) =
            found.consumer(name).map(|consumer| (consumer.seen_at_ms, consumer.active_at_ms))?;
        let ids: Vec<Id> = found.pending_range_of(name, Id::MIN..=Id::MAX).map(|(id, _)| id).collect();
        self.release(group, &ids);
        let consumer = || Str::from(name);
        self.note(
            |_| StreamEffect::RemoveConsumer { group: group.into(), consumer: consumer() },
            |_| {
                let (group, consumer) = (group.into(), consumer());
                vec![StreamEffect::PutConsumer { group, consumer, seen_at_ms, active_at_ms }]
            },
        );
        self.value_mut().remove_consumer(group, name);
        Some(ids.len())
    }

    /// A consumer that exists has to acknowledge these entries from now on, whoever had to before.
    pub fn assign(&mut self, group: &[u8], consumer: &[u8], pending: Vec<(Id, Delivery)>) {
        if pending.is_empty() {
            return;
        }
        self.note(
            |_| StreamEffect::Assign {
                group: group.into(),
                consumer: consumer.into(),
                pending: pending.clone(),
            },
            |stream| {
                let ids = pending.iter().map(|&(id, _)| id);
                stream.group(group).map_or_else(Vec::new, |found| reassign(group, found, ids))
            },
        );
        self.value_mut().assign(group, consumer, &pending);
    }

    /// Nobody in the group has to acknowledge these entries any more.
    pub fn release(&mut self, group: &[u8], ids: &[Id]) {
        if ids.is_empty() {
            return;
        }
        self.note(
            |_| StreamEffect::Release { group: group.into(), ids: ids.to_vec() },
            |stream| {
                let held = |found: &Group| {
                    let ids = ids.iter().copied().filter(|&id| found.pending(id).is_some());
                    reassign(group, found, ids)
                };
                stream.group(group).map_or_else(Vec::new, held)
            },
        );
        self.value_mut().release(group, ids);
    }

    /// Does what an effect says.
    pub(crate) fn apply(&mut self, effect: StreamEffect) {
        match effect {
            StreamEffect::Append(record) => self.append(record),
            StreamEffect::Insert(records) => self.insert(&records),
            StreamEffect::Remove(ids) => self.remove_existing(&ids),
            StreamEffect::RemoveBefore(id) => {
                self.trim_before(id);
            }
            StreamEffect::Count(counters) => self.set_counters(counters),
            StreamEffect::PutGroup { group, last_id, entries_read } => {
                self.put_group(&group, last_id, entries_read);
            }
            StreamEffect::RemoveGroup { group } => {
                self.remove_group(&group);
            }
            StreamEffect::PutConsumer { group, consumer, seen_at_ms, active_at_ms } => {
                self.put_consumer(&group, &consumer, seen_at_ms, active_at_ms);
            }
            StreamEffect::RemoveConsumer { group, consumer } => {
                self.remove_consumer(&group, &consumer);
            }
            StreamEffect::Assign { group, consumer, pending } => self.assign(&group, &consumer, pending),
            StreamEffect::Release { group, ids } => self.release(&group, &ids),
        }
    }
}

/// What brings a group back that is about to be removed.
fn way_back(name: &[u8], group: &Group) -> Vec<StreamEffect> {
    let put = StreamEffect::PutGroup {
        group: name.into(),
        last_id: group.last_id,
        entries_read: group.entries_read,
    };
    let consumers = group.consumers().map(|(consumer, times)| StreamEffect::PutConsumer {
        group: name.into(),
        consumer: consumer.into(),
        seen_at_ms: times.seen_at_ms,
        active_at_ms: times.active_at_ms,
    });
    let pending = group.consumers().map(|(consumer, _)| StreamEffect::Assign {
        group: name.into(),
        consumer: consumer.into(),
        pending: group.pending_range_of(consumer, Id::MIN..=Id::MAX).collect(),
    });
    std::iter::once(put).chain(consumers).chain(pending).collect()
}

/// What makes these entries pending as they are now; those that are not pending are released.
fn reassign(name: &[u8], group: &Group, ids: impl Iterator<Item = Id>) -> Vec<StreamEffect> {
    let mut released = Vec::new();
    let mut effects = Vec::new();
    for id in ids {
        match group.pending(id) {
            None => released.push(id),
            Some((consumer, delivery)) => match effects.last_mut() {
                Some(StreamEffect::Assign { consumer: last, pending, .. }) if **last == *consumer => {
                    pending.push((id, delivery));
                }
                _ => effects.push(StreamEffect::Assign {
                    group: name.into(),
                    consumer: consumer.into(),
                    pending: vec![(id, delivery)],
                }),
            },
        }
    }
    if !released.is_empty() {
        effects.push(StreamEffect::Release { group: name.into(), ids: released });
    }
    effects
}

/// The changes themselves, with their accounts.
impl Stream {
    pub(super) fn put_group(&mut self, name: &[u8], last_id: Id, entries_read: Option<u64>) {
        match self.groups.get_mut(name) {
            Some(group) => (group.last_id, group.entries_read) = (last_id, entries_read),
            None => {
                let group = Group::new(last_id, entries_read);
                self.group_bytes += group.bytes(name);
                self.groups.insert(Name::new(name), group);
            }
        }
    }

    fn remove_group(&mut self, name: &[u8]) {
        let Some((name, group)) = self.groups.remove_entry(name) else { return };
        self.group_bytes -= group.bytes(&name);
        for (id, ..) in group.pending_range(Id::MIN..=Id::MAX) {
            self.references.remove(&(id, Some(name.clone())));
        }
    }

    pub(super) fn put_consumer(
        &mut self,
        group: &[u8],
        name: &[u8],
        seen_at_ms: i64,
        active_at_ms: Option<i64>,
    ) {
        let group = self.groups.get_mut(group);
        if group.is_some_and(|group| group.put_consumer(name, seen_at_ms, active_at_ms)) {
            self.group_bytes += consumer_bytes(name);
        }
    }

    fn remove_consumer(&mut self, group: &[u8], name: &[u8]) {
        if let Some(group) = self.groups.get_mut(group) {
            group.remove_consumer(name);
            self.group_bytes -= consumer_bytes(name);
        }
    }

    pub(super) fn assign(&mut self, group: &[u8], consumer: &[u8], pending: &[(Id, Delivery)]) {
        let Some((name, _)) = self.groups.get_key_value(group) else { return };
        let name = name.clone();
        let Some(group) = self.groups.get_mut(group) else { return };
        for &(id, delivery) in pending {
            if group.assign(consumer, id, delivery) {
                self.references.insert((id, Some(name.clone())));
                self.group_bytes += cost::STREAM_PENDING;
            }
        }
    }

    fn release(&mut self, group: &[u8], ids: &[Id]) {
        let Some((name, _)) = self.groups.get_key_value(group) else { return };
        let name = name.clone();
        let Some(group) = self.groups.get_mut(group) else { return };
        for &id in ids {
            if group.release(id) {
                self.references.remove(&(id, Some(name.clone())));
                self.group_bytes -= cost::STREAM_PENDING;
            }
        }
    }
}
