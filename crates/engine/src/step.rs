//! Steps that may be taken back, with all that was said of them.

use latchkey_keyspace::Savepoint;
use latchkey_pubsub::Mark;

use crate::Database;

/// Where a step began. Released or gone back to, the newest first.
#[must_use = "release it, or go back to it"]
pub(crate) struct Step {
    keys: Savepoint,
    news: Mark,
}

impl Database {
    /// Begins a step.
    pub(crate) fn save(&mut self) -> Step {
        Step { keys: self.keyspace.save(), news: self.outbox.mark() }
    }

    /// It happened, unless an outer step is taken back.
    pub(crate) fn release(&mut self, step: Step) {
        self.keyspace.release(step.keys);
    }

    /// It did not happen, and nobody hears of it.
    pub(crate) fn roll_back(&mut self, step: Step) {
        self.keyspace.roll_back(step.keys);
        self.outbox.go_back(step.news);
    }
}
