//! HyperLogLog: how many different elements there are, about, in 12 KB.

mod dense;
mod element;
mod estimate;
mod pfadd;
mod pfcount;
mod pfmerge;
mod sketch;
mod sparse;

#[cfg(test)]
mod tests;

use crate::{Category, Family, Spec};

pub(crate) const FAMILY: Family =
    Family { group: "hyperloglog", category: Some(Category::HyperLogLog), commands: COMMANDS };

const COMMANDS: &[Spec] = &[pfadd::PFADD, pfcount::PFCOUNT, pfmerge::PFMERGE];
