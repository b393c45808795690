//! Which keys were read by whom, within limits.

use latchkey_keyspace::Str;
use latchkey_keyspace::collections::scan_map::ScanMap;

use crate::limits::{COPIED_KEYS_MAX, COPIES_BYTES_MAX};

/// What a key counts for besides its bytes …
const KEY_BYTES: usize = 96;
/// … and each who has read it.
const READER_BYTES: usize = size_of::<u64>();

/// Keys with those who have read them. Who has gone since is still among them.
#[derive(Debug)]
pub(crate) struct Copies {
    readers: ScanMap<Vec<u64>>,
    len: usize,
    bytes: usize,
    /// Where the next key is given up: in the order of hashes, which nobody can foresee.
    hand: u64,
}

impl Copies {
    pub(crate) fn new(seed: u64) -> Self {
        Self { readers: ScanMap::new(seed), len: 0, bytes: 0, hand: 0 }
    }

    /// How many keys there are.
    pub(crate) fn keys(&self) -> usize {
        self.readers.len()
    }

    /// How many pairs of a key and a reader there are.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Takes all of them out.
    pub(crate) fn take(&mut self) -> Self {
        let seed = self.readers.seed();
        std::mem::replace(self, Self::new(seed))
    }

    /// Notes that somebody has read a key.
    pub(crate) fn add(&mut self, key: Str, who: u64, is_there: impl Fn(u64) -> bool) {
        let Some(readers) = self.readers.get_mut(&key) else {
            self.bytes += KEY_BYTES + key.len() + READER_BYTES;
            self.len += 1;
            self.readers.insert(key, vec![who]);
            return;
        };
        let before = readers.len();
        if readers.binary_search(&who).is_err() {
            if readers.len() == readers.capacity() {
                // Before it grows, those who have gone make room: it stays in proportion to those who are there.
                readers.retain(|&who| is_there(who));
            }
            let at = readers.partition_point(|&other| other < who);
            readers.insert(at, who);
        }
        let after = readers.len();
        self.len = self.len + after - before;
        self.bytes = self.bytes + after * READER_BYTES - before * READER_BYTES;
    }

    /// Takes a key out, with those who have read it.
    pub(crate) fn remove(&mut self, key: &[u8]) -> Option<(Str, Vec<u64>)> {
        let (key, readers) = self.readers.remove(key)?;
        self.len -= readers.len();
        self.bytes -= KEY_BYTES + key.len() + readers.len() * READER_BYTES;
        Some((key, readers))
    }

    /// A key that has to be given up, because there are too many.
    pub(crate) fn surplus(&mut self) -> Option<Str> {
        let mut surplus = None;
        let is_full = self.readers.len() > COPIED_KEYS_MAX || self.bytes > COPIES_BYTES_MAX;
        while is_full && surplus.is_none() {
            self.hand = self.readers.scan(self.hand, 1, &mut |key, _| surplus = Some(key.clone()));
        }
        surplus
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(n: usize) -> Str {
        Str::from(n.to_string().as_str())
    }

    #[test]
    fn what_is_counted_is_what_is_there() {
        let mut copies = Copies::new(1);
        for n in 0..1000 {
            copies.add(key(n % 100), n as u64 % 7, |_| true);
        }
        assert_eq!((copies.keys(), copies.len()), (100, 700));
        for n in 0..100 {
            let (_, readers) = copies.remove(&key(n)).unwrap();
            assert_eq!(readers, [0, 1, 2, 3, 4, 5, 6]);
        }
        assert_eq!((copies.keys(), copies.len(), copies.bytes), (0, 0, 0));
        assert!(copies.remove(b"0").is_none());
    }

    #[test]
    fn those_who_have_gone_make_room() {
        let mut copies = Copies::new(1);
        for who in 0..10_000 {
            copies.add(key(1), who, |other| other + 10 > who);
        }
        assert!(copies.len() < 100, "{}", copies.len());
        let (_, readers) = copies.remove(&key(1)).unwrap();
        assert!((9_990..10_000).all(|who| readers.contains(&who)));
    }
}
