//! Whether two keyspaces hold the same.

use std::collections::BTreeMap;

use latchkey_keyspace::{Keyspace, Str};

/// Fails unless a copy is as the original. `how` says where it comes from.
#[track_caller]
pub(crate) fn check_same(copy: &Keyspace, original: &Keyspace, how: impl Fn() -> String) {
    assert_eq!(copy.canonical(), original.canonical(), "{}", how());
    assert_eq!(copy.bytes(), original.bytes(), "bytes, {}", how());
    assert_eq!(copy.recount_bytes(), original.bytes(), "bytes of the values, {}", how());
    assert_eq!(copy.next_due_ms(), original.next_due_ms(), "the next deadline, {}", how());
    assert_eq!(libraries(copy), libraries(original), "libraries, {}", how());
}

/// As [`check_same`], and OBJECT ENCODING says the same too.
#[track_caller]
pub(crate) fn check_alike(copy: &Keyspace, original: &Keyspace, how: impl Fn() -> String) {
    check_same(copy, original, &how);
    assert_eq!(encodings(copy), encodings(original), "encodings, {}", how());
}

fn encodings(space: &Keyspace) -> BTreeMap<&Str, &'static str> {
    space.in_hash_order().map(|(_, key, entry)| (key, entry.value().encoding())).collect()
}

fn libraries(space: &Keyspace) -> Vec<(&Str, &Str)> {
    space.libraries().iter().map(|(name, library)| (name, library.code())).collect()
}
