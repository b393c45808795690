//! Set values.

use super::{Contents, conversions};
use crate::{Effect, Open, Str};

/// A Set.
#[derive(Clone, Debug, Default)]
pub struct Set {}

/// A change inside a Set.
#[derive(Clone, Debug)]
pub enum SetEffect {}

impl Set {
    /// OBJECT ENCODING's word.
    pub fn encoding(&self) -> &'static str {
        "listpack"
    }
}

impl Contents for Set {
    type Effect = SetEffect;

    fn effect(key: Str, effect: SetEffect) -> Effect {
        Effect::Set { key, effect }
    }

    fn bytes(&self) -> u64 {
        0
    }

    fn is_empty(&self) -> bool {
        true
    }

    fn canonical(&self, _out: &mut Vec<u8>) {}

    conversions!(Set, boxed);
}

impl Open<'_, Set> {
    /// Does what an effect says.
    pub(crate) fn apply(&mut self, effect: SetEffect) {
        match effect {}
    }
}
