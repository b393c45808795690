//! Putting elements in order for SORT.

use std::cmp::Ordering;
use std::ops::Range;

use latchkey_keyspace::value::{List, Set, SortedSet};
use latchkey_keyspace::{Str, Value, View};
use latchkey_protocol::ReplyError;

use super::options::{By, Options};
use crate::Result;
use crate::args::lenient_float;

/// The elements of the key in the order that the options ask for, within their LIMIT. A key that does not exist has
/// none.
pub(super) fn ordered(view: View<'_>, key: &[u8], options: &Options<'_>) -> Result<Vec<Str>> {
    let Some(source) = Source::at(view, key)? else { return Ok(Vec::new()) };
    let (window, descending) = (options.window(source.len()), options.descending);
    if source.stays_as_it_is(options) {
        return Ok(source.in_place(window, descending));
    }
    let elements = source.in_place(0..source.len(), false).into_iter();
    Ok(match (&options.by, options.alpha) {
        (By::Nothing, _) | (By::Element, true) => {
            arranged(elements.map(|element| ((), element)).collect(), window, descending)
        }
        (By::Element, false) => {
            arranged(weighed(elements, |element| weight_of(element))?, window, descending)
        }
        (By::Pattern(pattern), true) => {
            let weight = |element: &Str| Ok(pattern.find(view, element));
            arranged(weighed(elements, weight)?, window, descending)
        }
        (By::Pattern(pattern), false) => {
            let weight = |element: &Str| {
                pattern.find(view, element).map_or(Ok(Number::ABSENT), |weight| weight_of(&weight))
            };
            arranged(weighed(elements, weight)?, window, descending)
        }
    })
}

/// A value that can be sorted.
enum Source<'a> {
    List(&'a List),
    Set(&'a Set),
    SortedSet(&'a SortedSet),
}

impl<'a> Source<'a> {
    fn at(view: View<'a>, key: &[u8]) -> Result<Option<Self>> {
        match view.value(key) {
            None => Ok(None),
            Some(Value::List(list)) => Ok(Some(Self::List(list))),
            Some(Value::Set(set)) => Ok(Some(Self::Set(set))),
            Some(Value::SortedSet(sorted_set)) => Ok(Some(Self::SortedSet(sorted_set))),
            Some(Value::Text(_) | Value::Hash(_) | Value::Stream(_)) => Err(ReplyError::WRONG_TYPE.into()),
            Some(Value::Json(_) | Value::Array(_)) => Err(ReplyError::WRONG_TYPE.into()),
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::List(list) => list.len(),
            Self::Set(set) => set.len(),
            Self::SortedSet(sorted_set) => sorted_set.len(),
        }
    }

    /// Whether there is nothing to sort. What is stored must not depend on the order that a set happens to have, so
    /// then a set is sorted, by bytes, even if BY says that it need not be.
    fn stays_as_it_is(&self, options: &Options<'_>) -> bool {
        matches!(options.by, By::Nothing) && (self.has_order() || options.destination.is_none())
    }

    fn has_order(&self) -> bool {
        !matches!(self, Self::Set(_))
    }

    /// The elements at these places of their own order, or of its reverse. Of a set, which has neither, the places are
    /// those of the table and nothing is reversed.
    fn in_place(&self, window: Range<usize>, reversed: bool) -> Vec<Str> {
        let mirrored = self.len() - window.end..self.len() - window.start;
        let places = if reversed && self.has_order() { mirrored } else { window };
        let mut elements: Vec<Str> = match self {
            Self::List(list) => list.range(places).cloned().collect(),
            Self::Set(set) => set.iter().skip(places.start).take(places.len()).collect(),
            Self::SortedSet(sorted_set) => {
                sorted_set.range(places).map(|(member, _)| member.clone()).collect()
            }
        };
        if reversed && self.has_order() {
            elements.reverse();
        }
        elements
    }
}

/// Elements with what they are sorted by.
fn weighed<W>(
    elements: impl Iterator<Item = Str>,
    weight: impl Fn(&Str) -> Result<W>,
) -> Result<Vec<(W, Str)>> {
    elements.map(|element| Ok((weight(&element)?, element))).collect()
}

/// Sorts by weight, and where that is the same by the element's bytes, so that the result never depends on the order
/// before. Only what comes before the window's end has to be in order.
fn arranged<W: Ord>(mut items: Vec<(W, Str)>, window: Range<usize>, descending: bool) -> Vec<Str> {
    let order = |a: &(W, Str), b: &(W, Str)| if descending { b.cmp(a) } else { a.cmp(b) };
    if window.end < items.len() {
        items.select_nth_unstable_by(window.end, order);
        items.truncate(window.end);
    }
    items.sort_unstable_by(order);
    items.drain(window).map(|(_, element)| element).collect()
}

/// A weight that is not NaN, so that there is an order.
#[derive(PartialEq)]
struct Number(f64);

impl Number {
    /// Of an element that the pattern finds nothing for.
    const ABSENT: Self = Self(0.0);
}

impl Eq for Number {}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.partial_cmp(&other.0).unwrap_or(Ordering::Equal)
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Reads a weight.
fn weight_of(text: &[u8]) -> Result<Number> {
    let refusal = ReplyError::fixed("ERR One or more scores can't be converted into double");
    Ok(Number(lenient_float(text).ok_or(refusal)?))
}
