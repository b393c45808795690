//! Streams: logs of entries, and groups of consumers that read them.

mod block;
mod build;
mod codec;
mod effect;
mod entries;
mod group;
mod id;
mod packed;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

pub use block::{Entry, Fields};
pub use build::Builder;
pub use effect::StreamEffect;
use entries::Entries;
use group::Name;
pub use group::{Consumer, Delivery, Group};
pub use id::Id;

use super::{Contents, canonical_item, conversions};
use crate::{Effect, Str, cost};

/// Entries in the order of their ids. Entries come at the end and may go anywhere; ids only ever grow. A stream without
/// entries is a value: it remembers the last id, and its groups.
///
/// The methods that change it belong to an open stream, see [`Open`](crate::Open).
#[derive(Clone, Debug, Default)]
pub struct Stream {
    entries: Entries,
    counters: Counters,
    groups: BTreeMap<Name, Group>,
    /// Every pending entry with its group: who refers to an entry is found without asking all groups. No element is
    /// without a group; `None` is only there to search from, as it comes before every name.
    references: BTreeSet<(Id, Option<Name>)>,
    /// What the groups cost with all that is in them.
    group_bytes: u64,
}

/// What a stream remembers of entries that are gone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// The id of the last entry that was added.
    pub last_id: Id,
    /// The greatest id of an entry that was removed but for trimming, or [`Id::MIN`].
    pub max_deleted_id: Id,
    /// How many entries were ever added.
    pub entries_added: u64,
}

/// An entry outside of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Its id.
    pub id: Id,
    /// Names with values.
    pub fields: Vec<(Str, Str)>,
}

impl Record {
    /// What the entry costs in a stream.
    fn bytes(&self) -> u64 {
        let field = |(name, value): &(Str, Str)| cost::STREAM_FIELD + (name.len() + value.len()) as u64;
        cost::STREAM_ENTRY + self.fields.iter().map(field).sum::<u64>()
    }
}

/// How far a trim may cut: what goes are the entries before an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cut {
    /// No more entries than this lie before it.
    pub count_max: usize,
    /// The first id that stays.
    pub before: Id,
}

impl Stream {
    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are no entries.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What it remembers of entries that are gone.
    pub fn counters(&self) -> Counters {
        self.counters
    }

    /// The entry of this id. O(log n).
    pub fn get(&self, id: Id) -> Option<Entry<'_>> {
        self.entries.get(id)
    }

    /// The entries within these ids, in order. O(log n) to the first, then O(1) each.
    pub fn range(&self, ids: RangeInclusive<Id>) -> impl Iterator<Item = Entry<'_>> {
        self.entries.range(ids)
    }

    /// The entries within these ids, the last one first.
    pub fn range_back(&self, ids: RangeInclusive<Id>) -> impl Iterator<Item = Entry<'_>> {
        self.entries.range_back(ids)
    }

    /// The entries after this id, in order.
    pub fn after(&self, id: Id) -> impl Iterator<Item = Entry<'_>> {
        id.next().map(|start| self.range(start..=Id::MAX)).into_iter().flatten()
    }

    /// How many entries come after this id, up to `count_max`. O(n) in the number of their blocks.
    pub fn count_after(&self, id: Id, count_max: usize) -> usize {
        self.entries.count_after(id, count_max)
    }

    /// The first entry.
    pub fn first(&self) -> Option<Entry<'_>> {
        self.range(Id::MIN..=Id::MAX).next()
    }

    /// The last entry.
    pub fn last(&self) -> Option<Entry<'_>> {
        self.range_back(Id::MIN..=Id::MAX).next()
    }

    /// In how many pieces the entries are stored.
    pub fn blocks(&self) -> usize {
        self.entries.blocks()
    }

    /// Where to cut so that `len` entries stay. With `whole_blocks`, more may stay, and cutting is cheap. At most
    /// `count_max` entries go.
    pub fn cut_to_len(&self, len: usize, whole_blocks: bool, count_max: usize) -> Cut {
        let excess = self.len().saturating_sub(len).min(count_max);
        let (count_max, before) = self.entries.after_first(excess, whole_blocks);
        Cut { count_max, before }
    }

    /// Where to cut so that entries from this id on stay, with as many before as are in their block. At most
    /// `count_max` entries go.
    pub fn cut_blocks_before(&self, id: Id, count_max: usize) -> Cut {
        let (count_max, before) = self.entries.blocks_before(id, count_max);
        Cut { count_max, before }
    }

    /// The group of this name.
    pub fn group(&self, name: &[u8]) -> Option<&Group> {
        self.groups.get(name)
    }

    /// All groups with their names, in the order of the names.
    pub fn groups(&self) -> impl ExactSizeIterator<Item = (&[u8], &Group)> {
        self.groups.iter().map(|(name, group)| (&**name, group))
    }

    /// The names of the groups in which the entry is pending. O(log n).
    pub fn holders(&self, id: Id) -> impl Iterator<Item = &[u8]> {
        self.pending_from(id).take_while(move |&(held, _)| held == id).map(|(_, name)| name)
    }

    /// Every pending entry from this id on, with the name of its group, in the order of the ids.
    pub fn pending_from(&self, id: Id) -> impl Iterator<Item = (Id, &[u8])> {
        self.references.range((id, None)..).filter_map(|(id, name)| Some((*id, &**name.as_ref()?)))
    }

    /// The last id that every group has been delivered; `None` if there are no groups.
    pub fn delivered_to_all(&self) -> Option<Id> {
        self.groups.values().map(|group| group.last_id).min()
    }

    /// Whether a removal, but for trimming, may have left a gap after this id.
    fn has_gap_from(&self, id: Id) -> bool {
        let max_deleted_id = self.counters.max_deleted_id;
        !self.is_empty() && max_deleted_id != Id::MIN && id <= max_deleted_id
    }

    /// How many entries were ever added up to this one, if that can be told without counting: for the ends of the
    /// stream, and as long as there is no gap.
    pub fn entries_up_to(&self, id: Id) -> Option<u64> {
        let Counters { last_id, max_deleted_id, entries_added } = self.counters;
        if entries_added == 0 {
            return Some(0);
        }
        let Some(first) = self.first() else { return (id <= last_id).then_some(entries_added) };
        if id != Id::MIN && id < max_deleted_id {
            return None;
        }
        if id == last_id {
            return Some(entries_added);
        }
        if id > first.id || max_deleted_id >= first.id {
            return None;
        }
        let before_first = entries_added.saturating_sub(self.len() as u64);
        Some(before_first + u64::from(id == first.id))
    }

    /// How many entries a group has yet to be delivered, if that can be told without counting.
    pub fn lag(&self, group: &Group) -> Option<i64> {
        let Counters { max_deleted_id, entries_added, .. } = self.counters;
        let Some(first) = self.first().filter(|_| entries_added > 0) else { return Some(0) };
        if group.last_id < first.id && max_deleted_id < first.id {
            return i64::try_from(self.len()).ok();
        }
        let known = group.entries_read.filter(|_| !self.has_gap_from(group.last_id));
        let read = known.or_else(|| self.entries_up_to(group.last_id))?;
        Some(entries_added.wrapping_sub(read).cast_signed())
    }

    /// What a group's counter becomes when it is delivered these entries, in order.
    pub fn entries_read_after(&self, group: &Group, delivered: &[Id]) -> Option<u64> {
        let first_id = self.first().map_or(Id::MAX, |first| first.id);
        let (mut last_id, mut entries_read) = (group.last_id, group.entries_read);
        for &id in delivered {
            entries_read = match entries_read {
                Some(read) if last_id >= first_id && !self.has_gap_from(last_id) => {
                    Some(read.saturating_add(1))
                }
                _ if self.counters.entries_added == 0 => entries_read,
                _ => self.entries_up_to(id),
            };
            last_id = id;
        }
        entries_read
    }

    /// OBJECT ENCODING's word.
    pub fn encoding(&self) -> &'static str {
        "stream"
    }
}

