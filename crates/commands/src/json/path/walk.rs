//! Following a path through a document.

use std::cell::Cell;
use std::rc::Rc;

use latchkey_keyspace::value::json::{Array, Location, Node};

use super::{Segment, Selector, Slice};

/// What paths may still cost: so many more values may be looked at. Whoever has a clone counts too, so all paths of one
/// command share what there is, and no command keeps a thread for long.
#[derive(Clone, Debug)]
pub(in crate::json) struct Steps(Rc<Cell<usize>>);

impl Default for Steps {
    fn default() -> Self {
        const STEPS_MAX: usize = 1 << 24;
        Self(Rc::new(Cell::new(STEPS_MAX)))
    }
}

impl Steps {
    pub(super) fn spend(&self, steps: usize) -> Result<(), Stop> {
        let left = self.0.get().checked_sub(steps).ok_or(Stop::TooLong)?;
        self.0.set(left);
        Ok(())
    }
}

/// One walk through a document.
#[derive(Debug)]
pub(super) struct Walk<'d> {
    root: &'d Node,
    steps: Steps,
}

/// Why a walk ended before it was through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// Whoever asked has seen enough.
    Enough,
    /// It took too many steps.
    TooLong,
}

/// Takes a match: where it is, and what.
type Found<'a, 'd> = &'a mut dyn FnMut(&Location, &'d Node) -> Result<(), Stop>;

impl<'d> Walk<'d> {
    pub(super) fn new(root: &'d Node, steps: &Steps) -> Self {
        Self { root, steps: steps.clone() }
    }

    /// The document.
    pub(super) fn root(&self) -> &'d Node {
        self.root
    }

    /// Counts steps.
    pub(super) fn spend(&self, steps: usize) -> Result<(), Stop> {
        self.steps.spend(steps)
    }

    /// Finds what the segments lead to from a value on, which is at `at`. Every segment goes down at least one level, so
    /// the document's depth bounds the recursion, not the path's length.
    pub(super) fn follow(
        &self,
        segments: &[Segment],
        node: &'d Node,
        at: &mut Location,
        found: Found<'_, 'd>,
    ) -> Result<(), Stop> {
        self.spend(1)?;
        match segments.split_first() {
            None => found(at, node),
            Some((segment, rest)) if segment.descends => self.descend(segment, rest, node, at, found),
            Some((segment, rest)) => self.select(segment, rest, node, at, found),
        }
    }

    /// Children first: what lies deeper is found earlier.
    fn descend(
        &self,
        segment: &Segment,
        rest: &[Segment],
        node: &'d Node,
        at: &mut Location,
        found: Found<'_, 'd>,
    ) -> Result<(), Stop> {
        self.spend(1)?;
        for (position, child) in node.children().enumerate() {
            at.push(position);
            self.descend(segment, rest, child, at, found)?;
            at.pop();
        }
        self.select(segment, rest, node, at, found)
    }

    fn select(
        &self,
        segment: &Segment,
        rest: &[Segment],
        node: &'d Node,
        at: &mut Location,
        found: Found<'_, 'd>,
    ) -> Result<(), Stop> {
        for selector in &segment.selectors {
            self.spend(1)?;
            selector.select(self, node, &mut |position, child| {
                at.push(position);
                self.follow(rest, child, at, found)?;
                at.pop();
                Ok(())
            })?;
        }
        Ok(())
    }
}

impl Selector {
    /// Visits those of the values right inside `node` that are selected, with their positions.
    fn select<'d>(
        &self,
        walk: &Walk<'d>,
        node: &'d Node,
        visit: &mut dyn FnMut(usize, &'d Node) -> Result<(), Stop>,
    ) -> Result<(), Stop> {
        match (self, node) {
            (Self::Name(name), Node::Object(object)) => {
                object.get(name).map_or(Ok(()), |(position, child)| visit(position, child))
            }
            (Self::Index(index), Node::Array(array)) => match position(*index, array.len()) {
                Some(position) => array.get(position).map_or(Ok(()), |child| visit(position, child)),
                None => Ok(()),
            },
            (Self::Slice(slice), Node::Array(array)) => slice.select(array, visit),
            (Self::All, _) => {
                node.children().enumerate().try_for_each(|(position, child)| visit(position, child))
            }
            (Self::Filter(filter), _) => {
                for (position, child) in node.children().enumerate() {
                    walk.spend(1)?;
                    if filter.holds(walk, child)? {
                        visit(position, child)?;
                    }
                }
                Ok(())
            }
            (Self::Name(_) | Self::Index(_) | Self::Slice(_), _) => Ok(()),
        }
    }
}

/// The position that an index means, which may be beyond the end; `None` if it is before the beginning.
fn position(index: i64, len: usize) -> Option<usize> {
    match usize::try_from(index) {
        Ok(position) => Some(position),
        Err(_) => len.checked_sub(usize::try_from(index.unsigned_abs()).ok()?),
    }
}

impl Slice {
    fn select<'d>(
        &self,
        array: &'d Array,
        visit: &mut dyn FnMut(usize, &'d Node) -> Result<(), Stop>,
    ) -> Result<(), Stop> {
        let len = array.len() as i64;
        let from_end = |index: i64| if index < 0 { index.saturating_add(len) } else { index };
        let (mut at, end) = if self.step > 0 {
            let bound = |index: i64| from_end(index).clamp(0, len);
            (self.start.map_or(0, bound), self.end.map_or(len, bound))
        } else {
            let bound = |index: i64| from_end(index).clamp(-1, len - 1);
            (self.start.map_or(len - 1, bound), self.end.map_or(-1, bound))
        };
        while (self.step > 0 && at < end) || (self.step < 0 && at > end) {
            let position = at as usize;
            array.get(position).map_or(Ok(()), |child| visit(position, child))?;
            at = at.saturating_add(self.step);
        }
        Ok(())
    }
}
