//! Who is told of changes by the prefix of the key.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use latchkey_keyspace::Str;

/// Prefixes, each with those who are told.
#[derive(Debug, Default)]
pub(crate) struct Prefixes(BTreeMap<Str, BTreeSet<u64>>);

/// The keys that a step has changed, each once, with the number of who did, if it was one.
#[derive(Debug, Default)]
pub(crate) struct Changes(BTreeMap<Str, Option<u64>>);

/// A key that was changed.
#[derive(Debug)]
pub(crate) struct Change<'a> {
    pub(crate) key: &'a Str,
    by: Option<u64>,
}

impl Prefixes {
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn add(&mut self, prefix: &Str, who: u64) {
        self.0.entry(prefix.clone()).or_default().insert(who);
    }

    pub(crate) fn remove(&mut self, prefix: &Str, who: u64) {
        if let Some(listeners) = self.0.get_mut(prefix) {
            listeners.remove(&who);
            if listeners.is_empty() {
                self.0.remove(prefix);
            }
        }
    }

    /// Those who are told of changes, by prefix in order, each with the changes under it in order.
    pub(crate) fn sort<'a>(
        &'a self,
        changes: &'a Changes,
    ) -> impl Iterator<Item = (&'a BTreeSet<u64>, Vec<Change<'a>>)> {
        let mut sorted: BTreeMap<&Str, Vec<Change<'_>>> = BTreeMap::new();
        for (key, &by) in &changes.0 {
            self.each_of(key, |prefix| sorted.entry(prefix).or_default().push(Change { key, by }));
        }
        sorted.into_iter().filter_map(|(prefix, changes)| Some((self.0.get(prefix)?, changes)))
    }

    /// Visits each prefix that a key has, the longest first. Takes as many looks as there are, and a few.
    fn each_of<'a>(&'a self, key: &[u8], mut visit: impl FnMut(&'a Str)) {
        let mut rest = Some(key);
        while let Some(bound) = rest {
            // The greatest that is not after what is left of the key; every prefix of that is among those not after it.
            let until = (Bound::Unbounded, Bound::Included(bound));
            let Some((found, _)) = self.0.range::<[u8], _>(until).next_back() else { return };
            let common = found.iter().zip(bound).take_while(|(one, other)| one == other).count();
            if common == found.len() {
                visit(found);
            }
            let longest = if common == found.len() { common.checked_sub(1) } else { Some(common) };
            rest = longest.map(|bytes| &key[..bytes]);
        }
    }
}

impl Changes {
    pub(crate) fn note(&mut self, key: Str, who: u64) {
        self.0.entry(key).and_modify(|by| *by = by.filter(|&by| by == who)).or_insert(Some(who));
    }
}

impl Change<'_> {
    /// Whether nobody else has changed the key.
    pub(crate) fn is_only_by(&self, who: u64) -> bool {
        self.by == Some(who)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_change_is_anybodys_if_two_made_it() {
        let mut changes = Changes::default();
        changes.note("a".into(), 1);
        changes.note("a".into(), 1);
        changes.note("b".into(), 1);
        changes.note("b".into(), 2);
        let mut prefixes = Prefixes::default();
        prefixes.add(&"".into(), 1);
        let own: Vec<bool> = prefixes
            .sort(&changes)
            .flat_map(|(_, changes)| changes)
            .map(|change| change.is_only_by(1))
            .collect();
        assert_eq!(own, [true, false]);
    }

    proptest! {
        /// Against a look at every prefix.
        #[test]
        fn a_key_is_found_under_all_its_prefixes(
            all in prop::collection::btree_set("[ab]{0,5}", 0..12),
            key in "[abc]{0,7}",
        ) {
            let mut prefixes = Prefixes::default();
            all.iter().for_each(|prefix| prefixes.add(&prefix.as_str().into(), 1));
            let mut found = Vec::new();
            prefixes.each_of(key.as_bytes(), |prefix| found.push(prefix.to_vec()));
            let mut expected: Vec<Vec<u8>> =
                all.iter().filter(|prefix| key.starts_with(prefix.as_str())).map(|prefix| prefix.clone().into_bytes()).collect();
            expected.reverse();
            prop_assert_eq!(found, expected);
        }
    }
}
