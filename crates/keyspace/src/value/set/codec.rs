//! Sets into bytes and back.

use super::{Form, INTS_MAX, PACKED_MAX, Set, SetEffect, cost_of};

use crate::codec::tag::{effect as effect_tag, value as tag};
use crate::codec::{Change, CodecError, ReadChange, Reader, are_distinct, write};
use crate::collections::scan_map::ScanMap;

impl Set {
    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        match &self.form {
            Form::Ints(ints) => {
                out.push(tag::SET_INTS);
                encode_ints(out, ints);
            }
            Form::Packed(members) => {
                out.push(tag::SET_PACKED);
                write::count(out, members.len());
                members.iter().for_each(|member| write::item(out, member));
            }
            Form::Table(table) => {
                out.push(tag::SET_TABLE);
                write::count(out, table.len());
                table.iter().for_each(|(member, ())| write::item(out, member));
            }
        }
    }

    pub(crate) fn decode(tag: u8, reader: &mut Reader<'_>) -> Result<Self, CodecError> {
        let form = match tag {
            tag::SET_INTS => Form::Ints(decode_ints(reader)?),
            tag::SET_PACKED => {
                let members = reader.sequence(1, Reader::string)?;
                reader.ensure(members.len() <= PACKED_MAX, "too many members for a packed set")?;
                reader.ensure(are_distinct(members.iter().map(|m| &**m)), "member that comes twice")?;
                Form::Packed(members)
            }
            _ => Form::Table(decode_table(reader)?),
        };
        let mut set = Self { form, bytes: 0 };
        reader.ensure(!set.is_empty(), "set without members")?;
        set.bytes = set.iter().map(|member| cost_of(&member)).sum();
        Ok(set)
    }
}

/// The first, and then each as its distance from the one before.
fn encode_ints(out: &mut Vec<u8>, ints: &[i64]) {
    write::count(out, ints.len());
    if let Some(first) = ints.first() {
        write::signed(out, *first);
    }
    ints.windows(2).for_each(|pair| write::number(out, pair[1].abs_diff(pair[0])));
}

fn decode_ints(reader: &mut Reader<'_>) -> Result<Vec<i64>, CodecError> {
    let mut last = None;
    let ints = reader.sequence(1, |reader| {
        let n = match last {
            None => Some(reader.signed()?),
            Some(last) => {
                let distance = reader.number()?;
                i64::checked_add_unsigned(last, distance).filter(|_| distance > 0)
            }
        };
        last = n;
        n.ok_or_else(|| reader.error("integers that do not ascend"))
    })?;
    reader.ensure(ints.len() <= INTS_MAX, "too many members for a set of integers")?;
    Ok(ints)
}

fn decode_table(reader: &mut Reader<'_>) -> Result<ScanMap<()>, CodecError> {
    let count = reader.count(1)?;
    let mut table = ScanMap::with_capacity(reader.seed, count);
    for _ in 0..count {
        let old = table.insert(reader.string()?, ());
        reader.ensure(old.is_none(), "member that comes twice")?;
    }
    Ok(table)
}

impl Change for SetEffect {
    fn tag(&self) -> u8 {
        match self {
            Self::Add(_) => effect_tag::SET_ADD,
            Self::Remove(_) => effect_tag::SET_REMOVE,
            Self::AddToTable(_) => effect_tag::SET_ADD_TO_TABLE,
        }
    }

    fn encode(&self, out: &mut Vec<u8>) {
        let (Self::Add(members) | Self::AddToTable(members) | Self::Remove(members)) = self;
        write::count(out, members.len());
        members.iter().for_each(|member| write::item(out, member));
    }
}

impl ReadChange for SetEffect {
    fn decode(tag: u8, reader: &mut Reader<'_>) -> Result<Self, CodecError> {
        let members = reader.sequence(1, Reader::string)?;
        match tag {
            effect_tag::SET_ADD => Ok(Self::Add(members)),
            effect_tag::SET_REMOVE => Ok(Self::Remove(members)),
            effect_tag::SET_ADD_TO_TABLE => Ok(Self::AddToTable(members)),
            _ => Err(reader.error("not a change of a set")),
        }
    }
}
