//! Streams: listpacks of entries, and then groups with what is pending in them.
//!
//! A listpack begins with the names of the fields that its first entry has; entries with the same names leave them out.
//! The ids in it are told by how far they are from the one that the listpack stands under.

use std::collections::BTreeMap;

use latchkey_keyspace::value::stream::{Builder, Counters, Delivery, Entry, Group, Id, Record, Stream};
use latchkey_keyspace::{Contents, Str, Value};

use crate::error::{Flaw, Result};
use crate::input::Input;
use crate::pack::{Listpack, ListpackWriter};
use crate::{kind, output};

/// Redis begins another listpack rather than let one have more entries than this.
const LISTPACK_ENTRIES_MAX: usize = 100;
/// Redis begins another listpack rather than let one become longer than this.
const LISTPACK_BYTES_MAX: usize = 4096;

/// An entry that was deleted.
const DELETED: i64 = 1;
/// An entry with the names that the listpack begins with.
const SHARES_NAMES: i64 = 2;

/// How a group says that it does not know how many entries it has read.
const UNKNOWN: u64 = u64::MAX;

pub(super) fn read(input: &mut Input<'_>, kind: u8) -> Result<Value> {
    let mut stream = Builder::default();
    for _ in 0..input.length()? {
        let first = id_of(&input.string()?).map_err(|what| input.flaw(what))?;
        let pack = input.string()?;
        read_entries(input, &mut stream, first, &pack)?;
    }
    let counters = read_counters(input, &stream, kind)?;
    stream.set_counters(counters);
    for _ in 0..input.length()? {
        read_group(input, &mut stream, kind)?;
    }
    Ok(Value::Stream(Box::new(stream.finish())))
}

fn read_entries(input: &mut Input<'_>, stream: &mut Builder, first: Id, pack: &[u8]) -> Result<()> {
    let mut entries = Entries::new(first, pack).map_err(|what| input.flaw(what))?;
    while let Some(record) = entries.next().map_err(|what| input.flaw(what))? {
        let before = stream.bytes();
        if !stream.append(&record) {
            return Err(input.flaw("ids of a stream that do not ascend"));
        }
        input.spend(stream.bytes() - before)?;
    }
    Ok(())
}

/// The entries in a listpack.
struct Entries<'a> {
    first: Id,
    items: Listpack<'a>,
    names: Vec<Str>,
    /// How many entries are left, deleted ones included.
    left: i64,
}

impl<'a> Entries<'a> {
    fn new(first: Id, pack: &'a [u8]) -> Result<Self, Flaw> {
        let mut items = Listpack::new(pack)?;
        let (live, deleted) = (count(&mut items)?, count(&mut items)?);
        let left = live.checked_add(deleted).ok_or("a stream of too many entries")?;
        let names =
            (0..count(&mut items)?).map(|_| Ok(items.need()?.to_str())).collect::<Result<_, Flaw>>()?;
        items.need()?.as_int()?; // stands for the length of an entry
        Ok(Self { first, items, names, left })
    }

    /// The next entry that was not deleted.
    fn next(&mut self) -> Result<Option<Record>, Flaw> {
        while self.left > 0 {
            self.left -= 1;
            let flags = self.items.need()?.as_int()?;
            let record = self.record(flags)?;
            self.items.need()?.as_int()?; // how many elements the entry has
            if flags & DELETED == 0 {
                return if record.fields.is_empty() {
                    Err("an entry without fields")
                } else {
                    Ok(Some(record))
                };
            }
        }
        match self.items.next() {
            None => Ok(None),
            Some(_) => Err("a stream with more entries than it says"),
        }
    }

    fn record(&mut self, flags: i64) -> Result<Record, Flaw> {
        let (ms, seq) = (self.items.need()?.as_int()?, self.items.need()?.as_int()?);
        // Redis lets both wrap around: a sequence may begin anew with a later millisecond.
        let id = Id::new(self.first.ms.wrapping_add_signed(ms), self.first.seq.wrapping_add_signed(seq));
        let shares = flags & SHARES_NAMES != 0;
        let count = if shares { self.names.len() as i64 } else { count(&mut self.items)? };
        let mut fields = Vec::new();
        for at in 0..count {
            let name = if shares { self.names[at as usize].clone() } else { self.items.need()?.to_str() };
            fields.push((name, self.items.need()?.to_str()));
        }
        Ok(Record { id, fields })
    }
}

