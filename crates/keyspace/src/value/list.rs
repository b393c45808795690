//! List values.

use super::{Contents, conversions};
use crate::{Effect, Open, Str};

/// A List.
#[derive(Clone, Debug, Default)]
pub struct List {}

/// A change inside a List.
#[derive(Clone, Debug)]
pub enum ListEffect {}

impl List {
    /// OBJECT ENCODING's word.
    pub fn encoding(&self) -> &'static str {
        "listpack"
    }
}

impl Contents for List {
    type Effect = ListEffect;

    fn effect(key: Str, effect: ListEffect) -> Effect {
        Effect::List { key, effect }
    }

    fn bytes(&self) -> u64 {
        0
    }

    fn is_empty(&self) -> bool {
        true
    }

    fn canonical(&self, _out: &mut Vec<u8>) {}

    conversions!(List, boxed);
}

impl Open<'_, List> {
    /// Does what an effect says.
    pub(crate) fn apply(&mut self, effect: ListEffect) {
        match effect {}
    }
}
