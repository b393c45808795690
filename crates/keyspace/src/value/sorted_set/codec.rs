//! Sorted sets into bytes and back.

use super::{Form, PACKED_MEMBERS_MAX, SortedSet, SortedSetEffect};
use crate::Str;
use crate::codec::tag::{effect as effect_tag, value as tag};
use crate::codec::{Change, CodecError, ReadChange, Reader, are_distinct, write};
use crate::collections::rank_tree::{RankTree, compare};
use crate::collections::scan_map::ScanMap;

/// What the shortest member takes: a score and a length.
const MEMBER_BYTES_MIN: usize = size_of::<f64>() + 1;

impl SortedSet {
    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        out.push(match self.form {
            Form::Packed(_) => tag::SORTED_SET_PACKED,
            Form::Indexed { .. } => tag::SORTED_SET_INDEXED,
        });
        write::count(out, self.len());
        for (member, score) in self.iter() {
            write::double(out, score);
            write::item(out, member);
        }
    }

    pub(crate) fn decode(tag: u8, reader: &mut Reader<'_>) -> Result<Self, CodecError> {
        let members = decode_members(reader)?;
        reader.ensure(!members.is_empty(), "sorted set without members")?;
        let member_bytes = members.iter().map(|(member, _)| member.len()).sum();
        let form = match tag {
            tag::SORTED_SET_PACKED => packed(reader, members)?,
            _ => indexed(reader, members)?,
        };
        Ok(Self { form, member_bytes })
    }
}

/// Members in order.
fn decode_members(reader: &mut Reader<'_>) -> Result<Vec<(Str, f64)>, CodecError> {
    let mut members: Vec<(Str, f64)> = Vec::new();
    let count = reader.count(MEMBER_BYTES_MIN)?;
    members.reserve_exact(count);
    for _ in 0..count {
        let score = decode_score(reader)?;
        let member = reader.string()?;
        let ascends = members
            .last()
            .is_none_or(|(last, last_score)| compare((*last_score, last), (score, &member)).is_lt());
        reader.ensure(ascends, "members out of order")?;
        members.push((member, score));
    }
    Ok(members)
}

fn decode_score(reader: &mut Reader<'_>) -> Result<f64, CodecError> {
    let score = reader.double()?;
    reader.ensure(!score.is_nan(), "score that is not a number")?;
    Ok(score)
}

fn packed(reader: &Reader<'_>, members: Vec<(Str, f64)>) -> Result<Form, CodecError> {
    reader.ensure(members.len() <= PACKED_MEMBERS_MAX, "too many members for a packed sorted set")?;
    let names = members.iter().map(|(member, _)| &**member);
    reader.ensure(are_distinct(names), "member that comes twice")?;
    Ok(Form::Packed(members))
}

fn indexed(reader: &Reader<'_>, members: Vec<(Str, f64)>) -> Result<Form, CodecError> {
    let mut scores = ScanMap::with_capacity(reader.seed, members.len());
    let mut order = RankTree::new();
    for (member, score) in members {
        let old = scores.insert(member.clone(), score);
        reader.ensure(old.is_none(), "member that comes twice")?;
        order.insert(score, member);
    }
    Ok(Form::Indexed { scores, order })
}

impl Change for SortedSetEffect {
    fn tag(&self) -> u8 {
        match self {
            Self::Put { .. } => effect_tag::SORTED_SET_PUT,
            Self::Remove(_) => effect_tag::SORTED_SET_REMOVE,
            Self::RemoveRanks(_) => effect_tag::SORTED_SET_REMOVE_RANKS,
        }
    }

    fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Self::Put { member, score } => {
                write::double(out, *score);
                write::item(out, member);
            }
            Self::Remove(member) => write::item(out, member),
            Self::RemoveRanks(ranks) => {
                write::count(out, ranks.start);
                write::count(out, ranks.end);
            }
        }
    }
}

impl ReadChange for SortedSetEffect {
    fn decode(tag: u8, reader: &mut Reader<'_>) -> Result<Self, CodecError> {
        match tag {
            effect_tag::SORTED_SET_PUT => {
                let score = decode_score(reader)?;
                Ok(Self::Put { member: reader.string()?, score })
            }
            effect_tag::SORTED_SET_REMOVE => Ok(Self::Remove(reader.string()?)),
            effect_tag::SORTED_SET_REMOVE_RANKS => {
                Ok(Self::RemoveRanks(reader.position()?..reader.position()?))
            }
            _ => Err(reader.error("not a change of a sorted set")),
        }
    }
}
