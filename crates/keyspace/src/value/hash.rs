//! Hash values: fields with values, and deadlines of single fields.

mod codec;
mod deadlines;
mod urn;

use deadlines::Deadlines;
pub use urn::Urn;

use super::{Contents, canonical_item, conversions};
use crate::collections::scan_map::ScanMap;
use crate::entry::NEVER;
use crate::{Effect, Now, Open, Str, cost};

/// A packed hash has no more fields than this (Redis's `hash-max-listpack-entries`).
const PACKED_FIELDS_MAX: usize = 512;
/// No name or value in a packed hash is longer than this (Redis's `hash-max-listpack-value`).
const PACKED_ITEM_BYTES_MAX: usize = 64;

/// Fields with values, each of which may have a deadline. A field past its deadline is not there, whether or not it
/// was dropped already: every way to look inside takes the instant.
#[derive(Clone, Debug, Default)]
pub struct Hash {
    fields: Fields,
    deadlines: Deadlines,
    bytes: u64,
}

/// What a hash keeps of one field.
#[derive(Clone, Copy, Debug)]
pub struct Field<'a> {
    /// Its value.
    pub value: &'a Str,
    /// Its deadline in milliseconds since the epoch, if it has one.
    pub expires_at_ms: Option<i64>,
}

/// A change inside a hash.
#[derive(Clone, Debug)]
pub enum HashEffect {
    /// A field has this value and deadline, whatever it had before.
    Put {
        /// The field.
        field: Str,
        /// Its value.
        value: Str,
        /// Its deadline in milliseconds since the epoch, if it has one.
        expires_at_ms: Option<i64>,
    },
    /// A field has this deadline, or none, and the value that it had.
    Expire {
        /// The field.
        field: Str,
        /// Its deadline in milliseconds since the epoch, if it has one.
        expires_at_ms: Option<i64>,
    },
    /// A field is gone.
    Remove {
        /// The field.
        field: Str,
    },
}

impl Hash {
    /// A hash of these fields, each with its value, and its deadline in milliseconds since the epoch if it has one. Of a
    /// name that comes twice, the last counts. `seed` is that of the keyspace.
    pub fn from_fields(fields: impl IntoIterator<Item = (Str, Str, Option<i64>)>, seed: u64) -> Self {
        let mut hash = Self::default();
        for (name, value, expires_at_ms) in fields {
            hash.put(name, Slot { value, expires_at_ms: expires_at_ms.unwrap_or(NEVER) }, seed);
        }
        hash
    }

    /// The value of a field.
    pub fn get(&self, field: &[u8], now: Now) -> Option<&Str> {
        self.field(field, now).map(|field| field.value)
    }

