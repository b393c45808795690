//! A value taken out of its entry to be edited.

use std::borrow::Borrow;
use std::ops::Deref;

use crate::entry::Entry;
use crate::space::Before;
use crate::{Class, Contents, Deed, Effect, Keyspace, Now, Str, Value, WrongType};

/// A value that is being edited. Reading goes straight through; the editing methods belong to each type and note what
/// they change. When it is dropped, the value goes back under its key, and the key goes if nothing is left in it.
#[derive(Debug)]
pub struct Open<'a, V: Contents> {
    space: &'a mut Keyspace,
    key: &'a [u8],
    now: Now,
    value: V,
    /// What the entry counted for when it was opened; `None` if there was no entry.
    before: Option<Before>,
    /// How many changes there had been then.
    changes_before: u64,
    /// How many there had been when this edit began: what was past its deadline inside is gone then.
    changes_purged: u64,
}

impl<'a, V: Contents> Open<'a, V> {
    /// Opens a key that exists.
    pub(crate) fn existing(
        space: &'a mut Keyspace,
        key: &'a [u8],
        now: Now,
    ) -> Result<Option<Self>, WrongType> {
        space.check_announced(key);
        let touches = space.touches;
        let Some(entry) = space.entries.get_mut(key) else { return Ok(None) };
        if !entry.is_live(now) {
            space.edit(now).remove(key);
            return Ok(None);
        }
        V::of(&entry.value)?;
        let before = Before::of(entry);
        if touches {
            entry.touch(now);
        }
        let expires_at_ms = entry.expires_at_ms();
        let taken = std::mem::replace(&mut entry.value, Value::hole());
        let Ok(value) = V::from_value(taken) else { return Err(WrongType) };
        if let (Some(undo), Some(_)) = (&mut space.ledger.undo, expires_at_ms) {
            // If the last element goes, the deadline goes with the key; on the way back it is set last.
            undo.push(Effect::Expire { key: key.into(), expires_at_ms });
        }
        let changes_before = space.changes();
        let before = Some(before);
        let mut open =
            Self { space, key, now, value, before, changes_before, changes_purged: changes_before };
        V::purge(&mut open);
        open.changes_purged = open.space.changes();
        if open.changes_purged != changes_before {
            open.space.events.tell(Class::Hash, "hexpired", key);
        }
        Ok(Some(open))
    }

    /// Opens a key, with an empty value if it does not exist.
    pub(crate) fn or_new(space: &'a mut Keyspace, key: &'a [u8], now: Now) -> Result<Self, WrongType> {
        let live = space.entries.get(key).map(|entry| entry.is_live(now));
        if live == Some(true) {
            return Self::existing(space, key, now)?.ok_or(WrongType);
        }
        if live == Some(false) {
            space.edit(now).remove(key);
        }
        let changes_before = space.changes();
        let changes_purged = changes_before;
        Ok(Self { space, key, now, value: V::default(), before: None, changes_before, changes_purged })
    }

    /// Counts what was changed since then to this edit.
    pub(crate) fn changed_since(self, changes: u64) -> Self {
        let mut open = self;
        open.changes_purged = open.changes_purged.min(changes);
        open
    }

    /// The instant.
    pub fn now(&self) -> Now {
        self.now
    }

    /// Calls the coming changes of this command by another name than its own.
    pub fn call_it(&mut self, name: &'static str) {
        self.space.events.deed = Deed::named(name);
    }

    /// Tells that something happened to the key, where no change says so by itself.
    pub fn tell(&self, class: Class, name: &'static str) {
        self.space.events.tell(class, name, self.key);
    }

    /// The seed for hash maps inside the value.
    pub(crate) fn seed(&self) -> u64 {
        self.space.seed
    }

    /// The value, to be changed by the methods of its type, which note what they do.
    pub(crate) fn value_mut(&mut self) -> &mut V {
        &mut self.value
    }

    /// Tells those who wait for this key that there is more under it.
    pub(crate) fn come(&mut self) {
        self.space.awaited.come(self.key);
    }

    /// Tells those who wait for this key that something under it went.
    pub(crate) fn gone(&mut self) {
        self.space.awaited.gone(self.key);
    }

    /// Notes a change that is about to be made. Both closures run only if somebody wants to know; `inverse` lists what
    /// takes the change back, in the order in which that has to be done.
    pub(crate) fn note<F: Borrow<V::Effect>>(
        &mut self,
        forward: impl FnOnce(&V) -> F,
        inverse: impl FnOnce(&V) -> Vec<V::Effect>,
    ) {
        let (key, value) = (self.key, &self.value);
        self.space.ledger.note_with(
            |record| record.push_change(key, forward(value).borrow()),
            || inverse(value).into_iter().map(|effect| V::effect(Str::from(key), effect)).collect(),
        );
    }
}

impl<V: Contents> Deref for Open<'_, V> {
    type Target = V;

    fn deref(&self) -> &V {
        &self.value
    }
}

impl<V: Contents> Drop for Open<'_, V> {
    fn drop(&mut self) {
        let value = std::mem::take(&mut self.value);
        let empty = value.is_empty();
        if empty && self.before.is_none() {
            return;
        }
        let value = value.into_value();
        let kind = value.kind();
        match self.before {
            None => {
                self.space.events.tell(Class::New, "new", self.key);
                self.space.insert(self.key, Entry::new(value, None, self.now));
            }
            Some(before) => {
                let Some(entry) = self.space.slot(self.key) else { return };
                entry.value = value;
                self.space.recount(self.key, before);
                if self.space.changes() != self.changes_before {
                    self.space.touch(self.key);
                }
                if empty {
                    self.space.take(self.key);
                }
            }
        }
        if self.space.changes() != self.changes_purged {
            self.space.events.tell_change(kind, self.key);
        }
        if empty {
            self.space.events.tell(Class::Generic, "del", self.key);
        }
    }
}
