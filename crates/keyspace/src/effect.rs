//! What changed, in a form that can be applied again: to replay a record, or to take a step back.

use crate::value::{array, hash, json, list, set, sorted_set, stream, text};
use crate::{Edit, Str, Value};

/// One change of a keyspace. Effects, not intentions: applying one needs neither the clock nor chance.
#[derive(Clone, Debug)]
pub enum Effect {
    /// A key gets this value and deadline, whatever it held before.
    Put {
        /// The key.
        key: Str,
        /// Its whole value.
        value: Value,
        /// Its deadline in milliseconds since the epoch, if it has one.
        expires_at_ms: Option<i64>,
    },
    /// A key is gone.
    Remove {
        /// The key.
        key: Str,
    },
    /// A key's deadline is this, or none.
    Expire {
        /// The key.
        key: Str,
        /// The deadline in milliseconds since the epoch.
        expires_at_ms: Option<i64>,
    },
    /// A key's value and deadline are under another name now; what was there is gone.
    Rename {
        /// The old name.
        source: Str,
        /// The new name.
        destination: Str,
    },
    /// All keys are gone. Libraries stay.
    Clear,
    /// A function library has this code, or is gone. Libraries are no keys.
    Library {
        /// The library's name.
        name: Str,
        /// Its program, if it is there.
        code: Option<Str>,
    },
    /// A change inside a string.
    Text {
        /// The key.
        key: Str,
        /// The change.
        effect: text::TextEffect,
    },
    /// A change inside a list.
    List {
        /// The key.
        key: Str,
        /// The change.
        effect: list::ListEffect,
    },
    /// A change inside a hash.
    Hash {
        /// The key.
        key: Str,
        /// The change.
        effect: hash::HashEffect,
    },
    /// A change inside a set.
    Set {
        /// The key.
        key: Str,
        /// The change.
        effect: set::SetEffect,
    },
    /// A change inside a sorted set.
    SortedSet {
        /// The key.
        key: Str,
        /// The change.
        effect: sorted_set::SortedSetEffect,
    },
    /// A change inside a JSON document.
    Json {
        /// The key.
        key: Str,
        /// The change.
        effect: json::JsonEffect,
    },
    /// A change inside a stream.
    Stream {
        /// The key.
        key: Str,
        /// The change.
        effect: stream::StreamEffect,
    },
    /// A change inside an array.
    Array {
        /// The key.
        key: Str,
        /// The change.
        effect: array::ArrayEffect,
    },
}

/// Opens the key with the named method and applies the effect inside. A key of another type cannot occur: the effect
/// was recorded on a keyspace in the same state.
macro_rules! inside {
    ($edit:expr, $open:ident, $key:expr, $effect:expr) => {{
        let opened = $edit.$open(&$key);
        debug_assert!(opened.is_ok(), "effect on a key of another type");
        if let Ok(mut opened) = opened {
            opened.apply($effect);
        }
    }};
}

impl Edit<'_> {
    /// Does what an effect says.
    pub fn apply(&mut self, effect: Effect) {
        match effect {
            Effect::Put { key, value, expires_at_ms } => self.put_until(&key, value, expires_at_ms),
            Effect::Remove { key } => {
                self.remove(&key);
            }
            Effect::Expire { key, expires_at_ms } => {
                self.set_deadline(&key, expires_at_ms);
            }
            Effect::Rename { source, destination } => {
                self.rename(&source, &destination);
            }
            Effect::Clear => self.clear(),
            Effect::Library { name, code } => self.set_library(name, code),
            Effect::Text { key, effect } => inside!(self, text_or_new, key, effect),
            Effect::List { key, effect } => inside!(self, list_or_new, key, effect),
            Effect::Hash { key, effect } => inside!(self, hash_or_new, key, effect),
            Effect::Set { key, effect } => inside!(self, set_or_new, key, effect),
            Effect::SortedSet { key, effect } => inside!(self, sorted_set_or_new, key, effect),
            Effect::Json { key, effect } => inside!(self, json_or_new, key, effect),
            Effect::Stream { key, effect } => inside!(self, stream_or_new, key, effect),
            Effect::Array { key, effect } => inside!(self, array_or_new, key, effect),
        }
    }
}
