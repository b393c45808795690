//! What a session keeps watch over between its commands and during them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

use latchkey_commands::Watches;
use latchkey_tenancy::Principal;
use parking_lot::{Mutex, MutexGuard};
use tokio::sync::oneshot;

/// The keys that a session watches, and the command of it that waits. Shared with whoever runs its commands; nobody holds
/// one of its locks while waiting for another. While it lasts, the session counts as a connection to its database.
#[derive(Debug)]
pub struct Vigil {
    watches: Mutex<Watches>,
    wait: Mutex<Option<oneshot::Sender<Unblock>>>,
    leaves_no_trace: AtomicBool,
    connections: Arc<AtomicU64>,
}

/// How somebody else ends a wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unblock {
    /// As if it had waited in vain.
    TimedOut,
    /// With an error that says so.
    Refused,
}

impl Vigil {
    pub(crate) fn of(principal: &Principal) -> Self {
        let connections = Arc::clone(principal.connections());
        connections.fetch_add(1, Relaxed);
        Self {
            watches: Mutex::default(),
            wait: Mutex::default(),
            leaves_no_trace: AtomicBool::new(false),
            connections,
        }
    }

    /// The keys that it watches.
    pub fn lock(&self) -> MutexGuard<'_, Watches> {
        self.watches.lock()
    }

    /// Whether it is not noted that its commands use a key.
    pub fn leaves_no_trace(&self) -> bool {
        self.leaves_no_trace.load(Relaxed)
    }

    /// Says whether it is not to be noted that its commands use a key.
    pub fn leave_no_trace(&self, leaves_no_trace: bool) {
        self.leaves_no_trace.store(leaves_no_trace, Relaxed);
    }

    /// A command of it waits from now on, until what this returns is dropped. It tells if somebody else ends the wait.
    pub fn begin_wait(&self) -> oneshot::Receiver<Unblock> {
        let (sender, receiver) = oneshot::channel();
        *self.wait.lock() = Some(sender);
        receiver
    }

    /// Whether a command of it waits.
    pub fn is_waiting(&self) -> bool {
        self.wait.lock().as_ref().is_some_and(|wait| !wait.is_closed())
    }

    /// Ends the wait. Whether there was one.
    pub fn end_wait(&self, how: Unblock) -> bool {
        self.wait.lock().take().is_some_and(|wait| wait.send(how).is_ok())
    }
}

impl Drop for Vigil {
    fn drop(&mut self) {
        self.connections.fetch_sub(1, Relaxed);
    }
}
