//! Hashes into bytes and back.

use super::{Fields, Hash, HashEffect, NEVER, PACKED_FIELDS_MAX, Slot, cost_of};
use crate::Str;
use crate::codec::tag::{effect as effect_tag, value as tag};
use crate::codec::{Change, CodecError, ReadChange, Reader, are_distinct, write};
use crate::collections::scan_map::ScanMap;

/// What the shortest field takes: two lengths.
const FIELD_BYTES_MIN: usize = 2;

impl Hash {
    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        let expires = self.deadlines.len() > 0;
        out.push(match (&self.fields, expires) {
            (Fields::Packed(_), false) => tag::HASH_PACKED,
            (Fields::Packed(_), true) => tag::HASH_PACKED_EXPIRING,
            (Fields::Mapped(_), false) => tag::HASH_MAPPED,
            (Fields::Mapped(_), true) => tag::HASH_MAPPED_EXPIRING,
        });
        write::count(out, self.fields.len());
        for (name, slot) in self.fields.iter() {
            write::item(out, name);
            write::item(out, &slot.value);
            if expires {
                write::option(out, slot.deadline_ms(), write::signed);
            }
        }
    }

    pub(crate) fn decode(tag: u8, reader: &mut Reader<'_>) -> Result<Self, CodecError> {
        let expires = matches!(tag, tag::HASH_PACKED_EXPIRING | tag::HASH_MAPPED_EXPIRING);
        let fields = match tag {
            tag::HASH_PACKED | tag::HASH_PACKED_EXPIRING => decode_packed(reader, expires)?,
            _ => decode_mapped(reader, expires)?,
        };
        reader.ensure(fields.len() > 0, "hash without fields")?;
        Ok(Self::of_fields(fields))
    }

    fn of_fields(fields: Fields) -> Self {
        let mut hash = Self { fields, ..Self::default() };
        for (name, slot) in hash.fields.iter() {
            hash.bytes += cost_of(name, slot.value.len(), slot.expires_at_ms);
            if slot.expires_at_ms != NEVER {
                hash.deadlines.insert(slot.expires_at_ms, name.clone());
            }
        }
        hash
    }
}

fn decode_packed(reader: &mut Reader<'_>, expires: bool) -> Result<Fields, CodecError> {
    let fields = reader.sequence(FIELD_BYTES_MIN, |reader| decode_field(reader, expires))?;
    reader.ensure(fields.len() <= PACKED_FIELDS_MAX, "too many fields for a packed hash")?;
    reader.ensure(are_distinct(fields.iter().map(|(name, _)| &**name)), "field that comes twice")?;
    Ok(Fields::Packed(fields))
}

fn decode_mapped(reader: &mut Reader<'_>, expires: bool) -> Result<Fields, CodecError> {
    let count = reader.count(FIELD_BYTES_MIN)?;
    let mut fields = ScanMap::with_capacity(reader.seed, count);
    for _ in 0..count {
        let (name, slot) = decode_field(reader, expires)?;
        let old = fields.insert(name, slot);
        reader.ensure(old.is_none(), "field that comes twice")?;
    }
    Ok(Fields::Mapped(fields))
}

fn decode_field(reader: &mut Reader<'_>, expires: bool) -> Result<(Str, Slot), CodecError> {
    let (name, value) = (reader.string()?, reader.string()?);
    let expires_at_ms = if expires { reader.option(Reader::signed)? } else { None };
    Ok((name, Slot { value, expires_at_ms: expires_at_ms.unwrap_or(NEVER) }))
}

impl Change for HashEffect {
    fn tag(&self) -> u8 {
        match self {
            Self::Put { .. } => effect_tag::HASH_PUT,
            Self::Expire { .. } => effect_tag::HASH_EXPIRE,
            Self::Remove { .. } => effect_tag::HASH_REMOVE,
        }
    }

    fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Self::Put { field, value, expires_at_ms } => {
                write::item(out, field);
                write::item(out, value);
                write::option(out, *expires_at_ms, write::signed);
            }
            Self::Expire { field, expires_at_ms } => {
                write::item(out, field);
                write::option(out, *expires_at_ms, write::signed);
            }
            Self::Remove { field } => write::item(out, field),
        }
    }
}

impl ReadChange for HashEffect {
    fn decode(tag: u8, reader: &mut Reader<'_>) -> Result<Self, CodecError> {
        let field = reader.string()?;
        match tag {
            effect_tag::HASH_PUT => {
                let value = reader.string()?;
                Ok(Self::Put { field, value, expires_at_ms: reader.option(Reader::signed)? })
            }
            effect_tag::HASH_EXPIRE => {
                Ok(Self::Expire { field, expires_at_ms: reader.option(Reader::signed)? })
            }
            effect_tag::HASH_REMOVE => Ok(Self::Remove { field }),
            _ => Err(reader.error("not a change of a hash")),
        }
    }
}
