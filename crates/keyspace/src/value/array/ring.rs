//! Arrays as rings: insertion that begins anew at place 0 when a size is reached.

use std::collections::BTreeMap;

use super::{Array, INDEX_MAX};
use crate::{Open, Str};

impl Open<'_, Array> {
    /// Inserts elements behind the cursor, of which none goes to `size` or behind it: there it begins anew at place 0.
    /// An array of another shape is brought into that of the ring first (see [`Array::kept`]). Returns the place of the
    /// last element. `size` is not 0 and there is at least one item.
    ///
    /// Takes time for the items, and for the elements that are kept if the shape changes.
    pub fn ring(&mut self, size: u64, items: Vec<Str>) -> u64 {
        let Some(kept) = self.kept(size) else { return self.ring_on(self.next(), size, items) };
        let next = kept.len() as u64 % size;
        let mut elements: BTreeMap<u64, Str> = (0..).zip(kept).collect();
        let cursor = write(&mut elements, next, size, items);
        // They lie without a gap from place 0 on. The rest goes last, so that the key does not go in between.
        let used = elements.len() as u64;
        self.put_ascending(elements.into_iter().collect(), Some(cursor));
        self.remove_range(used..=INDEX_MAX);
        cursor
    }

    fn ring_on(&mut self, next: u64, size: u64, items: Vec<Str>) -> u64 {
        let mut elements = BTreeMap::new();
        let cursor = write(&mut elements, next % size, size, items);
        self.put_ascending(elements.into_iter().collect(), Some(cursor));
        cursor
    }
}

impl Array {
    /// The number of the place where the next insertion goes, before it is brought into a ring.
    fn next(&self) -> u64 {
        self.cursor().map_or(0, |last| last + 1)
    }

    /// What is kept of an array when it becomes a ring of this size, oldest first, if it does not have that shape: if
    /// it is longer than the ring, or shorter although insertion began anew at 0 already, so that what lies behind the
    /// cursor is the oldest. Kept are the newest elements, back to the first gap.
    fn kept(&self, size: u64) -> Option<Vec<Str>> {
        let span = self.span();
        let wrapped = size > span && self.cursor.is_some() && self.next() < span;
        if span == 0 || (size >= span && !wrapped) {
            return None;
        }
        let newest = self.cursor.map_or(span - 1, |last| last % span);
        let places = (0..=newest).rev().chain((newest + 1..span).rev());
        let count = usize::try_from(size.min(span)).unwrap_or(usize::MAX);
        let mut kept: Vec<Str> = places.map_while(|index| self.get(index).cloned()).take(count).collect();
        kept.reverse();
        Some(kept)
    }
}

/// Writes items into a ring from `next` on; where one comes to lie on another, the later one stays. Returns the place of
/// the last one.
fn write(elements: &mut BTreeMap<u64, Str>, next: u64, size: u64, items: Vec<Str>) -> u64 {
    let mut cursor = next;
    for (place, item) in (next..size).chain(std::iter::repeat_with(|| 0..size).flatten()).zip(items) {
        cursor = place;
        elements.insert(place, item);
    }
    cursor
}
