//! [`ScanMap`]: a hash map in hash order, so that a scan survives growth, shrinking and a restart.
//!
//! Extendible hashing: the top bits of a key's hash index a directory of pages, and a page holds all keys
//! whose hashes share a prefix. A full page splits on its next hash bit, sparse siblings merge again. Growth
//! therefore moves one page at a time (only the directory, four bytes for each page or a few, doubles), and
//! the hash order of the keys, which is all that a scan cursor speaks of, never changes.

use std::fmt;
use std::iter::FlatMap;
use std::mem;
use std::vec;

use fastrand::Rng;
use hashbrown::HashTable;
use hashbrown::hash_table;
use siphasher::sip::SipHasher13;

use super::str::Str;

/// Entries in a page before it splits: what 512 buckets hold at the table's highest load of 7/8.
const PAGE_LEN_MAX: usize = 448;

/// The buckets of a full page's table.
const PAGE_BUCKETS: usize = 512;

/// Two sibling pages merge when they hold no more than this together. Far below [`PAGE_LEN_MAX`], so that
/// hundreds of operations lie between a merge and the next split.
const MERGED_LEN_MAX: usize = PAGE_LEN_MAX / 4;

/// The most hash bits that a directory is indexed by.
const DEPTH_MAX: u8 = 32;

/// How much deeper than evenly filled pages a page may lie. Random hashes stay within 3; a page of equal hashes
/// stops splitting here and grows instead, and the directory stays proportional to the pages.
const DEPTH_SKEW_MAX: u32 = 4;

/// Tables of this many buckets or fewer are not worth shrinking.
const SHRINK_BUCKETS_MIN: usize = 16;

/// A hash map from [`Str`] to `V` that is scanned in the order of the keys' 64-bit hashes.
///
/// The hash depends on the seed alone, so a cursor stays good for any map with the same seed and keys.
/// An empty map owns no memory; a small one is a single hash table.
#[derive(Clone)]
pub struct ScanMap<V> {
    hasher: KeyHasher,
    /// Page numbers by the top `depth` hash bits; empty while `depth` is 0, when page 0 has all entries.
    directory: Vec<u32>,
    pages: Vec<Page<V>>,
    len: usize,
    /// Pages whose depth is the directory's: when none is left, the directory halves.
    pages_deepest: usize,
    /// No page has more buckets than this, nearly always [`PAGE_BUCKETS`]: what [`ScanMap::random`] draws from.
    buckets_max: usize,
    depth: u8,
}

/// All entries whose hashes share their top `depth` bits with `first_hash`, whose other bits are 0.
#[derive(Clone)]
struct Page<V> {
    table: HashTable<(Str, V)>,
    first_hash: u64,
    depth: u8,
}

impl<V> ScanMap<V> {
    /// An empty map. Maps that untrusted clients fill must have a seed that they cannot know.
    pub fn new(seed: u64) -> ScanMap<V> {
        ScanMap {
            hasher: KeyHasher::new(seed),
            directory: Vec::new(),
            pages: Vec::new(),
            len: 0,
            pages_deepest: 0,
            buckets_max: PAGE_BUCKETS,
            depth: 0,
        }
    }

    /// An empty map with pages for `len` entries, which may then come in any order. Without them, many entries in the
    /// order of their hashes would all fall into one page before there are others. The memory is taken at once.
    pub fn with_capacity(seed: u64, len: usize) -> ScanMap<V> {
        let depth = depth_for(len);
        let mut map = ScanMap { depth, ..ScanMap::new(seed) };
        if len == 0 {
            return map;
        }
        let pages: u32 = 1 << depth;
        let page = |number: u32| Page {
            table: HashTable::with_capacity((len >> depth).min(PAGE_LEN_MAX)),
            first_hash: u64::from(number).checked_shl(64 - u32::from(depth)).unwrap_or(0),
            depth,
        };
        map.pages = (0..pages).map(page).collect();
        map.pages_deepest = map.pages.len();
        if depth > 0 {
            map.directory = (0..pages).collect();
        }
        map
    }

