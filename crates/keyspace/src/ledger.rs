//! What one step has changed so far.

use std::any::Any;

use crate::codec::{Mark, Record};
use crate::{Effect, Value, trace};

/// Collections with more elements than this are handed out to be freed elsewhere.
const FREED_ELSEWHERE_MIN: usize = 64;

/// Keeps what a step changed: forwards for whoever records it, backwards for whoever may have to take it back.
#[derive(Default)]
pub(crate) struct Ledger {
    /// Changes since the keyspace was made. Never goes back, not even when a step is taken back.
    pub(crate) changes: u64,
    /// The changes of this step in order, if somebody records them.
    pub(crate) record: Option<Record>,
    /// How many records were begun. Tells whether a savepoint speaks of this one.
    pub(crate) records: u64,
    /// A record that was taken and given back, for its memory.
    pub(crate) spare: Record,
    /// What takes this step back, last first, if somebody may want that.
    pub(crate) undo: Option<Vec<Effect>>,
    /// What was taken out of the keyspace and is costly to free.
    pub(crate) garbage: Vec<Box<dyn Any + Send>>,
}

/// Where a step stood, to come back to. Made by [`Keyspace::save`](crate::Keyspace::save).
#[derive(Debug)]
#[must_use = "release it, or go back to it"]
pub struct Savepoint {
    /// How many effects of the way back lead to it from the beginning.
    pub(crate) effects: usize,
    /// Whether the way back began with it, and ends with it.
    pub(crate) is_outermost: bool,
    /// How far the record was, and which one it was, if there was one.
    pub(crate) recorded: Option<(u64, Mark)>,
    /// How much was noted of what the step does.
    pub(crate) traced: trace::Mark,
}

impl Ledger {
    /// Notes a change. Both closures run only if somebody wants what they make; `inverse` lists what takes the change
    /// back in the order in which it has to be done.
    pub(crate) fn note(&mut self, forward: impl FnOnce() -> Effect, inverse: impl FnOnce() -> Vec<Effect>) {
        self.note_with(|record| record.push(&forward()), inverse);
    }

    /// As [`note`](Self::note), where `forward` writes the record itself.
    pub(crate) fn note_with(
        &mut self,
        forward: impl FnOnce(&mut Record),
        inverse: impl FnOnce() -> Vec<Effect>,
    ) {
        if let Some(record) = &mut self.record {
            forward(record);
        }
        self.changes += 1;
        if let Some(undo) = &mut self.undo {
            undo.extend(inverse().into_iter().rev());
        }
    }

    /// How far the record is, and which one it is.
    pub(crate) fn recorded(&self) -> Option<(u64, Mark)> {
        self.record.as_ref().map(|record| (self.records, record.mark()))
    }

    /// Takes a value that is no longer needed, to be freed now or elsewhere.
    pub(crate) fn discard(&mut self, value: Value) {
        if value.elements() > FREED_ELSEWHERE_MIN {
            self.garbage.push(Box::new(value));
        }
    }
}

impl std::fmt::Debug for Ledger {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ledger").field("changes", &self.changes).finish_non_exhaustive()
    }
}
