//! The deadlines of a hash's fields, in order.

use crate::collections::rank_tree::RankTree;
use crate::{Now, Str};

/// Fields by deadline, soonest first. Everything is O(log n).
///
/// A counted tree, because readers have to know how many deadlines have passed. It keeps milliseconds as doubles, which
/// is exact until the year 287396.
#[derive(Clone, Debug, Default)]
pub(super) struct Deadlines(RankTree);

impl Deadlines {
    pub(super) fn insert(&mut self, at_ms: i64, field: Str) {
        self.0.insert(at_ms as f64, field);
    }

    pub(super) fn remove(&mut self, at_ms: i64, field: &[u8]) {
        self.0.remove(at_ms as f64, field);
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// The soonest.
    pub(super) fn first(&self) -> Option<(i64, &Str)> {
        self.0.get(0).map(|(at_ms, field)| (at_ms as i64, field))
    }

    /// How many have passed.
    pub(super) fn passed(&self, now: Now) -> usize {
        self.0.partition_point(|at_ms, _| now.is_past(at_ms as i64))
    }
}
