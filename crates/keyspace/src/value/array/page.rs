//! A page of an array: up to 64 strings, and a bit for each place that says whether it has one.

use crate::Str;

/// The strings of the used places, in their order, without gaps.
#[derive(Clone, Debug, Default)]
pub(super) struct Page {
    used: u64,
    items: Vec<Str>,
}

/// The places of the page that begins at `base` which lie from `first` to `last`.
pub(super) fn mask(base: u64, first: u64, last: u64) -> u64 {
    let end = base + (Page::PLACES - 1);
    if first > end || last < base {
        return 0;
    }
    let from = u64::MAX << first.saturating_sub(base);
    let to = u64::MAX >> end.saturating_sub(last);
    from & to
}

impl Page {
    pub(super) const PLACES: u64 = 64;

    pub(super) fn is_empty(&self) -> bool {
        self.used == 0
    }

    pub(super) fn is_full(&self) -> bool {
        self.used == u64::MAX
    }

    /// How many strings it has room for before it takes more memory.
    pub(super) fn capacity(&self) -> usize {
        self.items.capacity()
    }

    pub(super) fn get(&self, place: u64) -> Option<&Str> {
        self.is_used(place).then(|| &self.items[self.rank(place)])
    }

    /// Puts a string at a place. What was there.
    pub(super) fn put(&mut self, place: u64, item: Str) -> Option<Str> {
        let rank = self.rank(place);
        if self.is_used(place) {
            return Some(std::mem::replace(&mut self.items[rank], item));
        }
        if self.items.len() == self.items.capacity() {
            // Twice as many, from one on: a page with a single string is the commonest where gaps are wide.
            self.items.reserve_exact(self.items.len().max(1));
        }
        self.items.insert(rank, item);
        self.used |= 1 << place;
        None
    }

    /// Takes the strings at these places away. How many there were, and how long they were together.
    pub(super) fn cut(&mut self, places: u64) -> (usize, u64) {
        let mut left = self.used;
        let mut cut = (0, 0);
        self.items.retain(|item| {
            let goes = places >> left.trailing_zeros() & 1 == 1;
            left &= left - 1;
            if goes {
                cut = (cut.0 + 1, cut.1 + item.len() as u64);
            }
            !goes
        });
        self.used &= !places;
        if self.items.len() < self.items.capacity() / 4 {
            self.items.shrink_to(self.items.len() * 2);
        }
        cut
    }

    /// The strings at these places, with their places.
    pub(super) fn range(&self, places: u64) -> Items<'_> {
        let used = self.used & places;
        let first = self.rank(u64::from(used.trailing_zeros()).min(Self::PLACES - 1));
        Items { used, items: &self.items[first..][..used.count_ones() as usize] }
    }

    fn is_used(&self, place: u64) -> bool {
        self.used >> place & 1 == 1
    }

    /// How many strings lie before a place.
    fn rank(&self, place: u64) -> usize {
        (self.used & ((1 << place) - 1)).count_ones() as usize
    }
}

/// Goes over strings of a page from either end.
pub(super) struct Items<'a> {
    used: u64,
    items: &'a [Str],
}

impl<'a> Iterator for Items<'a> {
    type Item = (u64, &'a Str);

    fn next(&mut self) -> Option<Self::Item> {
        let (item, rest) = self.items.split_first()?;
        let place = u64::from(self.used.trailing_zeros());
        self.items = rest;
        self.used &= self.used - 1;
        Some((place, item))
    }
}

impl DoubleEndedIterator for Items<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        let (item, rest) = self.items.split_last()?;
        let place = u64::from(self.used.ilog2());
        self.items = rest;
        self.used &= !(1 << place);
        Some((place, item))
    }
}
