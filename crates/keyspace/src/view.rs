//! Reading a keyspace at one instant.

use crate::value::{Array, Hash, Json, List, Set, SortedSet, Stream, Text};
use crate::{Class, Contents, Entry, Keyspace, Kind, Now, Str, Value, WrongType};

/// The keyspace as it is at one instant. What is past its deadline is not there, whether or not it was swept already:
/// a read never changes the keyspace (but for the note of when a key was last used).
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    space: &'a Keyspace,
    now: Now,
}

impl<'a> View<'a> {
    pub(crate) fn new(space: &'a Keyspace, now: Now) -> Self {
        Self { space, now }
    }

    pub(crate) fn space(&self) -> &'a Keyspace {
        self.space
    }

    /// The instant.
    pub fn now(&self) -> Now {
        self.now
    }

    /// The entry, without a note that it was used (TTL, TYPE, OBJECT, EXISTS).
    pub fn peek(&self, key: &[u8]) -> Option<&'a Entry> {
        self.space.check_announced(key);
        self.space.entries.get(key).filter(|entry| entry.is_live(self.now))
    }

    /// As [`peek`](Self::peek), but a key that is not there is told as a miss.
    pub fn look(&self, key: &[u8]) -> Option<&'a Entry> {
        let entry = self.peek(key);
        if entry.is_none() {
            self.space.events.tell(Class::Missed, "keymiss", key);
        }
        entry
    }

    /// The value.
    pub fn value(&self, key: &[u8]) -> Option<&'a Value> {
        let entry = self.look(key);
        let (found, missed) = self.space.lookups.get();
        self.space.lookups.set(if entry.is_some() { (found + 1, missed) } else { (found, missed + 1) });
        let entry = entry?;
        if self.space.touches {
            entry.touch(self.now);
        }
        Some(&entry.value)
    }

    /// Notes that the key was used, whoever asks. Whether it exists.
    pub fn touch(&self, key: &[u8]) -> bool {
        let exists = self.value(key).is_some();
        if let Some(entry) = self.peek(key) {
            entry.touch(self.now);
        }
        exists
    }

    /// Whether the key exists.
    pub fn exists(&self, key: &[u8]) -> bool {
        self.peek(key).is_some()
    }

    /// The type of the key's value.
    pub fn kind(&self, key: &[u8]) -> Option<Kind> {
        self.peek(key).map(|entry| entry.value.kind())
    }

    fn typed<V: Contents + 'a>(&self, key: &[u8]) -> Result<Option<&'a V>, WrongType> {
        self.value(key).map(V::of).transpose()
    }

    /// A string.
    pub fn text(&self, key: &[u8]) -> Result<Option<&'a Text>, WrongType> {
        self.typed(key)
    }

    /// A list.
    pub fn list(&self, key: &[u8]) -> Result<Option<&'a List>, WrongType> {
        self.typed(key)
    }

    /// A hash. Its fields may have deadlines of their own: its methods take the instant.
    pub fn hash(&self, key: &[u8]) -> Result<Option<&'a Hash>, WrongType> {
        self.typed(key)
    }

    /// A set.
    pub fn set(&self, key: &[u8]) -> Result<Option<&'a Set>, WrongType> {
        self.typed(key)
    }

    /// A sorted set.
    pub fn sorted_set(&self, key: &[u8]) -> Result<Option<&'a SortedSet>, WrongType> {
        self.typed(key)
    }

    /// A JSON document.
    pub fn json(&self, key: &[u8]) -> Result<Option<&'a Json>, WrongType> {
        self.typed(key)
    }

    /// An array.
    pub fn array(&self, key: &[u8]) -> Result<Option<&'a Array>, WrongType> {
        self.typed(key)
    }

    /// A stream.
    pub fn stream(&self, key: &[u8]) -> Result<Option<&'a Stream>, WrongType> {
        self.typed(key)
    }

    /// How many keys exist. What is past its deadline and not swept yet is looked for, so this is exact.
    pub fn len(&self) -> usize {
        self.space.entries.len() - self.unswept().count()
    }

    /// The keys that are past their deadline and not swept yet.
    fn unswept(&self) -> impl Iterator<Item = &'a Entry> {
        let now = self.now;
        let passed = self.space.due.range(..(now.ms(), 0));
        let entries = passed.flat_map(|&(_, hash)| self.space.entries.get_by_hash(hash));
        entries.map(|(_, entry)| entry).filter(move |entry| !entry.is_live(now))
    }

    /// Whether no key exists.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many of the keys that exist have a deadline of their own.
    pub fn expiring(&self) -> usize {
        self.space.expiring - self.unswept().filter(|entry| entry.expires_at_ms().is_some()).count()
    }

    /// Stored bytes of one key with its value.
    pub fn bytes_of(&self, key: &[u8]) -> Option<u64> {
        self.peek(key).map(|entry| key.len() as u64 + entry.bytes())
    }

    /// How much there is to go through in the key's value: elements, or bytes of a string.
    pub fn weight(&self, key: &[u8]) -> usize {
        self.space.entries.get(key).map_or(0, |entry| match &entry.value {
            Value::Text(text) => text.len(),
            value => value.elements(),
        })
    }

    /// Stored bytes of the whole keyspace.
    pub fn bytes(&self) -> u64 {
        self.space.bytes
    }

    /// How many changes there have been.
    pub fn changes(&self) -> u64 {
        self.space.changes()
    }

    /// Visits at least `count` keys from `cursor` on, live ones only, and returns the next cursor: 0 after the last.
    pub fn scan(&self, cursor: u64, count: usize, visit: &mut dyn FnMut(&Str, &Entry)) -> u64 {
        self.space.entries.scan(cursor, count, &mut |key, entry| {
            if entry.is_live(self.now) {
                visit(key, entry);
            }
        })
    }

    /// All keys, in no particular order.
    pub fn iter(&self) -> impl Iterator<Item = (&'a Str, &'a Entry)> {
        let now = self.now;
        self.space.entries.iter().filter(move |(_, entry)| entry.is_live(now))
    }

    /// A key drawn at random, each with the same chance.
    pub fn random(&self, chance: &mut fastrand::Rng) -> Option<&'a Str> {
        /// So often a key that is past its deadline may be drawn; then the live ones are listed instead.
        const DRAWS: usize = 64;
        for _ in 0..DRAWS {
            let (key, entry) = self.space.entries.random(chance)?;
            if entry.is_live(self.now) {
                return Some(key);
            }
        }
        let live: Vec<_> = self.iter().map(|(key, _)| key).collect();
        (!live.is_empty()).then(|| live[chance.usize(..live.len())])
    }
}
