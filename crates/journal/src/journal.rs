//! The log with its threads.

use std::sync::Arc;

use crate::disk::Disk;
use crate::error::JournalError;
use crate::frame::Lsn;
use crate::log::{Pressure, Record, Urgency};
use crate::settings::Settings;

/// The commit log of a node, at work. Shared by reference or [`Arc`]; dropping it closes it.
#[derive(Debug)]
pub struct Journal {}

#[allow(missing_docs, unused_variables)]
impl Journal {
    /// Starts an empty log whose first frame will have the number `first_lsn`: [`Scanned::next_lsn`]. What the
    /// directory held is removed, so all that [`scan`] found there has to be kept elsewhere by now. `on_failure` is
    /// called at most once, on a thread of the journal.
    pub fn start(
        disk: Arc<dyn Disk>,
        settings: Settings,
        first_lsn: Lsn,
        on_failure: impl FnOnce(&JournalError) + Send + 'static,
    ) -> Result<Self, JournalError> {
        unimplemented!()
    }
    /// Memory only. Callers ask [`is_congested`](Self::is_congested) before they execute.
    pub fn append(&self, record: Record<'_>, urgency: Urgency) -> Lsn {
        unimplemented!()
    }
    /// Ready when the frame and all before it are durable. `Waiting: Future<Output = Result<(), JournalError>> + Send + Unpin + 'static`.
    pub fn wait(&self, lsn: Lsn) -> Waiting {
        unimplemented!()
    }
    pub fn wait_blocking(&self, lsn: Lsn) -> Result<(), JournalError> {
        unimplemented!()
    }
    /// The number of the last frame that was appended.
    pub fn last(&self) -> Lsn {
        unimplemented!()
    }
    pub fn durable(&self) -> Lsn {
        unimplemented!()
    }
    /// Frames up to `lsn` are durable elsewhere. Memory only; files are freed by the background thread.
    pub fn release(&self, lsn: Lsn) {
        unimplemented!()
    }
    pub fn pressure(&self) -> Pressure {
        unimplemented!()
    }
    pub fn is_congested(&self) -> bool {
        unimplemented!()
    }
    pub fn is_full(&self) -> bool {
        unimplemented!()
    }
    /// Bytes of frames that fit in the segments there are.
    pub fn room_bytes(&self) -> u64 {
        unimplemented!()
    }
    pub fn failure(&self) -> Option<JournalError> {
        unimplemented!()
    }
    /// Makes all durable that was appended, ends the threads.
    pub fn close(self) -> Result<(), JournalError> {
        unimplemented!()
    }
}

/// Pending until its frame is durable.
#[derive(Debug)]
pub struct Waiting {}