impl Contents for Stream {
    type Effect = StreamEffect;

    fn effect(key: Str, effect: StreamEffect) -> Effect {
        Effect::Stream { key, effect }
    }

    fn bytes(&self) -> u64 {
        cost::STREAM + self.entries.bytes() + self.group_bytes
    }

    fn is_empty(&self) -> bool {
        false // a stream without entries is a value
    }

    fn elements(&self) -> usize {
        self.entries.len() + self.references.len()
    }

    fn canonical(&self, out: &mut Vec<u8>) {
        let Counters { last_id, max_deleted_id, entries_added } = self.counters;
        canonical_id(out, last_id);
        canonical_id(out, max_deleted_id);
        out.extend(entries_added.to_be_bytes());
        out.extend((self.len() as u64).to_be_bytes());
        for entry in self.range(Id::MIN..=Id::MAX) {
            canonical_id(out, entry.id);
            out.extend((entry.fields().len() as u64).to_be_bytes());
            entry.fields().for_each(|(name, value)| {
                canonical_item(out, name);
                canonical_item(out, value);
            });
        }
        for (name, group) in self.groups() {
            canonical_item(out, name);
            canonical_group(out, group);
        }
    }

    conversions!(Stream, boxed);
}

fn canonical_group(out: &mut Vec<u8>, group: &Group) {
    canonical_id(out, group.last_id);
    // One more, so that none has a number.
    out.extend(group.entries_read.map_or(0, |read| u128::from(read) + 1).to_be_bytes());
    out.extend((group.pending_len() as u64).to_be_bytes());
    for (id, consumer, delivery) in group.pending_range(Id::MIN..=Id::MAX) {
        canonical_id(out, id);
        canonical_item(out, consumer);
        out.extend(delivery.at_ms.to_be_bytes());
        out.extend(delivery.count.to_be_bytes());
    }
    out.extend((group.consumers().len() as u64).to_be_bytes());
    for (name, consumer) in group.consumers() {
        canonical_item(out, name);
        out.extend(consumer.active_at_ms.unwrap_or(i64::MIN).to_be_bytes());
    }
}

fn canonical_id(out: &mut Vec<u8>, id: Id) {
    out.extend(id.ms.to_be_bytes());
    out.extend(id.seq.to_be_bytes());
}