fn count(items: &mut Listpack<'_>) -> Result<i64, Flaw> {
    let count = items.need()?.as_int()?;
    if count < 0 { Err("a negative count") } else { Ok(count) }
}

/// The id in an index: both halves with the highest byte first, so that indexes sort.
fn id_of(bytes: &[u8]) -> Result<Id, Flaw> {
    match bytes.as_chunks() {
        (&[ms, seq], []) => Ok(Id::new(u64::from_be_bytes(ms), u64::from_be_bytes(seq))),
        _ => Err("an id of another length"),
    }
}

fn read_id(input: &mut Input<'_>) -> Result<Id> {
    Ok(Id::new(input.length()?, input.length()?))
}

fn read_counters(input: &mut Input<'_>, stream: &Builder, kind: u8) -> Result<Counters> {
    let len = input.length()?;
    let last_id = read_id(input)?;
    let mut counters = Counters { last_id, max_deleted_id: Id::MIN, entries_added: len };
    if kind != kind::STREAM {
        read_id(input)?; // of the first entry, which there is
        counters.max_deleted_id = read_id(input)?;
        counters.entries_added = input.length()?;
    }
    if len != stream.len() as u64 {
        return Err(input.flaw("a stream of another length"));
    }
    if stream.last().is_some_and(|entry| entry.id > last_id) {
        return Err(input.flaw("a stream whose last id is not the last"));
    }
    Ok(counters)
}

fn read_group(input: &mut Input<'_>, stream: &mut Builder, kind: u8) -> Result<()> {
    let name = input.item(0)?;
    let last_id = read_id(input)?;
    let entries_read = match kind {
        // It did not tell: it can be told where the position is an end of the stream.
        kind::STREAM => stream.entries_up_to(last_id),
        _ => Some(input.length()?).filter(|&read| read != UNKNOWN),
    };
    let before = stream.bytes();
    if !stream.put_group(&name, last_id, entries_read) {
        return Err(input.flaw("a stream with a group twice"));
    }
    input.spend(stream.bytes() - before)?;
    let mut pending = read_pending(input)?;
    for _ in 0..input.length()? {
        read_consumer(input, stream, &name, &mut pending, kind)?;
    }
    if pending.is_empty() { Ok(()) } else { Err(input.flaw("an entry that is pending with nobody")) }
}

/// What is pending in a group, whoever has it.
fn read_pending(input: &mut Input<'_>) -> Result<BTreeMap<Id, Delivery>> {
    let mut pending = BTreeMap::new();
    for _ in 0..input.length()? {
        let id = read_raw_id(input)?;
        let delivery = Delivery { at_ms: input.time_ms()?, count: input.length()? };
        if pending.insert(id, delivery).is_some() {
            return Err(input.flaw("an entry that is pending twice"));
        }
    }
    Ok(pending)
}

fn read_raw_id(input: &mut Input<'_>) -> Result<Id> {
    let bytes = input.bytes::<16>()?;
    id_of(&bytes).map_err(|what| input.flaw(what))
}

fn read_consumer(
    input: &mut Input<'_>,
    stream: &mut Builder,
    group: &[u8],
    pending: &mut BTreeMap<Id, Delivery>,
    kind: u8,
) -> Result<()> {
    let name = input.item(0)?;
    let seen_at_ms = input.time_ms()?;
    let active_at_ms = match kind {
        kind::STREAM_3 => Some(input.time_ms()?).filter(|&at_ms| at_ms >= 0),
        // Nobody told: as Redis, take it to have been active when it was last seen.
        _ => Some(seen_at_ms),
    };
    let before = stream.bytes();
    if !stream.put_consumer(group, &name, seen_at_ms, active_at_ms) {
        return Err(input.flaw("a group with a consumer twice"));
    }
    for _ in 0..input.length()? {
        let id = read_raw_id(input)?;
        let delivery =
            pending.remove(&id).ok_or_else(|| input.flaw("a consumer's entry that is not the group's"))?;
        stream.assign(group, &name, id, delivery);
    }
    input.spend(stream.bytes() - before)
}

