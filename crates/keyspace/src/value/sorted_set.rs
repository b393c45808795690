//! SortedSet values.

use super::{Contents, conversions};
use crate::{Effect, Open, Str};

/// A SortedSet.
#[derive(Clone, Debug, Default)]
pub struct SortedSet {}

/// A change inside a SortedSet.
#[derive(Clone, Debug)]
pub enum SortedSetEffect {}

impl SortedSet {
    /// OBJECT ENCODING's word.
    pub fn encoding(&self) -> &'static str {
        "listpack"
    }
}

impl Contents for SortedSet {
    type Effect = SortedSetEffect;

    fn effect(key: Str, effect: SortedSetEffect) -> Effect {
        Effect::SortedSet { key, effect }
    }

    fn bytes(&self) -> u64 {
        0
    }

    fn is_empty(&self) -> bool {
        true
    }

    fn canonical(&self, _out: &mut Vec<u8>) {}

    conversions!(SortedSet, boxed);
}

impl Open<'_, SortedSet> {
    /// Does what an effect says.
    pub(crate) fn apply(&mut self, effect: SortedSetEffect) {
        match effect {}
    }
}
