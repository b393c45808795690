//! Some neighbouring entries of a stream, packed.

mod codec;

use super::packed::{Reader, item_bytes_max, write_item, write_number};
use super::{Id, Record};
use crate::{Str, cost};

/// A block takes no more entries than this (Redis's `stream-node-max-entries`).
const ENTRIES_MAX: u16 = 100;
/// A block takes no entry that would make it longer than this (Redis's `stream-node-max-bytes`), unless it is the only
/// one.
const BYTES_MAX: usize = 4096;
/// What an entry takes besides its fields: the flags, two differences of ids, the number of fields.
const ENTRY_HEAD_BYTES_MAX: usize = 1 + 3 * 10;

/// The entry was removed.
const DEAD: u8 = 1;
/// The entry has the names that the block begins with, and stores only values.
const SHARES_NAMES: u8 = 2;

/// Entries one after the other, each with how far its id is from the one before. The names of the first entry's fields
/// stand in front; entries with the same names, which are most, do not repeat them.
///
/// A block does not know its first id: it is the key that the block is found under, and handed in as `first`.
#[derive(Clone, Debug, Default)]
pub(super) struct Block {
    data: Vec<u8>,
    /// The id of the last entry, removed or not.
    last: Id,
    /// What the entries that are not removed cost.
    bytes: u64,
    live: u16,
    dead: u16,
}

/// An entry, where it lies.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    /// Its id.
    pub id: Id,
    fields: Fields<'a>,
}

/// The fields of an entry, as names with values.
#[derive(Clone, Copy, Debug)]
pub struct Fields<'a> {
    /// The names that the entry shares; otherwise each stands before its value.
    names: Option<Reader<'a>>,
    items: Reader<'a>,
    left: usize,
}

impl<'a> Entry<'a> {
    /// Names with values, in the order in which they were given. A name may come more than once.
    pub fn fields(&self) -> Fields<'a> {
        self.fields
    }

    /// The entry, copied.
    pub fn to_record(&self) -> Record {
        let fields = self.fields().map(|(name, value)| (Str::from(name), Str::from(value)));
        Record { id: self.id, fields: fields.collect() }
    }

    /// What it costs.
    pub(super) fn bytes(&self) -> u64 {
        cost_of(self.fields())
    }
}

/// What an entry with these fields costs.
fn cost_of<'f>(fields: impl Iterator<Item = (&'f [u8], &'f [u8])>) -> u64 {
    let field = |(name, value): (&[u8], &[u8])| cost::STREAM_FIELD + (name.len() + value.len()) as u64;
    cost::STREAM_ENTRY + fields.map(field).sum::<u64>()
}

impl<'a> Iterator for Fields<'a> {
    type Item = (&'a [u8], &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let name = match &mut self.names {
            Some(names) => names.item(),
            None => self.items.item(),
        };
        Some((name, self.items.item()))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl ExactSizeIterator for Fields<'_> {}

impl Block {
    /// The id of the last entry, removed or not.
    pub(super) fn last(&self) -> Id {
        self.last
    }

    /// How many entries there are.
    pub(super) fn len(&self) -> usize {
        usize::from(self.live)
    }

    /// What the entries cost.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Whether so many entries were removed that the block should be written anew.
    pub(super) fn is_sparse(&self) -> bool {
        self.dead > self.live
    }

    /// Whether the entry may be added at the end. Not where its id is before that of a removed entry, as of one that was
    /// added and taken back.
    pub(super) fn has_room_for(&self, record: &Record) -> bool {
        let fields = record.fields.iter();
        let items = fields.map(|(name, value)| item_bytes_max(name.len()) + item_bytes_max(value.len()));
        let bytes = self.data.len() + ENTRY_HEAD_BYTES_MAX + items.sum::<usize>();
        self.last <= record.id && self.live + self.dead < ENTRIES_MAX && bytes <= BYTES_MAX
    }

