//! Streams into bytes and back.

use super::entries::Entries;
use super::{Counters, Delivery, Group, Id, Name, Record, Stream, StreamEffect};
use crate::Str;
use crate::codec::tag::{effect as effect_tag, value as value_tag};
use crate::codec::{Change, CodecError, ReadChange, Reader, write};

/// What the shortest id takes: two numbers.
pub(super) const ID_BYTES_MIN: usize = 2;

impl Stream {
    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        out.push(value_tag::STREAM);
        encode_counters(out, self.counters);
        self.entries.encode(out);
        write::count(out, self.groups.len());
        for (name, group) in self.groups() {
            write::item(out, name);
            encode_group(out, group);
        }
    }

    pub(crate) fn decode(reader: &mut Reader<'_>) -> Result<Self, CodecError> {
        let counters = decode_counters(reader)?;
        let entries = Entries::decode(reader)?;
        let last_id = entries.last().unwrap_or(Id::MIN);
        reader.ensure(last_id <= counters.last_id, "entry after the last id")?;
        let mut stream = Self { counters, entries, ..Self::default() };
        for _ in 0..reader.count(1)? {
            stream.decode_group(reader)?;
        }
        Ok(stream)
    }

    fn decode_group(&mut self, reader: &mut Reader<'_>) -> Result<(), CodecError> {
        let name = Name::new(reader.item()?);
        let mut group = Group::new(decode_id(reader)?, reader.option(Reader::number)?);
        for _ in 0..reader.count(1)? {
            decode_consumer(reader, &mut group)?;
        }
        let ids = group.pending_range(Id::MIN..=Id::MAX).map(|(id, ..)| (id, Some(name.clone())));
        self.references.extend(ids);
        self.group_bytes += group.bytes(&name);
        let old = self.groups.insert(name, group);
        reader.ensure(old.is_none(), "group that comes twice")
    }
}

fn encode_group(out: &mut Vec<u8>, group: &Group) {
    encode_id(out, group.last_id);
    write::option(out, group.entries_read, write::number);
    write::count(out, group.consumers().len());
    for (name, consumer) in group.consumers() {
        write::item(out, name);
        write::signed(out, consumer.seen_at_ms);
        write::option(out, consumer.active_at_ms, write::signed);
        write::count(out, consumer.pending_len());
        group.pending_range_of(name, Id::MIN..=Id::MAX).for_each(|pending| encode_pending(out, pending));
    }
}

fn decode_consumer(reader: &mut Reader<'_>, group: &mut Group) -> Result<(), CodecError> {
    let name = reader.item()?;
    let (seen_at_ms, active_at_ms) = (reader.signed()?, reader.option(Reader::signed)?);
    let is_new = group.put_consumer(name, seen_at_ms, active_at_ms);
    reader.ensure(is_new, "consumer that comes twice")?;
    for _ in 0..reader.count(PENDING_BYTES_MIN)? {
        let (id, delivery) = decode_pending(reader)?;
        let is_new = group.assign(name, id, delivery);
        reader.ensure(is_new, "entry that is pending twice")?;
    }
    Ok(())
}

pub(super) fn encode_id(out: &mut Vec<u8>, id: Id) {
    write::number(out, id.ms);
    write::number(out, id.seq);
}

pub(super) fn decode_id(reader: &mut Reader<'_>) -> Result<Id, CodecError> {
    Ok(Id::new(reader.number()?, reader.number()?))
}

fn encode_counters(out: &mut Vec<u8>, counters: Counters) {
    encode_id(out, counters.last_id);
    encode_id(out, counters.max_deleted_id);
    write::number(out, counters.entries_added);
}

fn decode_counters(reader: &mut Reader<'_>) -> Result<Counters, CodecError> {
    let (last_id, max_deleted_id) = (decode_id(reader)?, decode_id(reader)?);
    Ok(Counters { last_id, max_deleted_id, entries_added: reader.number()? })
}

/// What the shortest pending entry takes: an id, a time, a count.
const PENDING_BYTES_MIN: usize = ID_BYTES_MIN + 2;

fn encode_pending(out: &mut Vec<u8>, (id, delivery): (Id, Delivery)) {
    encode_id(out, id);
    write::signed(out, delivery.at_ms);
    write::number(out, delivery.count);
}

fn decode_pending(reader: &mut Reader<'_>) -> Result<(Id, Delivery), CodecError> {
    let id = decode_id(reader)?;
    Ok((id, Delivery { at_ms: reader.signed()?, count: reader.number()? }))
}

fn encode_record(out: &mut Vec<u8>, record: &Record) {
    encode_id(out, record.id);
    write::count(out, record.fields.len());
    for (name, value) in &record.fields {
        write::item(out, name);
        write::item(out, value);
    }
}

fn decode_record(reader: &mut Reader<'_>) -> Result<Record, CodecError> {
    let id = decode_id(reader)?;
    let fields = reader.sequence(2, |reader| Ok((reader.string()?, reader.string()?)))?;
    Ok(Record { id, fields })
}

fn encode_all<T>(out: &mut Vec<u8>, items: &[T], mut encode: impl FnMut(&mut Vec<u8>, &T)) {
    write::count(out, items.len());
    items.iter().for_each(|item| encode(out, item));
}

