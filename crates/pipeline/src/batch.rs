//! What a door hands in: one command or several, and who claims to send them.

use std::fmt;

use latchkey_protocol::{ReplyError, Words};
use smallvec::SmallVec;

use crate::Caller;

/// Commands, or what became of them, in the order in which they were sent. Mostly one.
pub type Batch<T> = SmallVec<[T; 1]>;

/// How the commands of a batch belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// One command, one reply.
    One,
    /// Each for itself: others may come in between, and an error is one entry's.
    Pipeline,
    /// Each for itself, as they come from a connection: the backend may stop before the end, and what it has not run
    /// comes back with the answer, to be handed in again.
    Stream,
    /// WATCH: the session's next transaction is to run only if nobody changes the keys before.
    Watch,
    /// SUBSCRIBE, PSUBSCRIBE, SSUBSCRIBE, MONITOR or CLIENT TRACKING: the caller's ear is to hear from now on.
    Listen,
    /// As one step: all or none are run, and nobody sees a state in between. None if a key that the session watches was
    /// changed.
    Atomic,
}

/// A request as it came in. Nothing in it is believed yet.
pub struct Incoming {
    /// Who claims to send it.
    pub caller: Caller,
    /// How the commands belong together.
    pub shape: Shape,
    /// The commands; an error stands for one that could not be read.
    pub commands: Batch<Result<Words, ReplyError>>,
}

impl fmt::Debug for Incoming {
    /// Leaves the token and the arguments out: what can be printed ends in a log one day.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Incoming")
            .field("shape", &self.shape)
            .field("commands", &self.commands.len())
            .finish()
    }
}