    /// The seed it was made with.
    pub fn seed(&self) -> u64 {
        self.hasher.seed
    }

    /// The number of entries.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are no entries.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The value at `key`.
    pub fn get(&self, key: &[u8]) -> Option<&V> {
        self.get_key_value(key).map(|(_, value)| value)
    }

    /// The stored key equal to `key`, and its value.
    pub fn get_key_value(&self, key: &[u8]) -> Option<(&Str, &V)> {
        let hash = self.hash_of(key);
        let (key, value) = self.page(hash)?.table.find(hash, |(stored, _)| **stored == *key)?;
        Some((key, value))
    }

    /// The value at `key`, to change in place.
    pub fn get_mut(&mut self, key: &[u8]) -> Option<&mut V> {
        let hash = self.hash_of(key);
        let page = self.page_number(hash);
        let table = &mut self.pages.get_mut(page)?.table;
        table.find_mut(hash, |(stored, _)| **stored == *key).map(|(_, value)| value)
    }

    /// Whether `key` is present.
    pub fn contains(&self, key: &[u8]) -> bool {
        self.get(key).is_some()
    }

    /// Sets the value at `key` and returns the one it replaces. The stored key is kept.
    pub fn insert(&mut self, key: Str, value: V) -> Option<V> {
        let hash = self.hash_of(&key);
        match self.locate(hash, &key) {
            Some((page, bucket)) => Some(mem::replace(self.value_at(page, bucket), value)),
            None => {
                self.insert_absent(hash, key, value);
                None
            }
        }
    }

    /// As [`insert`](Self::insert), for a caller that has the key's hash already; copies the key only if it is absent.
    pub fn insert_hashed(&mut self, hash: u64, key: &[u8], value: V) -> Option<V> {
        debug_assert_eq!(hash, self.hash_of(key));
        match self.locate(hash, key) {
            Some((page, bucket)) => Some(mem::replace(self.value_at(page, bucket), value)),
            None => {
                self.insert_absent(hash, Str::new(key), value);
                None
            }
        }
    }

    /// Adds a key that the caller knows to be absent, without looking for it first.
    pub fn insert_unique(&mut self, key: Str, value: V) -> &mut V {
        debug_assert!(!self.contains(&key), "the key is already present");
        let hash = self.hash_of(&key);
        self.insert_absent(hash, key, value)
    }

    /// The value at `key`, set from `make` if the key is absent. Hashes and searches once.
    pub fn get_or_insert_with(&mut self, key: &[u8], make: impl FnOnce() -> V) -> &mut V {
        let hash = self.hash_of(key);
        match self.locate(hash, key) {
            Some((page, bucket)) => self.value_at(page, bucket),
            None => self.insert_absent(hash, Str::new(key), make()),
        }
    }

    /// Removes `key` and returns the stored key and value.
    pub fn remove(&mut self, key: &[u8]) -> Option<(Str, V)> {
        self.remove_hashed(self.hash_of(key), key)
    }

    /// As [`remove`](Self::remove), for a caller that has the key's hash already.
    pub fn remove_hashed(&mut self, hash: u64, key: &[u8]) -> Option<(Str, V)> {
        debug_assert_eq!(hash, self.hash_of(key));
        let number = self.page_number(hash);
        let table = &mut self.pages.get_mut(number)?.table;
        let (entry, _) = table.find_entry(hash, |(stored, _)| **stored == *key).ok()?.remove();
        self.len -= 1;
        if self.is_empty() {
            self.clear();
        } else {
            self.shrink_page(number);
            self.merge_pages(hash);
        }
        Some(entry)
    }

    /// Removes all entries and frees their memory.
    pub fn clear(&mut self) {
        drop(self.drain());
    }

