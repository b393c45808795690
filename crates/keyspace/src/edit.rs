//! Writing a keyspace at one instant.

use crate::entry::Entry;
use crate::space::Before;
use crate::value::{Array, Hash, Json, List, Set, SortedSet, Stream, Text};
use crate::{Class, Contents, Deed, Effect, Keyspace, Now, Open, Str, Value, View, Watches, WrongType};

/// The way to change a keyspace. Whatever it changes, it counts, and it can record it and take it back.
#[derive(Debug)]
pub struct Edit<'a> {
    pub(crate) space: &'a mut Keyspace,
    pub(crate) now: Now,
}

impl<'a> Edit<'a> {
    pub(crate) fn new(space: &'a mut Keyspace, now: Now) -> Self {
        Self { space, now }
    }

    /// The instant.
    pub fn now(&self) -> Now {
        self.now
    }

    /// Reads at the same instant.
    pub fn view(&self) -> View<'_> {
        self.space.view(self.now)
    }

    /// The seed for hash maps inside values.
    pub fn seed(&self) -> u64 {
        self.space.seed
    }

    /// Sets a key, whatever it held. It has no deadline then. An empty collection removes the key.
    pub fn put(&mut self, key: &[u8], value: impl Contents) {
        self.put_with(key, value, None);
    }

    /// As [`put`](Self::put), with a deadline. One that has passed removes the key.
    pub fn put_with(&mut self, key: &[u8], value: impl Contents, expires_at_ms: Option<i64>) {
        let passed = expires_at_ms.is_some_and(|at| at <= self.now.ms());
        if value.is_empty() || passed {
            self.remove(key);
        } else {
            self.put_until(key, value.into_value(), expires_at_ms);
            if expires_at_ms.is_some() {
                self.space.events.tell(Class::Generic, "expire", key);
            }
        }
    }

    /// Sets a key, and leaves its deadline as it was.
    pub fn put_keeping_deadline(&mut self, key: &[u8], value: impl Contents) {
        let expires_at_ms = self.view().peek(key).and_then(Entry::expires_at_ms);
        self.put_until(key, value.into_value(), expires_at_ms);
    }

    /// Sets a key to a value of any type, which is not empty.
    pub fn put_until(&mut self, key: &[u8], value: Value, expires_at_ms: Option<i64>) {
        let kind = value.kind();
        self.put_untold(key, value, expires_at_ms);
        self.space.events.tell_change(kind, key);
    }

    /// As [`put_until`](Self::put_until), but of the event only that the key is new is told.
    fn put_untold(&mut self, key: &[u8], value: Value, expires_at_ms: Option<i64>) {
        self.space.tell_arrival(key, self.now);
        if let Some(record) = &mut self.space.ledger.record {
            record.push_put(key, &value, expires_at_ms);
        }
        let old = self.space.insert(key, Entry::new(value, expires_at_ms, self.now));
        self.note_replaced(key, old);
    }

    /// Removes a key. Whether it existed.
    pub fn remove(&mut self, key: &[u8]) -> bool {
        self.remove_as(Class::Generic, "del", key)
    }

    /// Removes a key to make room. Whether it existed.
    pub fn evict(&mut self, key: &[u8]) -> bool {
        self.remove_as(Class::Evicted, "evicted", key)
    }

    /// Calls the coming changes of this command by another name than its own.
    pub fn call_it(&mut self, name: &'static str) {
        self.space.events.deed = Deed::named(name);
    }

    /// Tells that something happened to a key, where no change says so by itself.
    pub fn tell(&self, class: Class, name: &'static str, key: &[u8]) {
        self.space.events.tell(class, name, key);
    }

    /// Removes a key, and tells of it as this. Whether it existed.
    pub fn remove_as(&mut self, class: Class, event: &'static str, key: &[u8]) -> bool {
        let Some(old) = self.space.take(key) else { return false };
        let live = old.is_live(self.now);
        match live {
            true => self.space.events.tell(class, event, key),
            false => self.space.tell_departure(key, &old, self.now),
        }
        if let Some(record) = &mut self.space.ledger.record {
            record.push(&Effect::Remove { key: key.into() });
        }
        self.note_replaced(key, Some(old));
        live
    }

    /// Gives a key another deadline, or none. Whether the key exists. A deadline that has passed removes the key.
    pub fn set_deadline(&mut self, key: &[u8], expires_at_ms: Option<i64>) -> bool {
        let Some(old) = self.view().peek(key).map(Entry::expires_at_ms) else { return false };
        if expires_at_ms.is_some_and(|at| at <= self.now.ms()) {
            return self.remove(key);
        }
        if old != expires_at_ms {
            let Some(entry) = self.space.slot(key) else { return false };
            let before = Before::of(entry);
            entry.expires_at_ms = crate::entry::deadline(expires_at_ms);
            self.space.recount(key, before);
            self.space.touch(key);
            self.space.ledger.note(
                || Effect::Expire { key: key.into(), expires_at_ms },
                || vec![Effect::Expire { key: key.into(), expires_at_ms: old }],
            );
        }
        match (old, expires_at_ms) {
            (_, Some(_)) => self.space.events.tell(Class::Generic, "expire", key),
            (Some(_), None) => self.space.events.tell(Class::Generic, "persist", key),
            (None, None) => {}
        }
        true
    }

    /// Notes that a key was last used so many seconds ago. That is no change of the keyspace.
    pub fn set_idle(&mut self, key: &[u8], idle_s: u64) {
        if let Some(entry) = self.view().peek(key) {
            entry.set_idle(idle_s, self.now);
        }
    }

    /// Moves value and deadline of `source` to `destination`, and drops what was there. Whether `source` exists.
    pub fn rename(&mut self, source: &[u8], destination: &[u8]) -> bool {
        if !self.view().exists(source) {
            return false;
        }
        if source == destination {
            return true;
        }
        let Some(moved) = self.space.take(source) else { return false };
        self.space.events.tell(Class::New, "new", destination);
        let replaced = self.space.insert(destination, moved);
        let (source, destination) = (Str::from(source), Str::from(destination));
        let undo = self.space.ledger.undo.is_some();
        let restore = replaced.and_then(|old| self.restore(&destination, old, undo));
        self.space.events.tell(Class::Generic, "rename_from", &source);
        self.space.events.tell(Class::Generic, "rename_to", &destination);
        self.space.ledger.note(
            || Effect::Rename { source: source.clone(), destination: destination.clone() },
            || {
                let back = Effect::Rename { source: destination.clone(), destination: source.clone() };
                std::iter::once(back).chain(restore).collect()
            },
        );
        true
    }

    /// Removes every key, and no library.
    pub fn clear(&mut self) {
        self.space.tracer.everything();
        if self.space.entries.is_empty() {
            return;
        }
        let Keyspace { watched, awaited, entries, seed, .. } = &mut *self.space;
        watched.touch_all(|key| entries.contains(key));
        awaited.gone_all(|key| entries.contains(key));
        let seed = *seed;
        let entries =
            std::mem::replace(&mut self.space.entries, crate::collections::scan_map::ScanMap::new(seed));
        self.space.due.clear();
        self.space.expiring = 0;
        self.space.bytes = self.space.libraries.bytes();
        let ledger = &mut self.space.ledger;
        ledger.changes += 1;
        if let Some(record) = &mut ledger.record {
            record.push(&Effect::Clear);
        }
        match &mut ledger.undo {
            Some(undo) => undo.extend(entries.into_iter().map(|(key, entry)| {
                let expires_at_ms = entry.expires_at_ms();
                Effect::Put { key, value: entry.value, expires_at_ms }
            })),
            None => ledger.garbage.push(Box::new(entries)),
        }
    }

    /// Drops keys and hash fields that are past their deadline, soonest first, at most `limit` keys. How many it saw;
    /// fewer than `limit` means that nothing is left to do.
    pub fn sweep(&mut self, limit: usize) -> usize {
        let hashes: Vec<u64> =
            self.space.due.range(..(self.now.ms(), 0)).take(limit).map(|&(_, hash)| hash).collect();
        for &hash in &hashes {
            let keys: Vec<Str> = self.space.entries.get_by_hash(hash).map(|(key, _)| key.clone()).collect();
            keys.iter().for_each(|key| self.sweep_key(key));
        }
        hashes.len()
    }

    /// Watches a key. What is past its deadline now counts as gone already.
    pub fn watch(&mut self, key: &[u8], watches: &mut Watches) {
        self.sweep_key(key);
        watches.push(self.space.watched.watch(key));
    }

    /// Whether one of the keys was changed since it is watched. A deadline that has passed is a change.
    pub fn are_touched(&mut self, watches: &Watches) -> bool {
        watches.keys().for_each(|key| self.sweep_key(key));
        watches.are_touched()
    }

    fn sweep_key(&mut self, key: &[u8]) {
        let Some(entry) = self.space.entries.get(key) else { return };
        if !entry.is_live(self.now) {
            self.remove(key);
        } else if entry.value.first_deadline_ms().is_some_and(|at| self.now.is_past(at)) {
            // Opening a hash drops the fields that are past their deadline.
            drop(self.hash(key));
        }
    }
}

