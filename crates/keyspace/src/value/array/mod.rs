//! Array values: strings at places that are numbered, with gaps that cost nothing.

mod codec;
mod page;
mod ring;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use super::{Contents, canonical_item, conversions};
use crate::cost::ARRAY_ELEMENT;
use crate::{Effect, Open, Str};
use page::Page;

/// The last place. The number after it is that of no place, so that a length can always be said.
pub const INDEX_MAX: u64 = u64::MAX - 1;

/// Strings at places from 0 to [`INDEX_MAX`], few or many of which are used, and a cursor that says where the last one
/// was inserted.
///
/// Places lie in pages of 64. A page exists if one of its places is used, and holds as many strings as are in it, so
/// memory follows the elements, and going over a range costs what is in it.
#[derive(Clone, Debug, Default)]
pub struct Array {
    pages: BTreeMap<u64, Page>,
    len: usize,
    bytes: u64,
    /// Where the last insertion was. `None` is "nowhere yet": the next one goes to place 0.
    cursor: Option<u64>,
}

/// A change inside an array.
#[derive(Clone, Debug)]
pub enum ArrayEffect {
    /// Puts elements at places, in place of what was there.
    Put {
        /// Places ascend.
        items: Vec<(u64, Str)>,
        /// Where the cursor is then, if the elements were inserted at it.
        cursor: Option<u64>,
    },
    /// Takes the elements at these places away. Places ascend.
    Remove(Vec<u64>),
    /// Takes all elements in a range away.
    RemoveRange(RangeInclusive<u64>),
    /// Puts the cursor somewhere.
    Seek(Option<u64>),
}

/// How an array is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Pages of which every place is used.
    pub full_pages: usize,
    /// Pages that have gaps.
    pub other_pages: usize,
    /// How many elements the pages with gaps have room for before more memory is taken.
    pub other_capacity: usize,
}

impl Array {
    /// So many places make a page.
    pub const PAGE_PLACES: u64 = Page::PLACES;

    /// The number of elements.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are no elements.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The number behind the last place that is used; 0 if none is. O(log n).
    pub fn span(&self) -> u64 {
        self.range(0..=INDEX_MAX).next_back().map_or(0, |(index, _)| index + 1)
    }

    /// The element at a place. O(log n).
    pub fn get(&self, index: u64) -> Option<&Str> {
        self.pages.get(&(index / Page::PLACES))?.get(index % Page::PLACES)
    }

    /// Where the last insertion was; `None` if the next one goes to place 0.
    pub fn cursor(&self) -> Option<u64> {
        self.cursor
    }

    /// The elements of a range with their places, which ascend. Takes time for what is there, not for the gaps. Of a
    /// range that is empty there are none.
    pub fn range(&self, range: RangeInclusive<u64>) -> impl DoubleEndedIterator<Item = (u64, &Str)> {
        let (first, last) = (*range.start(), *range.end());
        // A map refuses a range that ends before it begins.
        let pages = if first <= last { first / Page::PLACES..=last / Page::PLACES } else { 1..=1 };
        let pages = self.pages.range(pages).filter(move |_| first <= last);
        pages.flat_map(move |(&number, page)| {
            let base = number * Page::PLACES;
            page.range(page::mask(base, first, last)).map(move |(place, item)| (base + place, item))
        })
    }

    /// OBJECT ENCODING's word.
    pub fn encoding(&self) -> &'static str {
        "sliced-array"
    }

    /// How it is laid out. Takes time for every page.
    pub fn layout(&self) -> Layout {
        let mut layout = Layout { full_pages: 0, other_pages: 0, other_capacity: 0 };
        for page in self.pages.values() {
            if page.is_full() {
                layout.full_pages += 1;
            } else {
                layout.other_pages += 1;
                layout.other_capacity += page.capacity();
            }
        }
        layout
    }

    /// How many pages there are.
    pub fn pages(&self) -> usize {
        self.pages.len()
    }

    fn put(&mut self, index: u64, item: Str) {
        self.bytes += cost_of(&item);
        let page = self.pages.entry(index / Page::PLACES).or_default();
        match page.put(index % Page::PLACES, item) {
            Some(old) => self.bytes -= cost_of(&old),
            None => self.len += 1,
        }
    }

    /// Takes what is in a range away.
    fn cut(&mut self, range: RangeInclusive<u64>) {
        let (first, last) = (*range.start(), *range.end());
        let pages = first / Page::PLACES..=last / Page::PLACES;
        let numbers: Vec<u64> = self.pages.range(pages).map(|(&number, _)| number).collect();
        for number in numbers {
            let Some(page) = self.pages.get_mut(&number) else { continue };
            let (len, bytes) = page.cut(page::mask(number * Page::PLACES, first, last));
            self.len -= len;
            self.bytes -= bytes + len as u64 * ARRAY_ELEMENT;
            if page.is_empty() {
                self.pages.remove(&number);
            }
        }
    }
}

impl FromIterator<(u64, Str)> for Array {
    fn from_iter<I: IntoIterator<Item = (u64, Str)>>(items: I) -> Self {
        let mut array = Self::default();
        items.into_iter().for_each(|(index, item)| array.put(index, item));
        array
    }
}

impl Array {
    /// With the cursor here.
    pub fn with_cursor(mut self, cursor: Option<u64>) -> Self {
        self.cursor = cursor;
        self
    }
}

