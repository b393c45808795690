//! Strings: values, counters.

mod append;
mod digest;
mod get;
mod set;

use crate::{Category, Family, Spec};

pub(crate) const FAMILY: Family =
    Family { group: "string", category: Some(Category::String), commands: COMMANDS };

const COMMANDS: &[Spec] = &[append::APPEND, digest::DIGEST, get::GET, set::SET];