/// The two ways to open a key of one type.
macro_rules! opens {
    ($($type:ident: $existing:ident, $or_new:ident, $what:literal;)*) => {
        impl Edit<'_> {
            $(
                #[doc = concat!("Opens ", $what, " to edit it, if the key exists.")]
                pub fn $existing<'k>(&'k mut self, key: &'k [u8]) -> Result<Option<Open<'k, $type>>, WrongType> {
                    Open::existing(self.space, key, self.now)
                }

                #[doc = concat!("Opens ", $what, " to edit it; a new one if the key does not exist, which stays only if it is not empty in the end.")]
                pub fn $or_new<'k>(&'k mut self, key: &'k [u8]) -> Result<Open<'k, $type>, WrongType> {
                    Open::or_new(self.space, key, self.now)
                }
            )*
        }
    };
}

opens! {
    List: list, list_or_new, "a list";
    Hash: hash, hash_or_new, "a hash";
    Set: set, set_or_new, "a set";
    SortedSet: sorted_set, sorted_set_or_new, "a sorted set";
    Json: json, json_or_new, "a JSON document";
    Array: array, array_or_new, "an array";
}

impl Edit<'_> {
    /// Opens a string to edit it, if the key exists.
    pub fn text<'k>(&'k mut self, key: &'k [u8]) -> Result<Option<Open<'k, Text>>, WrongType> {
        Open::existing(self.space, key, self.now)
    }

    /// Opens a string to edit it. If the key does not exist it gets an empty string, which stays even if nothing is
    /// written: for a string, empty is not the same as absent.
    pub fn text_or_new<'k>(&'k mut self, key: &'k [u8]) -> Result<Open<'k, Text>, WrongType> {
        let changes_before = self.space.changes();
        if !self.view().exists(key) {
            self.put_untold(key, Text::default().into_value(), None);
        }
        Open::or_new(self.space, key, self.now).map(|open: Open<'k, Text>| open.changed_since(changes_before))
    }

    /// Opens a stream to edit it, if the key exists.
    pub fn stream<'k>(&'k mut self, key: &'k [u8]) -> Result<Option<Open<'k, Stream>>, WrongType> {
        Open::existing(self.space, key, self.now)
    }

    /// Opens a stream to edit it. If the key does not exist it gets a stream without entries, which stays even if
    /// nothing is written.
    pub fn stream_or_new<'k>(&'k mut self, key: &'k [u8]) -> Result<Open<'k, Stream>, WrongType> {
        let changes_before = self.space.changes();
        if !self.view().exists(key) {
            self.put_untold(key, Stream::default().into_value(), None);
        }
        Open::or_new(self.space, key, self.now)
            .map(|open: Open<'k, Stream>| open.changed_since(changes_before))
    }
}

impl Edit<'_> {
    /// Notes that `old` was replaced or removed, which is recorded already, and disposes of it.
    fn note_replaced(&mut self, key: &[u8], old: Option<Entry>) {
        let ledger = &mut self.space.ledger;
        ledger.changes += 1;
        let undo = ledger.undo.is_some();
        let back = match old {
            Some(old) => self.restore(key, old, undo),
            None => undo.then(|| Effect::Remove { key: key.into() }),
        };
        if let (Some(undo), Some(back)) = (&mut self.space.ledger.undo, back) {
            undo.push(back);
        }
    }

    /// What brings an entry back, if that may be wanted; otherwise its value is disposed of.
    fn restore(&mut self, key: &[u8], old: Entry, undo: bool) -> Option<Effect> {
        let expires_at_ms = old.expires_at_ms();
        if undo {
            return Some(Effect::Put { key: key.into(), value: old.value, expires_at_ms });
        }
        self.space.ledger.discard(old.value);
        None
    }
}