    /// Removes all entries and hands them out, in no particular order.
    pub fn drain(&mut self) -> IntoIter<V> {
        let empty = ScanMap { hasher: self.hasher.clone(), ..ScanMap::new(0) };
        mem::replace(self, empty).into_iter()
    }

    /// All entries, by ascending pages of hashes; within a page in no particular order.
    pub fn iter(&self) -> Iter<'_, V> {
        Iter { map: self, entries: hash_table::Iter::default(), next_page: Some(0), remaining: self.len }
    }

    /// All entries with values to change in place, in no particular order.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (&Str, &mut V)> {
        self.pages.iter_mut().flat_map(|page| page.table.iter_mut()).map(|(key, value)| (&*key, value))
    }

    /// The hash that orders `key` in a scan.
    pub fn hash_of(&self, key: &[u8]) -> u64 {
        self.hasher.hash(key)
    }

    /// All entries whose key has exactly this hash: nearly always one or none.
    pub fn get_by_hash(&self, hash: u64) -> impl Iterator<Item = (&Str, &V)> {
        let candidates = self.page(hash).into_iter().flat_map(move |page| page.table.iter_hash(hash));
        candidates.filter(move |(key, _)| self.hash_of(key) == hash).map(|(key, value)| (key, value))
    }

    /// All entries with their hashes, in ascending order of hash and, among equal hashes, of key. It sorts one page at
    /// a time.
    pub fn in_order(&self) -> impl Iterator<Item = (u64, &Str, &V)> {
        let mut next_hash = Some(0);
        let pages = std::iter::from_fn(move || {
            let page = self.page(next_hash?)?;
            next_hash = page.next_hash();
            Some(page)
        });
        pages.flat_map(|page| {
            let entries = page.table.iter().map(|(key, value)| (self.hash_of(key), key, value));
            let mut entries: Vec<_> = entries.collect();
            entries.sort_unstable_by(|(hash, key, _), (other, other_key, _)| {
                hash.cmp(other).then_with(|| key.cmp(other_key))
            });
            entries
        })
    }

    /// Visits entries in ascending order of hash from `cursor` on, at least `count` (and at least one) if so many
    /// are left, and returns the cursor to go on from, 0 when none are left.
    ///
    /// A scan from 0 to 0 visits every key that is present throughout exactly once, and no key twice, whatever is
    /// inserted and removed between its calls. Keys of one hash are never split between two calls. The cost is that of
    /// a page and of the entries visited.
    pub fn scan(&self, cursor: u64, count: usize, visit: &mut dyn FnMut(&Str, &V)) -> u64 {
        let mut remaining = count.max(1);
        let mut position = Some(cursor);
        while let Some(from) = position {
            let Some(page) = self.page(from) else { return 0 };
            if remaining == 0 && !page.table.is_empty() {
                return from;
            }
            if let Some(next) = self.scan_page(page, from, &mut remaining, visit) {
                return next;
            }
            position = page.next_hash();
        }
        0
    }

    /// An entry drawn uniformly from all. Expected cost O(1).
    ///
    /// Every bucket of every page is drawn with the same chance, as if each page had the most buckets, until
    /// one is occupied. That takes few draws, because tables are kept from being sparse.
    pub fn random(&self, rng: &mut Rng) -> Option<(&Str, &V)> {
        if self.is_empty() {
            return None;
        }
        let buckets = match &self.pages[..] {
            [page] => page.table.num_buckets(),
            _ => self.buckets_max,
        };
        loop {
            let page = &self.pages[rng.usize(..self.pages.len())];
            if let Some((key, value)) = page.table.get_bucket(rng.usize(..buckets)) {
                return Some((key, value));
            }
        }
    }

    /// Visits a page's entries from hash `from` on, and no more than `remaining` asks for if that parts no equal
    /// hashes. Returns the hash of the first entry that it left out, if any.
    fn scan_page(
        &self,
        page: &Page<V>,
        from: u64,
        remaining: &mut usize,
        visit: &mut dyn FnMut(&Str, &V),
    ) -> Option<u64> {
        let hashed = page.table.iter().map(|(key, value)| (self.hash_of(key), key, value));
        let mut entries: Vec<_> = hashed.filter(|(hash, ..)| *hash >= from).collect();
        let mut next = None;
        if entries.len() > *remaining {
            let (_, &mut (last, ..), _) =
                entries.select_nth_unstable_by_key(remaining.saturating_sub(1), |(hash, ..)| *hash);
            next = entries.iter().map(|(hash, ..)| *hash).filter(|hash| *hash > last).min();
            entries.retain(|(hash, ..)| *hash <= last);
        }
        entries.sort_unstable_by_key(|(hash, ..)| *hash);
        entries.iter().for_each(|(_, key, value)| visit(key, value));
        *remaining = remaining.saturating_sub(entries.len());
        next
    }

    /// The number of the page for `hash`; there may be no page at all yet.
    #[inline]
    fn page_number(&self, hash: u64) -> usize {
        match self.depth {
            0 => 0,
            depth => self.directory[slot(hash, depth)] as usize,
        }
    }

    #[inline]
    fn page(&self, hash: u64) -> Option<&Page<V>> {
        self.pages.get(self.page_number(hash))
    }

    /// The page and bucket of a key.
    fn locate(&self, hash: u64, key: &[u8]) -> Option<(usize, usize)> {
        let number = self.page_number(hash);
        let table = &self.pages.get(number)?.table;
        Some((number, table.find_bucket_index(hash, |(stored, _)| **stored == *key)?))
    }

    /// The value in a bucket that `locate` has just found.
    fn value_at(&mut self, page: usize, bucket: usize) -> &mut V {
        let entry = self.pages[page].table.get_bucket_mut(bucket);
        &mut entry.expect("located in this table, which has not changed since").1
    }

    fn insert_absent(&mut self, hash: u64, key: Str, value: V) -> &mut V {
        let number = self.page_with_room(hash);
        let hasher = &self.hasher;
        let table = &mut self.pages[number].table;
        table.reserve(1, |(key, _)| hasher.hash(key));
        self.len += 1;
        self.buckets_max = self.buckets_max.max(table.num_buckets());
        let entry = table.insert_unique(hash, (key, value), |(key, _)| hasher.hash(key));
        &mut entry.into_mut().1
    }

    /// The number of the page for `hash`, after splitting it until it can take an entry.
    fn page_with_room(&mut self, hash: u64) -> usize {
        if self.pages.is_empty() {
            self.pages.reserve_exact(1); // most maps never have a second page
            self.pages.push(Page { table: HashTable::new(), first_hash: 0, depth: 0 });
            self.pages_deepest = 1;
        }
        loop {
            let number = self.page_number(hash);
            let page = &self.pages[number];
            if page.table.len() < PAGE_LEN_MAX || page.depth >= self.depth_max() {
                return number;
            }
            self.split_page(number);
        }
    }

    /// How deep a page may lie now.
    fn depth_max(&self) -> u8 {
        let depth = self.pages.len().ilog2() + DEPTH_SKEW_MAX;
        u8::try_from(depth).map_or(DEPTH_MAX, |depth| depth.min(DEPTH_MAX))
    }

    /// Moves the entries whose next hash bit is set to a page of their own.
    fn split_page(&mut self, number: usize) {
        if self.pages[number].depth == self.depth {
            self.double_directory();
        }
        let hasher = &self.hasher;
        let lower = &mut self.pages[number];
        lower.depth += 1;
        let bit = 1 << (64 - lower.depth);
        let mut upper = Page {
            table: HashTable::with_capacity(PAGE_LEN_MAX),
            first_hash: lower.first_hash | bit,
            depth: lower.depth,
        };
        for entry in mem::replace(&mut lower.table, HashTable::with_capacity(PAGE_LEN_MAX)) {
            let hash = hasher.hash(&entry.0);
            let page = if hash & bit == 0 { &mut *lower } else { &mut upper };
            page.table.insert_unique(hash, entry, |(key, _)| hasher.hash(key));
        }
        if upper.depth == self.depth {
            self.pages_deepest += 2;
        }
        self.pages.push(upper);
        self.point_directory(self.pages.len() - 1);
    }

    /// Merges the page for `hash` with its sibling, and the result with its own, as long as both are sparse.
    fn merge_pages(&mut self, hash: u64) {
        while let Some((lower, upper)) = self.sparse_siblings(hash) {
            self.merge_siblings(lower, upper);
        }
    }

    /// The numbers of the page for `hash` and of its sibling, lower hashes first, if one page could well hold both.
    fn sparse_siblings(&self, hash: u64) -> Option<(usize, usize)> {
        let number = self.page_number(hash);
        let page = &self.pages[number];
        if page.depth == 0 || page.table.len() > MERGED_LEN_MAX {
            return None;
        }
        let bit = 1 << (64 - page.depth);
        let sibling_number = self.page_number(page.first_hash ^ bit);
        let sibling = &self.pages[sibling_number];
        if sibling.depth != page.depth || page.table.len() + sibling.table.len() > MERGED_LEN_MAX {
            return None;
        }
        Some(if page.first_hash & bit == 0 { (number, sibling_number) } else { (sibling_number, number) })
    }

    fn merge_siblings(&mut self, lower: usize, upper: usize) {
        let hasher = &self.hasher;
        let moved = mem::take(&mut self.pages[upper].table);
        let page = &mut self.pages[lower];
        for entry in moved {
            page.table.insert_unique(hasher.hash(&entry.0), entry, |(key, _)| hasher.hash(key));
        }
        let was_deepest = page.depth == self.depth;
        page.depth -= 1;
        self.point_directory(lower);
        self.remove_page(upper);
        if was_deepest {
            self.pages_deepest -= 2;
            if self.pages_deepest == 0 {
                self.halve_directory();
            }
        }
    }

    /// Removes a page that the directory no longer points to; the last page takes its number.
    fn remove_page(&mut self, number: usize) {
        self.pages.swap_remove(number);
        if number < self.pages.len() {
            self.point_directory(number);
        }
        if self.pages.len() < self.pages.capacity() / 4 {
            self.pages.shrink_to(self.pages.len() * 2);
        }
    }

    /// Points the directory's slots for a page's hashes to it.
    fn point_directory(&mut self, number: usize) {
        if self.depth == 0 {
            return;
        }
        let page = &self.pages[number];
        let first = slot(page.first_hash, self.depth);
        let slots = first..first + (1 << (self.depth - page.depth));
        self.directory[slots].fill(u32::try_from(number).expect("memory holds fewer than 2^32 pages"));
    }

    fn double_directory(&mut self) {
        self.directory = match self.depth {
            0 => vec![0, 0],
            _ => self.directory.iter().flat_map(|&page| [page, page]).collect(),
        };
        self.depth += 1;
        self.pages_deepest = 0;
    }

    fn halve_directory(&mut self) {
        self.depth -= 1;
        self.directory = match self.depth {
            0 => Vec::new(),
            _ => self.directory.iter().copied().step_by(2).collect(),
        };
        self.pages_deepest = self.pages.iter().filter(|page| page.depth == self.depth).count();
        let buckets = self.pages.iter().map(|page| page.table.num_buckets());
        self.buckets_max = buckets.fold(PAGE_BUCKETS, usize::max);
    }

    /// Gives memory back when a page's table has become sparse.
    fn shrink_page(&mut self, number: usize) {
        let hasher = &self.hasher;
        let table = &mut self.pages[number].table;
        if table.num_buckets() > SHRINK_BUCKETS_MIN && table.len() * 8 < table.num_buckets() {
            table.shrink_to(table.len() * 2, |(key, _)| hasher.hash(key));
        }
    }
}