    /// The value and the deadline of a field.
    pub fn field(&self, field: &[u8], now: Now) -> Option<Field<'_>> {
        let (_, slot) = self.fields.get(field).filter(|(_, slot)| slot.is_live(now))?;
        Some(Field { value: &slot.value, expires_at_ms: slot.deadline_ms() })
    }

    /// How many fields there are. O(log n) where fields have deadlines.
    pub fn len_at(&self, now: Now) -> usize {
        self.fields.len() - self.deadlines.passed(now)
    }

    /// All fields with their values. While the hash is packed they are in the order in which they came, later in none.
    pub fn iter(&self, now: Now) -> impl Iterator<Item = (&Str, &Str)> {
        self.fields.iter().filter(move |(_, slot)| slot.is_live(now)).map(|(name, slot)| (name, &slot.value))
    }

    /// As [`iter`](Self::iter), with the deadlines.
    pub fn fields(&self, now: Now) -> impl Iterator<Item = (&Str, Field<'_>)> {
        let live = self.fields.iter().filter(move |(_, slot)| slot.is_live(now));
        live.map(|(name, slot)| (name, Field { value: &slot.value, expires_at_ms: slot.deadline_ms() }))
    }

    /// Visits at least `count` fields from `cursor` on and returns the next cursor: 0 after the last. A packed hash is
    /// visited whole.
    pub fn scan(&self, cursor: u64, count: usize, now: Now, visit: &mut dyn FnMut(&Str, &Str)) -> u64 {
        let mut visit_live = |name: &Str, slot: &Slot| {
            if slot.is_live(now) {
                visit(name, &slot.value);
            }
        };
        match &self.fields {
            Fields::Packed(fields) => {
                fields.iter().for_each(|(name, slot)| visit_live(name, slot));
                0
            }
            Fields::Mapped(fields) => fields.scan(cursor, count, &mut visit_live),
        }
    }

    /// Whether every field is past its deadline.
    pub(crate) fn is_gone(&self, now: Now) -> bool {
        self.deadlines.len() == self.fields.len() && self.len_at(now) == 0 && !self.is_empty()
    }

    /// OBJECT ENCODING's word. Unlike in Redis, a packed hash without deadlines is a `listpack` even if it had one.
    pub fn encoding(&self) -> &'static str {
        match &self.fields {
            Fields::Packed(_) if self.deadlines.len() == 0 => "listpack",
            Fields::Packed(_) => "listpackex",
            Fields::Mapped(_) => "hashtable",
        }
    }

    /// What gives a field back what it has now.
    fn way_back(&self, field: &[u8]) -> HashEffect {
        match self.fields.get(field) {
            None => HashEffect::Remove { field: field.into() },
            Some((name, slot)) => HashEffect::Put {
                field: name.clone(),
                value: slot.value.clone(),
                expires_at_ms: slot.deadline_ms(),
            },
        }
    }

    fn put(&mut self, name: Str, slot: Slot, seed: u64) {
        self.fields.make_room(&name, &slot.value, seed);
        let (value_len, expires_at_ms) = (slot.value.len(), slot.expires_at_ms);
        if let Some(old) = self.fields.insert(name.clone(), slot) {
            self.count_out(&name, &old);
        }
        self.bytes += cost_of(&name, value_len, expires_at_ms);
        if expires_at_ms != NEVER {
            self.deadlines.insert(expires_at_ms, name);
        }
    }

    fn remove(&mut self, field: &[u8]) -> Option<Str> {
        let (name, slot) = self.fields.remove(field)?;
        self.count_out(&name, &slot);
        Some(slot.value)
    }

    fn count_out(&mut self, name: &[u8], slot: &Slot) {
        self.bytes -= cost_of(name, slot.value.len(), slot.expires_at_ms);
        if slot.expires_at_ms != NEVER {
            self.deadlines.remove(slot.expires_at_ms, name);
        }
    }
}

impl Open<'_, Hash> {
    /// Gives a field a value and a deadline, or none. Whether the field is new. The deadline must not have passed.
    pub fn put(&mut self, field: &[u8], value: &[u8], expires_at_ms: Option<i64>) -> bool {
        let known = self.fields.get(field).map(|(name, _)| name.clone());
        let is_new = known.is_none();
        let (name, value) = (known.unwrap_or_else(|| Str::from(field)), Str::from(value));
        self.note(
            |_| HashEffect::Put { field: name.clone(), value: value.clone(), expires_at_ms },
            |hash| vec![hash.way_back(&name)],
        );
        let seed = self.seed();
        let slot = Slot { value, expires_at_ms: expires_at_ms.unwrap_or(NEVER) };
        self.value_mut().put(name, slot, seed);
        is_new
    }

    /// Gives a field another deadline, or none. Whether the field exists. The deadline must not have passed.
    pub fn set_deadline(&mut self, field: &[u8], expires_at_ms: Option<i64>) -> bool {
        let Some((name, slot)) = self.fields.get(field) else { return false };
        let (name, slot) = (name.clone(), slot.clone());
        let old = slot.deadline_ms();
        if old != expires_at_ms {
            self.note(
                |_| HashEffect::Expire { field: name.clone(), expires_at_ms },
                |_| vec![HashEffect::Expire { field: name.clone(), expires_at_ms: old }],
            );
            let seed = self.seed();
            let slot = Slot { value: slot.value, expires_at_ms: expires_at_ms.unwrap_or(NEVER) };
            self.value_mut().put(name, slot, seed);
        }
        true
    }

    /// Removes a field. Its value, if it existed.
    pub fn remove(&mut self, field: &[u8]) -> Option<Str> {
        self.fields.get(field)?;
        self.note(|_| HashEffect::Remove { field: field.into() }, |hash| vec![hash.way_back(field)]);
        self.value_mut().remove(field)
    }

    /// Does what an effect says.
    pub(crate) fn apply(&mut self, effect: HashEffect) {
        match effect {
            HashEffect::Put { field, value, expires_at_ms } => {
                self.put(&field, &value, expires_at_ms);
            }
            HashEffect::Expire { field, expires_at_ms } => {
                self.set_deadline(&field, expires_at_ms);
            }
            HashEffect::Remove { field } => {
                self.remove(&field);
            }
        }
    }
}

impl Contents for Hash {
    type Effect = HashEffect;

    fn effect(key: Str, effect: HashEffect) -> Effect {
        Effect::Hash { key, effect }
    }

    fn bytes(&self) -> u64 {
        self.bytes
    }