    /// Adds an entry at the end. Its id is greater than that of any other; that of the first entry is `first`.
    pub(super) fn push(&mut self, first: Id, record: &Record) {
        if self.data.is_empty() {
            self.write_names(record);
            self.last = first;
        }
        let shares = self.has_names_of(record);
        self.data.push(if shares { SHARES_NAMES } else { 0 });
        self.write_id(record.id);
        if !shares {
            write_number(&mut self.data, record.fields.len() as u64);
        }
        for (name, value) in &record.fields {
            if !shares {
                write_item(&mut self.data, name);
            }
            write_item(&mut self.data, value);
        }
        self.live += 1;
        self.bytes += cost_of(record.fields.iter().map(|(name, value)| (&**name, &**value)));
    }

    fn write_names(&mut self, record: &Record) {
        write_number(&mut self.data, record.fields.len() as u64);
        record.fields.iter().for_each(|(name, _)| write_item(&mut self.data, name));
    }

    fn has_names_of(&self, record: &Record) -> bool {
        let mut names = Reader::new(&self.data);
        names.number() == record.fields.len() as u64
            && record.fields.iter().all(|(name, _)| names.item() == &**name)
    }

    fn write_id(&mut self, id: Id) {
        let ms = id.ms - self.last.ms;
        write_number(&mut self.data, ms);
        write_number(&mut self.data, if ms == 0 { id.seq - self.last.seq } else { id.seq });
        self.last = id;
    }

    /// Gives back memory that no further entry will need.
    pub(super) fn seal(&mut self) {
        self.data.shrink_to_fit();
    }

    /// The entries in order.
    pub(super) fn entries(&self, first: Id) -> impl Iterator<Item = Entry<'_>> {
        self.slots(first).filter(|slot| !slot.is_dead).map(|slot| slot.entry)
    }

    /// Removes the entries that are chosen, in one pass. How many there were.
    pub(super) fn remove(&mut self, first: Id, mut is_chosen: impl FnMut(Id) -> bool) -> usize {
        let mut removed = Vec::new();
        let mut bytes = 0;
        for slot in self.slots(first).filter(|slot| !slot.is_dead) {
            if is_chosen(slot.entry.id) {
                removed.push(slot.at);
                bytes += slot.entry.bytes();
            }
        }
        removed.iter().for_each(|&at| self.data[at] |= DEAD);
        self.bytes -= bytes;
        let count = u16::try_from(removed.len()).expect("a block has at most ENTRIES_MAX entries");
        self.live -= count;
        self.dead += count;
        removed.len()
    }

    fn slots(&self, first: Id) -> Slots<'_> {
        let mut rest = Reader::new(&self.data);
        let names_count = if rest.is_empty() { 0 } else { rest.number() as usize };
        let names = rest;
        (0..names_count).for_each(|_| {
            rest.item();
        });
        Slots { len: self.data.len(), names_count, names, rest, id: first }
    }
}

/// An entry with its place, removed or not.
struct Slot<'a> {
    /// Where its flags are.
    at: usize,
    is_dead: bool,
    entry: Entry<'a>,
}

struct Slots<'a> {
    len: usize,
    names_count: usize,
    names: Reader<'a>,
    rest: Reader<'a>,
    /// The id before.
    id: Id,
}

impl<'a> Iterator for Slots<'a> {
    type Item = Slot<'a>;

    fn next(&mut self) -> Option<Slot<'a>> {
        if self.rest.is_empty() {
            return None;
        }
        let at = self.len - self.rest.left();
        let flags = self.rest.byte();
        self.read_id();
        let fields = self.read_fields(flags & SHARES_NAMES != 0);
        Some(Slot { at, is_dead: flags & DEAD != 0, entry: Entry { id: self.id, fields } })
    }
}

impl<'a> Slots<'a> {
    fn read_id(&mut self) {
        let (ms, seq) = (self.rest.number(), self.rest.number());
        self.id = match ms {
            0 => Id::new(self.id.ms, self.id.seq + seq),
            ms => Id::new(self.id.ms + ms, seq),
        };
    }

    /// Takes the fields of one entry, and goes on behind them.
    fn read_fields(&mut self, shares: bool) -> Fields<'a> {
        let left = if shares { self.names_count } else { self.rest.number() as usize };
        let fields = Fields { names: shares.then_some(self.names), items: self.rest, left };
        let items = if shares { left } else { 2 * left };
        (0..items).for_each(|_| {
            self.rest.item();
        });
        fields
    }
}