pub(super) fn write(out: &mut Vec<u8>, stream: &Stream) {
    let packs = packs(stream);
    output::length(out, packs.len() as u64);
    for (first, pack) in packs {
        output::string(out, &raw_id(first));
        output::string(out, &pack);
    }
    let Counters { last_id, max_deleted_id, entries_added } = stream.counters();
    output::length(out, stream.len() as u64);
    write_id(out, last_id);
    write_id(out, stream.first().map_or(Id::MIN, |entry| entry.id));
    write_id(out, max_deleted_id);
    output::length(out, entries_added);
    output::length(out, stream.groups().len() as u64);
    for (name, group) in stream.groups() {
        write_group(out, name, group);
    }
}

fn write_group(out: &mut Vec<u8>, name: &[u8], group: &Group) {
    output::string(out, name);
    write_id(out, group.last_id);
    output::length(out, group.entries_read.unwrap_or(UNKNOWN));
    output::length(out, group.pending_len() as u64);
    for (id, _, delivery) in group.pending_range(Id::MIN..=Id::MAX) {
        out.extend(raw_id(id));
        out.extend(delivery.at_ms.to_le_bytes());
        output::length(out, delivery.count);
    }
    output::length(out, group.consumers().len() as u64);
    for (name, consumer) in group.consumers() {
        output::string(out, name);
        out.extend(consumer.seen_at_ms.to_le_bytes());
        output::length(out, consumer.pending_len() as u64);
        for (id, _) in group.pending_range_of(name, Id::MIN..=Id::MAX) {
            out.extend(raw_id(id));
        }
    }
}

fn write_id(out: &mut Vec<u8>, id: Id) {
    output::length(out, id.ms);
    output::length(out, id.seq);
}

fn raw_id(id: Id) -> [u8; 16] {
    (u128::from(id.ms) << 64 | u128::from(id.seq)).to_be_bytes()
}

/// The entries in listpacks, each with the id that it stands under.
fn packs(stream: &Stream) -> Vec<(Id, Vec<u8>)> {
    let mut packs = Vec::new();
    let mut entries = stream.range(Id::MIN..=Id::MAX).peekable();
    while let Some(first) = entries.next() {
        let mut bytes = bytes_of(&first);
        let mut together = vec![first];
        while let Some(entry) = entries.next_if(|entry| {
            together.len() < LISTPACK_ENTRIES_MAX && bytes + bytes_of(entry) <= LISTPACK_BYTES_MAX
        }) {
            bytes += bytes_of(&entry);
            together.push(entry);
        }
        packs.push((first.id, pack(first, &together)));
    }
    packs
}

fn bytes_of(entry: &Entry<'_>) -> usize {
    entry.fields().map(|(name, value)| name.len() + value.len()).sum()
}

/// Entries in one listpack, of which `first` is the first.
fn pack(first: Entry<'_>, entries: &[Entry<'_>]) -> Vec<u8> {
    let mut pack = ListpackWriter::new();
    pack.push_int(entries.len() as i64);
    pack.push_int(0); // deleted ones
    pack.push_int(first.fields().len() as i64);
    first.fields().for_each(|(name, _)| pack.push(name));
    pack.push_int(0);
    for entry in entries {
        let count = entry.fields().len() as i64;
        let names = || entry.fields().map(|(name, _)| name);
        let shares = names().eq(first.fields().map(|(name, _)| name));
        pack.push_int(if shares { SHARES_NAMES } else { 0 });
        pack.push_int(entry.id.ms.wrapping_sub(first.id.ms).cast_signed());
        pack.push_int(entry.id.seq.wrapping_sub(first.id.seq).cast_signed());
        if !shares {
            pack.push_int(count);
        }
        for (name, value) in entry.fields() {
            if !shares {
                pack.push(name);
            }
            pack.push(value);
        }
        // How many elements the entry has, for those who read backwards.
        pack.push_int(if shares { count + 3 } else { 2 * count + 4 });
    }
    pack.finish()
}
