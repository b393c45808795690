//! Sorted sets.

use crate::{Category, Family, Spec};

pub(crate) const FAMILY: Family =
    Family { group: "sorted-set", category: Some(Category::SortedSet), commands: COMMANDS };

const COMMANDS: &[Spec] = &[];