impl Open<'_, Array> {
    /// Puts elements at places, the last one where several have the same place. How many places were not used before.
    pub fn put(&mut self, items: impl IntoIterator<Item = (u64, Str)>) -> usize {
        let items: BTreeMap<u64, Str> = items.into_iter().collect();
        self.put_ascending(items.into_iter().collect(), None)
    }

    /// Inserts elements at consecutive places from `first` on, none of which may be beyond the last. The cursor is
    /// then at the last of them.
    pub fn insert(&mut self, first: u64, items: Vec<Str>) {
        let items: Vec<(u64, Str)> = (first..).zip(items).collect();
        if let Some(&(last, _)) = items.last() {
            self.put_ascending(items, Some(last));
        }
    }

    /// Takes the elements at places away. How many were there.
    pub fn remove(&mut self, places: impl IntoIterator<Item = u64>) -> usize {
        let mut places: Vec<u64> = places.into_iter().filter(|&index| self.get(index).is_some()).collect();
        places.sort_unstable();
        places.dedup();
        if places.is_empty() {
            return 0;
        }
        self.note(
            |_| ArrayEffect::Remove(places.clone()),
            |array| array.back(places.iter().filter_map(|&index| Some((index, array.get(index)?.clone())))),
        );
        let array = self.value_mut();
        places.iter().for_each(|&index| array.cut(index..=index));
        places.len()
    }

    /// Takes all elements of a range away. How many there were.
    pub fn remove_range(&mut self, range: RangeInclusive<u64>) -> usize {
        if self.range(range.clone()).next().is_none() {
            return 0;
        }
        self.note(
            |_| ArrayEffect::RemoveRange(range.clone()),
            |array| array.back(array.range(range.clone()).map(|(index, item)| (index, item.clone()))),
        );
        let array = self.value_mut();
        let len = array.len;
        array.cut(range);
        len - array.len
    }

    /// Puts the cursor somewhere: the next insertion goes behind it, or to place 0 if it is nowhere.
    pub fn seek(&mut self, cursor: Option<u64>) {
        self.note(|_| ArrayEffect::Seek(cursor), |array| vec![ArrayEffect::Seek(array.cursor)]);
        self.value_mut().cursor = cursor;
    }

    /// Puts elements at ascending places, and the cursor somewhere if it is given. How many places were not used.
    fn put_ascending(&mut self, items: Vec<(u64, Str)>, cursor: Option<u64>) -> usize {
        self.note(
            |_| ArrayEffect::Put { items: items.clone(), cursor },
            |array| array.before(&items, cursor.is_some()),
        );
        let array = self.value_mut();
        let len = array.len;
        items.into_iter().for_each(|(index, item)| array.put(index, item));
        array.cursor = cursor.or(array.cursor);
        array.len - len
    }

    /// Does what an effect says.
    pub(crate) fn apply(&mut self, effect: ArrayEffect) {
        match effect {
            ArrayEffect::Put { items, cursor } => drop(self.put_ascending(items, cursor)),
            ArrayEffect::Remove(places) => drop(self.remove(places)),
            ArrayEffect::RemoveRange(range) => drop(self.remove_range(range)),
            ArrayEffect::Seek(cursor) => self.seek(cursor),
        }
    }
}

impl Array {
    /// What brings elements back that are about to go. With the last element the key would go, and with it the cursor.
    fn back(&self, items: impl Iterator<Item = (u64, Str)>) -> Vec<ArrayEffect> {
        let items: Vec<(u64, Str)> = items.collect();
        let cursor = (items.len() == self.len).then_some(ArrayEffect::Seek(self.cursor));
        [ArrayEffect::Put { items, cursor: None }].into_iter().chain(cursor).collect()
    }

    /// What takes back that elements are put, and that the cursor moves. What was there comes first, so that the array
    /// is never empty on the way, unless it was.
    fn before(&self, items: &[(u64, Str)], moves: bool) -> Vec<ArrayEffect> {
        let (used, unused): (Vec<u64>, Vec<u64>) =
            items.iter().map(|&(index, _)| index).partition(|&index| self.get(index).is_some());
        let old = used.into_iter().filter_map(|index| Some((index, self.get(index)?.clone())));
        let mut back =
            vec![ArrayEffect::Put { items: old.collect(), cursor: None }, ArrayEffect::Remove(unused)];
        if moves {
            back.push(ArrayEffect::Seek(self.cursor));
        }
        back
    }
}

impl Contents for Array {
    type Effect = ArrayEffect;

    fn effect(key: Str, effect: ArrayEffect) -> Effect {
        Effect::Array { key, effect }
    }

    fn bytes(&self) -> u64 {
        self.bytes
    }

    fn is_empty(&self) -> bool {
        self.len == 0
    }

    fn elements(&self) -> usize {
        self.len
    }

    fn canonical(&self, out: &mut Vec<u8>) {
        canonical_item(out, format!("{:?}", self.cursor).as_bytes());
        for (index, item) in self.range(0..=INDEX_MAX) {
            out.extend(index.to_be_bytes());
            canonical_item(out, item);
        }
    }

    conversions!(Array, boxed);
}

fn cost_of(item: &Str) -> u64 {
    ARRAY_ELEMENT + item.len() as u64
}
