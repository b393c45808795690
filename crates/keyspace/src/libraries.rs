//! The function libraries of a database: programs that are kept with the data.

use std::collections::BTreeMap;

use crate::{Edit, Effect, Keyspace, Str, View, cost};

/// Libraries by name. They are no keys: FLUSHALL leaves them, and nothing expires them.
#[derive(Debug, Default)]
pub struct Libraries {
    by_name: BTreeMap<Str, Library>,
    bytes: u64,
    changes: u64,
}

/// One library.
#[derive(Debug)]
pub struct Library {
    code: Str,
    revision: u64,
}

impl Library {
    /// Its program, as it was sent.
    pub fn code(&self) -> &Str {
        &self.code
    }

    /// A number that no other library of this keyspace has or had: one that is replaced, even by the same code, or
    /// that comes back because a step was taken back, gets another.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    pub(crate) fn bytes(&self) -> u64 {
        cost::LIBRARY + self.code.len() as u64
    }
}

impl Libraries {
    /// All of them, in the order of their names.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&Str, &Library)> {
        self.by_name.iter()
    }

    /// The library of this name.
    pub fn get(&self, name: &[u8]) -> Option<&Library> {
        self.by_name.get(name)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.by_name.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.by_name.is_empty()
    }

    /// Stored bytes of all of them, by the formula in [`cost`].
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// A number that goes forward with every change of them, also when a step is taken back.
    pub fn changes(&self) -> u64 {
        self.changes
    }

    /// Sets a library or, without code, removes it. Returns the code that was there.
    fn set(&mut self, name: &Str, code: Option<Str>) -> Option<Str> {
        self.changes += 1;
        let library = code.map(|code| Library { code, revision: self.changes });
        self.bytes += library.as_ref().map_or(0, Library::bytes);
        let old = match library {
            Some(library) => self.by_name.insert(name.clone(), library),
            None => self.by_name.remove(name.as_slice()),
        };
        self.bytes -= old.as_ref().map_or(0, Library::bytes);
        old.map(|library| library.code)
    }
}

impl Keyspace {
    /// The function libraries.
    pub fn libraries(&self) -> &Libraries {
        &self.libraries
    }

    /// Sets a library that no change has made.
    pub(crate) fn set_loaded_library(&mut self, name: Str, code: Str) {
        self.change_library(&name, Some(code));
    }

    fn change_library(&mut self, name: &Str, code: Option<Str>) -> Option<Str> {
        let bytes_before = self.libraries.bytes;
        let old = self.libraries.set(name, code);
        self.bytes = self.bytes - bytes_before + self.libraries.bytes;
        old
    }
}

impl<'a> View<'a> {
    /// The function libraries.
    pub fn libraries(&self) -> &'a Libraries {
        self.space().libraries()
    }
}

impl Edit<'_> {
    /// Sets a function library, in place of one that had its name.
    pub fn put_library(&mut self, name: &[u8], code: &[u8]) {
        self.set_library(name.into(), Some(code.into()));
    }

    /// Removes a function library. Whether there was one of this name.
    pub fn remove_library(&mut self, name: &[u8]) -> bool {
        let exists = self.space.libraries.get(name).is_some();
        if exists {
            self.set_library(name.into(), None);
        }
        exists
    }

    /// Removes every function library.
    pub fn clear_libraries(&mut self) {
        let names: Vec<Str> = self.space.libraries.by_name.keys().cloned().collect();
        names.into_iter().for_each(|name| self.set_library(name, None));
    }

    /// What [`Effect::Library`] says.
    pub(crate) fn set_library(&mut self, name: Str, code: Option<Str>) {
        let old = self.space.change_library(&name, code.clone());
        self.space.ledger.note(
            || Effect::Library { name: name.clone(), code },
            || vec![Effect::Library { name: name.clone(), code: old }],
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Now;

    fn names(keyspace: &Keyspace) -> Vec<&[u8]> {
        keyspace.libraries().iter().map(|(name, _)| name.as_slice()).collect()
    }

    #[test]
    fn libraries_count_as_stored_bytes_and_outlive_the_keys() {
        let mut keyspace = Keyspace::new(7);
        let mut edit = keyspace.edit(Now::BEFORE_ALL);
        edit.put_library(b"lib", b"0123456789");
        edit.put(b"k", crate::value::Text::from(b"v".as_slice()));
        edit.clear();
        assert_eq!(keyspace.bytes(), cost::LIBRARY + 10);
        assert_eq!(keyspace.bytes(), keyspace.recount_bytes());
        let mut edit = keyspace.edit(Now::BEFORE_ALL);
        edit.put_library(b"lib", b"01234");
        assert!(edit.remove_library(b"lib"));
        assert!(!edit.remove_library(b"lib"));
        assert_eq!((keyspace.bytes(), keyspace.libraries().len()), (0, 0));
    }

    #[test]
    fn a_step_is_taken_back_and_replayed_with_its_libraries() {
        let mut keyspace = Keyspace::new(7);
        keyspace.edit(Now::BEFORE_ALL).put_library(b"a", b"old");
        let revision = |keyspace: &Keyspace| keyspace.libraries().get(b"a").map(Library::revision);
        let before = revision(&keyspace);
        let point = keyspace.save();
        let mut edit = keyspace.edit(Now::BEFORE_ALL);
        edit.put_library(b"a", b"new");
        edit.put_library(b"b", b"other");
        edit.clear_libraries();
        keyspace.roll_back(point);
        assert_eq!(
            keyspace.libraries().get(b"a").map(|library| library.code().as_slice()),
            Some(&b"old"[..])
        );
        assert_eq!((names(&keyspace), keyspace.bytes()), (vec![&b"a"[..]], keyspace.recount_bytes()));
        assert_ne!(revision(&keyspace), before, "what was kept of it elsewhere is out of date");

        keyspace.begin_record();
        let mut edit = keyspace.edit(Now::BEFORE_ALL);
        edit.put_library(b"b", b"more");
        edit.remove_library(b"a");
        let mut replayed = Keyspace::new(8);
        replayed.replay(keyspace.take_record().bytes()).expect("what was recorded");
        assert_eq!((names(&replayed), replayed.bytes()), (names(&keyspace), keyspace.bytes()));
    }
}
