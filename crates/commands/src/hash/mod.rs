//! Hashes.

use crate::{Category, Family, Spec};

pub(crate) const FAMILY: Family =
    Family { group: "hash", category: Some(Category::Hash), commands: COMMANDS };

const COMMANDS: &[Spec] = &[];
