//! Keys that somebody watches for changes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::Str;
use crate::collections::scan_map::ScanMap;

/// What one watcher has seen of the keys that it watches. Dropping it ends the watch.
#[derive(Debug, Default)]
pub struct Watches(Vec<Watch>);

#[derive(Debug)]
pub(crate) struct Watch {
    pub(crate) key: Str,
    version: Arc<AtomicU64>,
    seen: u64,
}

impl Watches {
    /// How many keys are watched; one that is watched twice counts twice.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nothing is watched.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Ends the watch.
    pub fn clear(&mut self) {
        self.0 = Vec::new();
    }

    pub(crate) fn push(&mut self, watch: Watch) {
        self.0.push(watch);
    }

    pub(crate) fn keys(&self) -> impl Iterator<Item = &Str> {
        self.0.iter().map(|watch| &watch.key)
    }

    pub(crate) fn are_touched(&self) -> bool {
        self.0.iter().any(|watch| watch.version.load(Relaxed) != watch.seen)
    }
}

/// The versions of all keys that are watched. Only touched under the keyspace's own lock: the counters are shared only so
/// that a watcher that goes away need not come back to say so.
#[derive(Debug)]
pub(crate) struct Watched {
    versions: ScanMap<Arc<AtomicU64>>,
    /// When there are so many, those that nobody watches any more are dropped.
    purge_at: usize,
}

/// Below this many, dropping what nobody watches is not worth a pass.
const PURGE_MIN: usize = 64;

impl Watched {
    pub(crate) fn new(seed: u64) -> Self {
        Self { versions: ScanMap::new(seed), purge_at: PURGE_MIN }
    }

    pub(crate) fn watch(&mut self, key: &[u8]) -> Watch {
        if self.versions.len() >= self.purge_at {
            self.purge();
        }
        let version = Arc::clone(self.versions.get_or_insert_with(key, Arc::default));
        let seen = version.load(Relaxed);
        Watch { key: Str::from(key), version, seen }
    }

    /// Notes that a key was changed, set or removed.
    pub(crate) fn touch(&mut self, key: &[u8]) {
        if self.versions.is_empty() {
            return;
        }
        if let Some(version) = self.versions.get(key) {
            version.fetch_add(1, Relaxed);
        }
    }

    /// Notes that the keys that `is_there` were removed.
    pub(crate) fn touch_all(&mut self, is_there: impl Fn(&[u8]) -> bool) {
        for (_, version) in self.versions.iter().filter(|(key, _)| is_there(key)) {
            version.fetch_add(1, Relaxed);
        }
    }

    /// Each pass at least halves what is kept, or doubles the number at which the next one comes: it costs each watch a
    /// constant.
    fn purge(&mut self) {
        let unwatched = self.versions.iter().filter(|(_, version)| Arc::strong_count(version) == 1);
        let unwatched: Vec<Str> = unwatched.map(|(key, _)| key.clone()).collect();
        for key in &unwatched {
            self.versions.remove(key);
        }
        self.purge_at = (self.versions.len() * 2).max(PURGE_MIN);
    }
}

/// A keyspace that leaves the memory may change before it comes back, and nobody could tell then.
impl Drop for Watched {
    fn drop(&mut self) {
        self.touch_all(|_| true);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Text;
    use crate::{Keyspace, Now};

    const NOW: Now = Now::from_ms(1_000);
    const LATER: Now = Now::from_ms(9_000);

    /// Watches `k` of a keyspace with a string there, does something, and says whether it is noticed.
    fn notices(change: impl FnOnce(&mut Keyspace) -> Now) -> bool {
        let mut space = Keyspace::new(1);
        space.edit(NOW).put_with(b"k", Text::from(b"v".as_slice()), Some(5_000));
        let mut watches = Watches::default();
        space.edit(NOW).watch(b"k", &mut watches);
        let now = change(&mut space);
        space.edit(now).are_touched(&watches)
    }

    #[test]
    fn every_change_is_noticed_and_nothing_else() {
        assert!(!notices(|_| NOW));
        assert!(!notices(|space| {
            space.edit(NOW).put(b"other", Text::from(b"v".as_slice()));
            assert!(space.view(NOW).exists(b"k"));
            NOW
        }));
        assert!(notices(|space| {
            space.edit(NOW).put(b"k", Text::from(b"v".as_slice()));
            NOW
        }));
        assert!(notices(|space| {
            space.edit(NOW).remove(b"k");
            NOW
        }));
        assert!(notices(|space| {
            space.edit(NOW).set_deadline(b"k", None);
            NOW
        }));
        assert!(notices(|space| {
            space.edit(NOW).rename(b"k", b"other");
            NOW
        }));
        assert!(notices(|space| {
            space.edit(NOW).clear();
            NOW
        }));
    }

    #[test]
    fn a_deadline_that_passes_is_a_change_and_one_that_had_passed_is_none() {
        assert!(notices(|_| LATER));
        let mut space = Keyspace::new(1);
        space.edit(NOW).put_with(b"k", Text::from(b"v".as_slice()), Some(5_000));
        let mut watches = Watches::default();
        space.edit(LATER).watch(b"k", &mut watches);
        space.edit(LATER).sweep(10);
        assert!(!space.edit(LATER).are_touched(&watches));
    }

    #[test]
    fn opening_a_value_without_changing_it_is_no_change() {
        let mut space = Keyspace::new(1);
        let set = |space: &mut Keyspace, value: &[u8]| {
            let mut edit = space.edit(NOW);
            let mut hash = edit.hash_or_new(b"h").unwrap();
            hash.put(b"f", value, None);
        };
        set(&mut space, b"1");
        let mut watches = Watches::default();
        space.edit(NOW).watch(b"h", &mut watches);
        drop(space.edit(NOW).hash(b"h").unwrap());
        assert!(!space.edit(NOW).are_touched(&watches));
        set(&mut space, b"2");
        assert!(space.edit(NOW).are_touched(&watches));
    }

    /// A database that slept in between is read into another keyspace.
    #[test]
    fn a_keyspace_that_is_gone_counts_as_changed() {
        let mut space = Keyspace::new(1);
        let mut watches = Watches::default();
        space.edit(NOW).watch(b"k", &mut watches);
        drop(space);
        assert!(Keyspace::new(1).edit(NOW).are_touched(&watches));
    }

    #[test]
    fn what_nobody_watches_any_more_is_dropped() {
        let mut watched = Watched::new(1);
        let kept = watched.watch(b"kept");
        for n in 0..10_000_u32 {
            drop(watched.watch(&n.to_be_bytes()));
        }
        assert!(watched.versions.len() <= PURGE_MIN, "{}", watched.versions.len());
        watched.touch(b"kept");
        assert_ne!(kept.version.load(Relaxed), kept.seen);
    }
}
