//! Sets.

use crate::{Category, Family, Spec};

pub(crate) const FAMILY: Family = Family { group: "set", category: Some(Category::Set), commands: COMMANDS };

const COMMANDS: &[Spec] = &[];
