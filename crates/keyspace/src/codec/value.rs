//! Values of any type.

use super::tag::value as tag;
use super::{CodecError, Reader};
use crate::Value;
use crate::value::{Array, Hash, Json, List, Set, SortedSet, Stream, Text};

impl Value {
    /// Appends the value.
    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Self::Text(text) => text.encode(out),
            Self::List(list) => list.encode(out),
            Self::Hash(hash) => hash.encode(out),
            Self::Set(set) => set.encode(out),
            Self::SortedSet(set) => set.encode(out),
            Self::Json(json) => json.encode(out),
            Self::Stream(stream) => stream.encode(out),
            Self::Array(array) => array.encode(out),
        }
    }

    /// Reads a value, which is what it was in everything that a client can see.
    pub(crate) fn decode(reader: &mut Reader<'_>) -> Result<Self, CodecError> {
        let tag = reader.byte()?;
        Ok(match tag {
            tag::TEXT_INT..=tag::TEXT_BUFFER => Self::Text(Text::decode(tag, reader)?),
            tag::LIST_PACKED..=tag::LIST_CHAINED => Self::List(Box::new(List::decode(tag, reader)?)),
            tag::HASH_PACKED..=tag::HASH_MAPPED_EXPIRING => Self::Hash(Box::new(Hash::decode(tag, reader)?)),
            tag::SET_INTS..=tag::SET_TABLE => Self::Set(Box::new(Set::decode(tag, reader)?)),
            tag::SORTED_SET_PACKED..=tag::SORTED_SET_INDEXED => {
                Self::SortedSet(Box::new(SortedSet::decode(tag, reader)?))
            }
            tag::JSON => Self::Json(Box::new(Json::decode(reader)?)),
            tag::STREAM => Self::Stream(Box::new(Stream::decode(reader)?)),
            tag::ARRAY => Self::Array(Box::new(Array::decode(reader)?)),
            _ => return Err(reader.error("unknown kind of value")),
        })
    }
}
