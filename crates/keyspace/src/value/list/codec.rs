//! Lists into bytes and back.

use super::{End, List, ListEffect, cost_of};

use crate::codec::tag::{effect as effect_tag, value as tag};
use crate::codec::{Change, CodecError, ReadChange, Reader, write};

impl List {
    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        out.push(if self.is_chained { tag::LIST_CHAINED } else { tag::LIST_PACKED });
        write::count(out, self.items.len());
        self.items.iter().for_each(|item| write::item(out, item));
    }

    pub(crate) fn decode(tag: u8, reader: &mut Reader<'_>) -> Result<Self, CodecError> {
        let items = reader.sequence(1, Reader::string)?;
        reader.ensure(!items.is_empty(), "list without elements")?;
        let bytes = items.iter().map(cost_of).sum();
        Ok(Self { items: items.into(), bytes, is_chained: tag == tag::LIST_CHAINED })
    }
}

impl Change for ListEffect {
    fn tag(&self) -> u8 {
        match self {
            Self::Push { end: End::Front, .. } => effect_tag::LIST_PUSH_FRONT,
            Self::Push { end: End::Back, .. } => effect_tag::LIST_PUSH_BACK,
            Self::Pop { end: End::Front, .. } => effect_tag::LIST_POP_FRONT,
            Self::Pop { end: End::Back, .. } => effect_tag::LIST_POP_BACK,
            Self::Set { .. } => effect_tag::LIST_SET,
            Self::Insert(_) => effect_tag::LIST_INSERT,
            Self::Remove(_) => effect_tag::LIST_REMOVE,
        }
    }

    fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Self::Push { items, .. } => {
                write::count(out, items.len());
                items.iter().for_each(|item| write::item(out, item));
            }
            Self::Pop { count, .. } => write::count(out, *count),
            Self::Set { index, item } => {
                write::count(out, *index);
                write::item(out, item);
            }
            Self::Insert(added) => {
                let added = added.iter().map(|(index, item)| (*index, item));
                write::ascending(out, added, |out, item| write::item(out, item));
            }
            Self::Remove(indexes) => {
                write::ascending(out, indexes.iter().map(|&index| (index, ())), |_, ()| ());
            }
        }
    }
}

impl ReadChange for ListEffect {
    fn decode(tag: u8, reader: &mut Reader<'_>) -> Result<Self, CodecError> {
        let mut push = |end| Ok(Self::Push { end, items: reader.sequence(1, Reader::string)? });
        match tag {
            effect_tag::LIST_PUSH_FRONT => push(End::Front),
            effect_tag::LIST_PUSH_BACK => push(End::Back),
            effect_tag::LIST_POP_FRONT => Ok(Self::Pop { end: End::Front, count: reader.position()? }),
            effect_tag::LIST_POP_BACK => Ok(Self::Pop { end: End::Back, count: reader.position()? }),
            effect_tag::LIST_SET => Ok(Self::Set { index: reader.position()?, item: reader.string()? }),
            effect_tag::LIST_INSERT => {
                Ok(Self::Insert(reader.ascending(|reader, index| Ok((index, reader.string()?)))?))
            }
            effect_tag::LIST_REMOVE => Ok(Self::Remove(reader.ascending(|_, index| Ok(index))?)),
            _ => Err(reader.error("not a change of a list")),
        }
    }
}