impl<V> Page<V> {
    /// The first hash beyond this page, unless it is the last.
    fn next_hash(&self) -> Option<u64> {
        let span = 1_u64.checked_shl(64 - u32::from(self.depth))?;
        self.first_hash.checked_add(span)
    }
}

/// How many hash bits share `len` entries out to pages, so that hardly any page has to split.
fn depth_for(len: usize) -> u8 {
    /// Enough for five thousand million entries.
    const DEPTH_RESERVED_MAX: u8 = 24;
    /// So many in each leave room for chance: a page that is to have 300 has 448 less than once in 10^15.
    const PAGE_LEN_EXPECTED: usize = 300;
    let pages = len.div_ceil(PAGE_LEN_EXPECTED).next_power_of_two();
    let depth = u8::try_from(pages.ilog2()).expect("the logarithm of 64 bits");
    if len <= PAGE_LEN_MAX { 0 } else { depth.min(DEPTH_RESERVED_MAX) }
}

/// The top `depth` bits of a hash, `depth` from 1 to [`DEPTH_MAX`].
#[inline]
fn slot(hash: u64, depth: u8) -> usize {
    (hash >> (64 - depth)) as usize
}

impl<V: fmt::Debug> fmt::Debug for ScanMap<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self).finish()
    }
}

/// The iterator of [`ScanMap::iter`].
pub struct Iter<'a, V> {
    map: &'a ScanMap<V>,
    entries: hash_table::Iter<'a, (Str, V)>,
    next_page: Option<u64>,
    remaining: usize,
}

