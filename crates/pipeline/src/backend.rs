//! Where admitted commands are run.

use std::future::Future;

use latchkey_protocol::Reply;

use crate::{Admitted, Batch, Refusal};

/// Runs what was admitted: in this process, or on a cluster behind it.
pub trait Backend: Send + Sync + 'static {
    /// Runs the commands of a batch in order; those that were refused before keep their refusal as their reply.
    fn execute(&self, admitted: &Admitted) -> impl Future<Output = Result<Executed, Refusal>> + Send;
}

/// What came of a batch.
#[derive(Debug)]
pub struct Executed {
    /// A reply for each command, those that were refused before included. Of a [`Shape::Stream`](crate::Shape::Stream)
    /// it may be those of the first ones only, but of one at least.
    pub replies: Batch<Reply>,
    /// How many metered commands with a reply were refused for want of room: they are not charged.
    pub unexecuted: u64,
    /// The database's position afterwards.
    pub position: u64,
}
