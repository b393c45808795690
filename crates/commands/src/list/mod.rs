//! Lists.

use crate::{Category, Family, Spec};

pub(crate) const FAMILY: Family =
    Family { group: "list", category: Some(Category::List), commands: COMMANDS };

const COMMANDS: &[Spec] = &[];
