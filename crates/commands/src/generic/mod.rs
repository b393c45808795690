//! Keys of any type.

use crate::{Category, Family, Spec};

pub(crate) const FAMILY: Family =
    Family { group: "generic", category: Some(Category::Keyspace), commands: COMMANDS };

const COMMANDS: &[Spec] = &[];
