//! The values that a key can hold.

pub mod array;
pub mod hash;
pub mod json;
pub mod list;
pub mod set;
pub mod sorted_set;
pub mod stream;
pub mod text;

pub use array::Array;
pub use hash::Hash;
pub use json::Json;
pub use list::List;
pub use set::Set;
pub use sorted_set::SortedSet;
pub use stream::Stream;
pub use text::Text;

/// A value of any type. Collections are boxed, so that a string, the commonest value, stays small.
#[derive(Clone, Debug)]
pub enum Value {
    /// A string, a counter or a bitmap.
    Text(Text),
    /// A list.
    List(Box<List>),
    /// A hash.
    Hash(Box<Hash>),
    /// A set.
    Set(Box<Set>),
    /// A sorted set.
    SortedSet(Box<SortedSet>),
    /// A JSON document.
    Json(Box<Json>),
    /// A stream.
    Stream(Box<Stream>),
    /// An array.
    Array(Box<Array>),
}

/// The type of a value, as TYPE names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `string`
    Text,
    /// `list`
    List,
    /// `hash`
    Hash,
    /// `set`
    Set,
    /// `zset`
    SortedSet,
    /// `ReJSON-RL`, the name of RedisJSON's type
    Json,
    /// `stream`
    Stream,
    /// `array`
    Array,
}

impl Kind {
    /// The name that TYPE answers and `SCAN … TYPE` accepts.
    pub fn name(self) -> &'static str {
        match self {
            Self::Text => "string",
            Self::List => "list",
            Self::Hash => "hash",
            Self::Set => "set",
            Self::SortedSet => "zset",
            Self::Json => "ReJSON-RL",
            Self::Stream => "stream",
            Self::Array => "array",
        }
    }
}

/// The key holds a value of another type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WrongType;

/// What the keyspace needs to know of a type in order to keep it.
pub trait Contents: Default + Sized {
    /// A change inside a value of this type.
    type Effect: crate::codec::Change;

    /// The change, with the key that it happened under.
    fn effect(key: crate::Str, effect: Self::Effect) -> crate::Effect;

    /// Stored bytes by the formula in [`cost`](crate::cost), without the key's. O(1).
    fn bytes(&self) -> u64;
    /// Whether nothing is left. A key whose collection is empty does not exist.
    fn is_empty(&self) -> bool;
    /// The earliest deadline inside (of a hash's fields), in milliseconds.
    fn first_deadline_ms(&self) -> Option<i64> {
        None
    }
    /// Drops what is past its deadline inside. Called when the value is opened for writing.
    fn purge(_open: &mut crate::Open<'_, Self>) {}
    /// How many elements would have to be freed one by one; 0 where one free is enough.
    fn elements(&self) -> usize {
        0
    }
    /// Writes what it holds in one canonical form, whatever its encoding and internal order: two values are the same
    /// exactly if these bytes are. Every element is written with its length (see [`canonical_item`]).
    fn canonical(&self, out: &mut Vec<u8>);
    /// As a value of any type.
    fn into_value(self) -> Value;
    /// Out of a value, if it is of this type.
    fn from_value(value: Value) -> Result<Self, Value>;
    /// A look into a value, if it is of this type.
    fn of(value: &Value) -> Result<&Self, WrongType>;
}

/// Writes one element of a canonical form: its length, then its bytes.
pub(crate) fn canonical_item(out: &mut Vec<u8>, item: &[u8]) {
    out.extend((item.len() as u64).to_be_bytes());
    out.extend(item);
}

/// Calls a [`Contents`] method on whatever type the value has.
macro_rules! each {
    ($value:expr, $inner:ident => $body:expr) => {
        match $value {
            Value::Text($inner) => $body,
            Value::List($inner) => $body,
            Value::Hash($inner) => $body,
            Value::Set($inner) => $body,
            Value::SortedSet($inner) => $body,
            Value::Json($inner) => $body,
            Value::Stream($inner) => $body,
            Value::Array($inner) => $body,
        }
    };
}

impl Value {
    /// A value that holds nothing and allocates nothing; stands in while the real one is open.
    pub(crate) fn hole() -> Self {
        Self::Text(Text::default())
    }

    /// Its type.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Text(_) => Kind::Text,
            Self::List(_) => Kind::List,
            Self::Hash(_) => Kind::Hash,
            Self::Set(_) => Kind::Set,
            Self::SortedSet(_) => Kind::SortedSet,
            Self::Json(_) => Kind::Json,
            Self::Stream(_) => Kind::Stream,
            Self::Array(_) => Kind::Array,
        }
    }

    /// How it is encoded in memory, in OBJECT ENCODING's words.
    pub fn encoding(&self) -> &'static str {
        each!(self, inner => inner.encoding())
    }

    /// Stored bytes by the formula, without the key's.
    pub fn bytes(&self) -> u64 {
        each!(self, inner => inner.bytes())
    }

    /// What it holds, in one canonical form.
    pub(crate) fn canonical(&self) -> Vec<u8> {
        let mut out = Vec::new();
        each!(self, inner => inner.canonical(&mut out));
        out
    }

    /// The earliest deadline inside.
    pub(crate) fn first_deadline_ms(&self) -> Option<i64> {
        each!(self, inner => inner.first_deadline_ms())
    }

    /// How many elements would have to be freed one by one.
    pub(crate) fn elements(&self) -> usize {
        each!(self, inner => inner.elements())
    }

    /// Whether nothing is left of it at this instant.
    pub(crate) fn is_gone(&self, now: crate::Now) -> bool {
        match self {
            Self::Hash(hash) => hash.is_gone(now),
            _ => false,
        }
    }
}

/// Implements the three conversions of [`Contents`] for one variant.
macro_rules! conversions {
    ($variant:ident, boxed) => {
        fn into_value(self) -> $crate::Value {
            $crate::Value::$variant(Box::new(self))
        }
        fn from_value(value: $crate::Value) -> Result<Self, $crate::Value> {
            match value {
                $crate::Value::$variant(inner) => Ok(*inner),
                other => Err(other),
            }
        }
        fn of(value: &$crate::Value) -> Result<&Self, $crate::WrongType> {
            match value {
                $crate::Value::$variant(inner) => Ok(inner),
                _ => Err($crate::WrongType),
            }
        }
    };
    ($variant:ident) => {
        fn into_value(self) -> $crate::Value {
            $crate::Value::$variant(self)
        }
        fn from_value(value: $crate::Value) -> Result<Self, $crate::Value> {
            match value {
                $crate::Value::$variant(inner) => Ok(inner),
                other => Err(other),
            }
        }
        fn of(value: &$crate::Value) -> Result<&Self, $crate::WrongType> {
            match value {
                $crate::Value::$variant(inner) => Ok(inner),
                _ => Err($crate::WrongType),
            }
        }
    };
}
pub(crate) use conversions;