impl<'a, V> Iterator for Iter<'a, V> {
    type Item = (&'a Str, &'a V);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some((key, value)) = self.entries.next() {
                self.remaining -= 1;
                return Some((key, value));
            }
            let page = self.map.page(self.next_page?)?;
            self.entries = page.table.iter();
            self.next_page = page.next_hash();
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.remaining, Some(self.remaining))
    }
}

impl<V> ExactSizeIterator for Iter<'_, V> {}

impl<'a, V> IntoIterator for &'a ScanMap<V> {
    type Item = (&'a Str, &'a V);
    type IntoIter = Iter<'a, V>;

    fn into_iter(self) -> Iter<'a, V> {
        self.iter()
    }
}

impl<V> IntoIterator for ScanMap<V> {
    type Item = (Str, V);
    type IntoIter = IntoIter<V>;

    fn into_iter(self) -> IntoIter<V> {
        IntoIter(self.pages.into_iter().flat_map(|page| page.table))
    }
}

/// The iterator over all entries by value, in no particular order.
pub struct IntoIter<V>(PageEntries<V>);

type PageEntries<V> =
    FlatMap<vec::IntoIter<Page<V>>, HashTable<(Str, V)>, fn(Page<V>) -> HashTable<(Str, V)>>;

impl<V> Iterator for IntoIter<V> {
    type Item = (Str, V);

    fn next(&mut self) -> Option<(Str, V)> {
        self.0.next()
    }
}

/// The seeded hash function: SipHash-1-3 under a key made of the seed and its complement.
///
/// Snapshots are written in its order and clients hold cursors that are hashes, so it has to be the same in every build
/// and on every machine, and must not tell the seed: with it, anyone could build keys that collide.
#[derive(Clone)]
struct KeyHasher {
    seed: u64,
    keyed: SipHasher13,
}

impl KeyHasher {
    fn new(seed: u64) -> KeyHasher {
        KeyHasher { seed, keyed: SipHasher13::new_with_keys(seed, !seed) }
    }

    #[inline]
    fn hash(&self, key: &[u8]) -> u64 {
        #[cfg(test)]
        if key.starts_with(tests::COLLIDING) {
            return 0;
        }
        self.keyed.hash(key)
    }
}

#[cfg(test)]
mod tests;
