//! Hash values.

use super::{Contents, conversions};
use crate::{Effect, Open, Str};

/// A Hash.
#[derive(Clone, Debug, Default)]
pub struct Hash {}

/// A change inside a Hash.
#[derive(Clone, Debug)]
pub enum HashEffect {}

impl Hash {
    /// Whether every field is past its deadline.
    pub(crate) fn is_gone(&self, _now: crate::Now) -> bool {
        false
    }

    /// OBJECT ENCODING's word.
    pub fn encoding(&self) -> &'static str {
        "listpack"
    }
}

impl Contents for Hash {
    type Effect = HashEffect;

    fn effect(key: Str, effect: HashEffect) -> Effect {
        Effect::Hash { key, effect }
    }

    fn bytes(&self) -> u64 {
        0
    }

    fn is_empty(&self) -> bool {
        true
    }

    fn canonical(&self, _out: &mut Vec<u8>) {}

    conversions!(Hash, boxed);
}

impl Open<'_, Hash> {
    /// Does what an effect says.
    pub(crate) fn apply(&mut self, effect: HashEffect) {
        match effect {}
    }
}
