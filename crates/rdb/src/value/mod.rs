//! Values: the number of their encoding, and then what it says.

mod array;
mod hash;
mod json;
mod list;
mod set;
mod sorted_set;
mod stream;
mod text;

use latchkey_keyspace::{Now, Value};

use crate::error::Result;
use crate::input::Input;
use crate::{VERSION_ARRAYS, VERSION_FIELD_DEADLINES, VERSION_PLAIN, kind};

pub(crate) use json::skip_module_data;

/// A value, or that it is of a module that we know nothing of.
pub(crate) enum Read {
    Value(Value),
    OfModule(String),
}

/// Reads a value of this kind. `seed` is the keyspace's.
pub(crate) fn read(input: &mut Input<'_>, kind: u8, seed: u64) -> Result<Read> {
    input.begin_value();
    Ok(Read::Value(match kind {
        kind::TEXT => text::read(input)?,
        kind::LIST | kind::LIST_ZIPLIST | kind::LIST_ZIPLISTS | kind::LIST_LISTPACKS => {
            list::read(input, kind)?
        }
        kind::SET | kind::SET_INTS | kind::SET_LISTPACK => set::read(input, kind, seed)?,
        kind::SORTED_SET | kind::SORTED_SET_TEXT | kind::SORTED_SET_ZIPLIST | kind::SORTED_SET_LISTPACK => {
            sorted_set::read(input, kind, seed)?
        }
        kind::HASH
        | kind::HASH_ZIPMAP
        | kind::HASH_ZIPLIST
        | kind::HASH_LISTPACK
        | kind::HASH_DEADLINES_EARLY
        | kind::HASH_DEADLINES_LISTPACK_EARLY
        | kind::HASH_DEADLINES
        | kind::HASH_DEADLINES_LISTPACK => hash::read(input, kind, seed)?,
        kind::STREAM | kind::STREAM_2 | kind::STREAM_3 => stream::read(input, kind)?,
        kind::ARRAY => array::read(input)?,
        kind::MODULE => return json::read(input),
        _ => return Err(input.flaw("unknown kind of value")),
    }))
}

/// The number of the encoding that a value is written in.
pub(crate) fn kind_of(value: &Value, now: Now) -> u8 {
    match value {
        Value::Text(_) => kind::TEXT,
        Value::List(_) => kind::LIST_LISTPACKS,
        Value::Set(set) => set::kind_of(set),
        Value::SortedSet(set) => sorted_set::kind_of(set),
        Value::Hash(hash) => hash::kind_of(hash, now),
        Value::Stream(_) => kind::STREAM_2,
        Value::Array(_) => kind::ARRAY,
        Value::Json(_) => kind::MODULE,
    }
}

/// The oldest version of the format that knows the encoding which a value is written in.
pub(crate) fn version_of(value: &Value, now: Now) -> u16 {
    match kind_of(value, now) {
        kind::HASH_DEADLINES => VERSION_FIELD_DEADLINES,
        kind::ARRAY => VERSION_ARRAYS,
        _ => VERSION_PLAIN,
    }
}

/// Appends a value, without the number of its encoding. Hash fields that are past their deadline are left out.
pub(crate) fn write(out: &mut Vec<u8>, value: &Value, now: Now) {
    match value {
        Value::Text(text) => text::write(out, text),
        Value::List(list) => list::write(out, list),
        Value::Set(set) => set::write(out, set),
        Value::SortedSet(set) => sorted_set::write(out, set),
        Value::Hash(hash) => hash::write(out, hash, now),
        Value::Stream(stream) => stream::write(out, stream),
        Value::Array(array) => array::write(out, array),
        Value::Json(json) => json::write(out, json),
    }
}
