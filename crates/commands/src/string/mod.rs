//! Strings: values, counters.

mod append;
mod digest;
mod get;
mod incrbyfloat;
mod set;

use crate::{Category, Family, Spec};

pub(crate) const FAMILY: Family =
    Family { group: "string", category: Some(Category::String), commands: COMMANDS };

const COMMANDS: &[Spec] = &[append::APPEND, digest::DIGEST, get::GET, incrbyfloat::INCRBYFLOAT, set::SET];