    fn is_empty(&self) -> bool {
        self.fields.len() == 0
    }

    fn first_deadline_ms(&self) -> Option<i64> {
        self.deadlines.first().map(|(at_ms, _)| at_ms)
    }

    /// All of them at once, so that whoever edits the hash meets only what is there. A field goes once for each time
    /// that it was put, so the cost is one that a write has caused.
    fn purge(open: &mut Open<'_, Self>) {
        let now = open.now();
        while let Some((_, name)) = open.deadlines.first().filter(|&(at_ms, _)| now.is_past(at_ms)) {
            let name = name.clone();
            open.remove(&name);
        }
    }

    fn elements(&self) -> usize {
        self.fields.len()
    }

    fn canonical(&self, out: &mut Vec<u8>) {
        let mut fields: Vec<_> = self.fields.iter().collect();
        fields.sort_unstable_by_key(|&(name, _)| name);
        for (name, slot) in fields {
            canonical_item(out, name);
            canonical_item(out, &slot.value);
            out.extend(slot.expires_at_ms.to_be_bytes());
        }
    }

    conversions!(Hash, boxed);
}

/// What is stored under a field's name.
#[derive(Clone, Debug)]
struct Slot {
    value: Str,
    expires_at_ms: i64,
}

impl Slot {
    fn is_live(&self, now: Now) -> bool {
        !now.is_past(self.expires_at_ms)
    }

    fn deadline_ms(&self) -> Option<i64> {
        (self.expires_at_ms != NEVER).then_some(self.expires_at_ms)
    }
}

/// The fields by name, live or not.
#[derive(Clone, Debug)]
enum Fields {
    /// Few and short ones, in the order in which they came.
    Packed(Vec<(Str, Slot)>),
    /// Any.
    Mapped(ScanMap<Slot>),
}

impl Default for Fields {
    fn default() -> Self {
        Self::Packed(Vec::new())
    }
}

impl Fields {
    fn len(&self) -> usize {
        match self {
            Self::Packed(fields) => fields.len(),
            Self::Mapped(fields) => fields.len(),
        }
    }

    fn get(&self, name: &[u8]) -> Option<(&Str, &Slot)> {
        match self {
            Self::Packed(fields) => fields.iter().find(|(known, _)| **known == *name).map(|(k, v)| (k, v)),
            Self::Mapped(fields) => fields.get_key_value(name),
        }
    }

    fn iter(&self) -> impl Iterator<Item = (&Str, &Slot)> {
        let (packed, mapped) = match self {
            Self::Packed(fields) => (Some(fields.iter().map(|(name, slot)| (name, slot))), None),
            Self::Mapped(fields) => (None, Some(fields.iter())),
        };
        packed.into_iter().flatten().chain(mapped.into_iter().flatten())
    }

    /// Puts a field where it was, or last, and returns what was there.
    fn insert(&mut self, name: Str, slot: Slot) -> Option<Slot> {
        match self {
            Self::Mapped(fields) => fields.insert(name, slot),
            Self::Packed(fields) => match fields.iter_mut().find(|(known, _)| *known == name) {
                Some((_, old)) => Some(std::mem::replace(old, slot)),
                None => {
                    fields.push((name, slot));
                    None
                }
            },
        }
    }

    fn remove(&mut self, name: &[u8]) -> Option<(Str, Slot)> {
        match self {
            Self::Mapped(fields) => fields.remove(name),
            Self::Packed(fields) => {
                let at = fields.iter().position(|(known, _)| **known == *name)?;
                Some(fields.remove(at))
            }
        }
    }

    /// Stops packing where the coming field is too long for it, or one too many.
    fn make_room(&mut self, name: &[u8], value: &[u8], seed: u64) {
        let Self::Packed(fields) = self else { return };
        let is_long = name.len().max(value.len()) > PACKED_ITEM_BYTES_MAX;
        let is_one_too_many =
            fields.len() >= PACKED_FIELDS_MAX && fields.iter().all(|(known, _)| **known != *name);
        if is_long || is_one_too_many {
            let mut mapped = ScanMap::new(seed);
            for (name, slot) in std::mem::take(fields) {
                mapped.insert_unique(name, slot);
            }
            *self = Self::Mapped(mapped);
        }
    }
}

/// Stored bytes of one field.
fn cost_of(name: &[u8], value_len: usize, expires_at_ms: i64) -> u64 {
    let deadline = if expires_at_ms == NEVER { 0 } else { cost::DEADLINE };
    cost::HASH_FIELD + name.len() as u64 + value_len as u64 + deadline
}
