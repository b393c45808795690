//! The record of a step: its effects, encoded as they happen.

use super::effect::{encode_change, encode_put};
use super::{Change, Reader};
use crate::{Effect, Value};

/// Encoded effects in order. Apply them with [`Keyspace::replay`](crate::Keyspace::replay).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    bytes: Vec<u8>,
    effects: usize,
}

/// A database that rarely changes much keeps no more memory than this for its next record.
const KEPT_BYTES_MAX: usize = 64 * 1024;

/// How long a record was at some time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mark {
    bytes: usize,
    effects: usize,
}

impl Record {
    /// The effects one after the other.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// How many effects there are.
    pub fn effects(&self) -> usize {
        self.effects
    }

    /// Whether nothing was changed.
    pub fn is_empty(&self) -> bool {
        self.effects == 0
    }

    /// Forgets the effects and keeps the memory, to record others.
    pub fn clear(&mut self) {
        self.cut(Mark { bytes: 0, effects: 0 });
    }

    /// Whether its memory is of a size that the next record may well need.
    pub(crate) fn is_worth_keeping(&self) -> bool {
        self.bytes.capacity() <= KEPT_BYTES_MAX
    }

    pub(crate) fn push(&mut self, effect: &Effect) {
        effect.encode(&mut self.bytes);
        self.effects += 1;
    }

    pub(crate) fn push_put(&mut self, key: &[u8], value: &Value, expires_at_ms: Option<i64>) {
        encode_put(&mut self.bytes, key, value, expires_at_ms);
        self.effects += 1;
    }

    pub(crate) fn push_change(&mut self, key: &[u8], change: &impl Change) {
        encode_change(&mut self.bytes, key, change);
        self.effects += 1;
    }

    pub(crate) fn mark(&self) -> Mark {
        Mark { bytes: self.bytes.len(), effects: self.effects }
    }

    /// Goes back to how it was.
    pub(crate) fn cut(&mut self, mark: Mark) {
        self.bytes.truncate(mark.bytes);
        self.effects = mark.effects;
    }

    /// The effects, decoded. `seed` is that of the keyspace that they are for.
    pub(crate) fn decode(
        bytes: &[u8],
        seed: u64,
    ) -> impl Iterator<Item = Result<(usize, Effect), super::CodecError>> {
        let mut reader = Reader::new(bytes, seed);
        std::iter::from_fn(move || {
            let offset = reader.offset();
            (!reader.is_empty()).then(|| Effect::decode(&mut reader).map(|effect| (offset, effect)))
        })
    }
}