/// Ids in ascending order, each once, as removals want them.
fn decode_ascending_ids(reader: &mut Reader<'_>) -> Result<Vec<Id>, CodecError> {
    let ids = reader.sequence(ID_BYTES_MIN, decode_id)?;
    reader.ensure(ids.is_sorted_by(|one, other| one < other), "ids that do not ascend")?;
    Ok(ids)
}

fn decode_records(reader: &mut Reader<'_>) -> Result<Vec<Record>, CodecError> {
    let records = reader.sequence(ID_BYTES_MIN + 1, decode_record)?;
    reader.ensure(records.is_sorted_by(|one, other| one.id < other.id), "ids that do not ascend")?;
    Ok(records)
}

impl Change for StreamEffect {
    fn tag(&self) -> u8 {
        match self {
            Self::Append(_) => effect_tag::STREAM_APPEND,
            Self::Insert(_) => effect_tag::STREAM_INSERT,
            Self::Remove(_) => effect_tag::STREAM_REMOVE,
            Self::RemoveBefore(_) => effect_tag::STREAM_REMOVE_BEFORE,
            Self::Count(_) => effect_tag::STREAM_COUNT,
            Self::PutGroup { .. } => effect_tag::STREAM_PUT_GROUP,
            Self::RemoveGroup { .. } => effect_tag::STREAM_REMOVE_GROUP,
            Self::PutConsumer { .. } => effect_tag::STREAM_PUT_CONSUMER,
            Self::RemoveConsumer { .. } => effect_tag::STREAM_REMOVE_CONSUMER,
            Self::Assign { .. } => effect_tag::STREAM_ASSIGN,
            Self::Release { .. } => effect_tag::STREAM_RELEASE,
        }
    }

    fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Self::Append(record) => encode_record(out, record),
            Self::Insert(records) => encode_all(out, records, encode_record),
            Self::Remove(ids) => encode_all(out, ids, |out, &id| encode_id(out, id)),
            Self::RemoveBefore(id) => encode_id(out, *id),
            Self::Count(counters) => encode_counters(out, *counters),
            Self::PutGroup { group, last_id, entries_read } => {
                write::item(out, group);
                encode_id(out, *last_id);
                write::option(out, *entries_read, write::number);
            }
            Self::RemoveGroup { group } => write::item(out, group),
            Self::PutConsumer { group, consumer, seen_at_ms, active_at_ms } => {
                write::item(out, group);
                write::item(out, consumer);
                write::signed(out, *seen_at_ms);
                write::option(out, *active_at_ms, write::signed);
            }
            Self::RemoveConsumer { group, consumer } => {
                write::item(out, group);
                write::item(out, consumer);
            }
            Self::Assign { group, consumer, pending } => {
                write::item(out, group);
                write::item(out, consumer);
                encode_all(out, pending, |out, &pending| encode_pending(out, pending));
            }
            Self::Release { group, ids } => {
                write::item(out, group);
                encode_all(out, ids, |out, &id| encode_id(out, id));
            }
        }
    }
}

impl ReadChange for StreamEffect {
    fn decode(tag: u8, reader: &mut Reader<'_>) -> Result<Self, CodecError> {
        match tag {
            effect_tag::STREAM_APPEND => Ok(Self::Append(decode_record(reader)?)),
            effect_tag::STREAM_INSERT => Ok(Self::Insert(decode_records(reader)?)),
            effect_tag::STREAM_REMOVE => Ok(Self::Remove(decode_ascending_ids(reader)?)),
            effect_tag::STREAM_REMOVE_BEFORE => Ok(Self::RemoveBefore(decode_id(reader)?)),
            effect_tag::STREAM_COUNT => Ok(Self::Count(decode_counters(reader)?)),
            _ => decode_group_effect(tag, reader.string()?, reader),
        }
    }
}

fn decode_group_effect(tag: u8, group: Str, reader: &mut Reader<'_>) -> Result<StreamEffect, CodecError> {
    Ok(match tag {
        effect_tag::STREAM_PUT_GROUP => {
            let last_id = decode_id(reader)?;
            StreamEffect::PutGroup { group, last_id, entries_read: reader.option(Reader::number)? }
        }
        effect_tag::STREAM_REMOVE_GROUP => StreamEffect::RemoveGroup { group },
        effect_tag::STREAM_PUT_CONSUMER => {
            let (consumer, seen_at_ms) = (reader.string()?, reader.signed()?);
            let active_at_ms = reader.option(Reader::signed)?;
            StreamEffect::PutConsumer { group, consumer, seen_at_ms, active_at_ms }
        }
        effect_tag::STREAM_REMOVE_CONSUMER => {
            StreamEffect::RemoveConsumer { group, consumer: reader.string()? }
        }
        effect_tag::STREAM_ASSIGN => {
            let consumer = reader.string()?;
            let pending = reader.sequence(PENDING_BYTES_MIN, decode_pending)?;
            StreamEffect::Assign { group, consumer, pending }
        }
        effect_tag::STREAM_RELEASE => {
            StreamEffect::Release { group, ids: reader.sequence(ID_BYTES_MIN, decode_id)? }
        }
        _ => return Err(reader.error("not a change of a stream")),
    })
}
