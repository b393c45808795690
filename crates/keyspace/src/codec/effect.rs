//! Effects.

use super::tag::effect as tag;
use super::{CodecError, Reader, write};
use crate::value::{array, hash, json, list, set, sorted_set, stream, text};
use crate::{Effect, Value};

/// A change inside a value, into bytes and back. The key is written by whoever knows it.
pub trait Change: Sized {
    /// The number that stands for what it does.
    fn tag(&self) -> u8;
    /// Appends everything else.
    fn encode(&self, out: &mut Vec<u8>);
}

/// Reads what [`Change`] wrote.
pub(crate) trait ReadChange: Change {
    /// Reads the change that `tag` stands for, which is one of this type's.
    fn decode(tag: u8, reader: &mut Reader<'_>) -> Result<Self, CodecError>;
}

/// Appends a change inside the value of a key.
pub(crate) fn encode_change(out: &mut Vec<u8>, key: &[u8], change: &impl Change) {
    write::framed(out, |out| {
        out.push(change.tag());
        write::item(out, key);
        change.encode(out);
    });
}

/// Appends that a key gets a value and a deadline.
pub(crate) fn encode_put(out: &mut Vec<u8>, key: &[u8], value: &Value, expires_at_ms: Option<i64>) {
    write::framed(out, |out| {
        out.push(tag::PUT);
        write::item(out, key);
        write::option(out, expires_at_ms, write::signed);
        value.encode(out);
    });
}

impl Effect {
    /// Appends the effect.
    pub fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Self::Put { key, value, expires_at_ms } => encode_put(out, key, value, *expires_at_ms),
            Self::Remove { key } => write::framed(out, |out| {
                out.push(tag::REMOVE);
                write::item(out, key);
            }),
            Self::Expire { key, expires_at_ms } => write::framed(out, |out| {
                out.push(tag::EXPIRE);
                write::item(out, key);
                write::option(out, *expires_at_ms, write::signed);
            }),
            Self::Rename { source, destination } => write::framed(out, |out| {
                out.push(tag::RENAME);
                write::item(out, source);
                write::item(out, destination);
            }),
            Self::Clear => write::framed(out, |out| out.push(tag::CLEAR)),
            Self::Library { name, code } => write::framed(out, |out| {
                out.push(tag::LIBRARY);
                write::item(out, name);
                write::option(out, code.as_ref(), |out, code| write::item(out, code));
            }),
            Self::Text { key, effect } => encode_change(out, key, effect),
            Self::List { key, effect } => encode_change(out, key, effect),
            Self::Hash { key, effect } => encode_change(out, key, effect),
            Self::Set { key, effect } => encode_change(out, key, effect),
            Self::SortedSet { key, effect } => encode_change(out, key, effect),
            Self::Json { key, effect } => encode_change(out, key, effect),
            Self::Stream { key, effect } => encode_change(out, key, effect),
            Self::Array { key, effect } => encode_change(out, key, effect),
        }
    }

    /// Reads an effect.
    pub(crate) fn decode(reader: &mut Reader<'_>) -> Result<Self, CodecError> {
        let mut reader = reader.framed()?;
        let effect = Self::decode_body(&mut reader)?;
        reader.finish()?;
        Ok(effect)
    }

    fn decode_body(reader: &mut Reader<'_>) -> Result<Self, CodecError> {
        let tag = reader.byte()?;
        if tag == tag::CLEAR {
            return Ok(Self::Clear);
        }
        let key = reader.string()?;
        Ok(match tag {
            tag::PUT => {
                let expires_at_ms = reader.option(Reader::signed)?;
                Self::Put { key, value: Value::decode(reader)?, expires_at_ms }
            }
            tag::REMOVE => Self::Remove { key },
            tag::EXPIRE => Self::Expire { key, expires_at_ms: reader.option(Reader::signed)? },
            tag::RENAME => Self::Rename { source: key, destination: reader.string()? },
            tag::LIBRARY => Self::Library { name: key, code: reader.option(Reader::string)? },
            tag::TEXT_WRITE..=tag::TEXT_CUT => {
                Self::Text { key, effect: text::TextEffect::decode(tag, reader)? }
            }
            tag::LIST_PUSH_FRONT..=tag::LIST_REMOVE => {
                Self::List { key, effect: list::ListEffect::decode(tag, reader)? }
            }
            tag::HASH_PUT..=tag::HASH_REMOVE => {
                Self::Hash { key, effect: hash::HashEffect::decode(tag, reader)? }
            }
            tag::SET_ADD..=tag::SET_ADD_TO_TABLE => {
                Self::Set { key, effect: set::SetEffect::decode(tag, reader)? }
            }
            tag::SORTED_SET_PUT..=tag::SORTED_SET_REMOVE_RANKS => {
                Self::SortedSet { key, effect: sorted_set::SortedSetEffect::decode(tag, reader)? }
            }
            tag::JSON_SET..=tag::JSON_EMPTY => {
                Self::Json { key, effect: json::JsonEffect::decode(tag, reader)? }
            }
            tag::STREAM_APPEND..=tag::STREAM_RELEASE => {
                Self::Stream { key, effect: stream::StreamEffect::decode(tag, reader)? }
            }
            tag::ARRAY_PUT..=tag::ARRAY_SEEK => {
                Self::Array { key, effect: array::ArrayEffect::decode(tag, reader)? }
            }
            _ => return Err(reader.error("unknown kind of effect")),
        })
    }
}

/// What an effect touches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Touched<'a> {
    /// A key.
    Key(&'a [u8]),
    /// The key that has another name now, and what was under that.
    Renamed {
        /// The old name.
        source: &'a [u8],
        /// The new name.
        destination: &'a [u8],
    },
    /// All keys.
    All,
}

impl Touched<'_> {
    /// Whether it is one of these keys, or all.
    pub fn is_any(&self, is_one: impl Fn(&[u8]) -> bool) -> bool {
        match *self {
            Self::Key(key) => is_one(key),
            Self::Renamed { source, destination } => is_one(source) || is_one(destination),
            Self::All => true,
        }
    }
}

/// Calls `visit` with what the effects of a record touch, in order, without decoding more of them than that.
/// Libraries are no keys, so what changes one is passed over.
pub fn touched<'a>(record: &'a [u8], mut visit: impl FnMut(Touched<'a>)) -> Result<(), CodecError> {
    let mut effects = Reader::new(record, 0);
    while !effects.is_empty() {
        read_touched(&mut effects)?.into_iter().for_each(&mut visit);
    }
    Ok(())
}

/// Passes over an effect. What it touches, unless it is a library.
pub(super) fn read_touched<'a>(effects: &mut Reader<'a>) -> Result<Option<Touched<'a>>, CodecError> {
    let mut effect = effects.framed()?;
    Ok(match effect.byte()? {
        tag::CLEAR => Some(Touched::All),
        tag::LIBRARY => None,
        tag::RENAME => Some(Touched::Renamed { source: effect.item()?, destination: effect.item()? }),
        _ => Some(Touched::Key(effect.item()?)),
    })
}
