//! What all connections share.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use latchkey_pipeline::{Credentials, Gate, Session, Stack};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;

use crate::Settings;
use crate::clients::Clients;
use crate::conversation::Conversation;
use crate::pauses::Pauses;

/// Answers connections. Shared by all of them.
pub struct Door<S> {
    pub(crate) stack: S,
    pub(crate) gate: Gate,
    pub(crate) settings: Settings,
    pub(crate) clients: Clients,
    pub(crate) pauses: Pauses,
    pub(crate) budget: Budget,
}

impl<S: Stack> Door<S> {
    /// A door before this pipeline.
    pub fn new(stack: S, gate: Gate, settings: Settings) -> Self {
        let budget = Budget::new(settings.large_requests_bytes_max);
        Self { stack, gate, settings, clients: Clients::default(), pauses: Pauses::default(), budget }
    }

    /// Answers one connection to its end, over any stream: a [`Server`](crate::Server) is for sockets. `addresses` are
    /// the client's and ours.
    pub async fn answer(&self, stream: impl AsyncRead + AsyncWrite + Unpin, addresses: [SocketAddr; 2]) {
        let (_runs_on, stopped) = watch::channel(false);
        Conversation::new(stream, addresses, None, self, stopped).hold().await;
    }

    /// The session that a connection starts with, where the door is open. A database may have been asked for.
    pub(crate) fn open_session(&self, database: Option<&str>) -> Option<Session> {
        let password = self.settings.open_as.as_ref()?.as_bytes();
        self.gate.open(Credentials { database, user: None, password })
    }

    /// The database that is asked for with this host name.
    pub(crate) fn database_asked_for(&self, server_name: &str) -> Option<String> {
        self.settings.domain.as_ref()?.database(server_name)
    }
}

/// Memory for large commands that are still arriving, shared by all connections.
#[derive(Debug)]
pub(crate) struct Budget {
    free_bytes: AtomicUsize,
}

impl Budget {
    fn new(bytes_max: usize) -> Self {
        Self { free_bytes: AtomicUsize::new(bytes_max) }
    }

    /// Takes bytes out of the budget. Nobody waits: two who each wait for what the other holds would wait for ever.
    fn take(&self, bytes: usize) -> bool {
        self.free_bytes.fetch_update(Relaxed, Relaxed, |free| free.checked_sub(bytes)).is_ok()
    }

    fn give_back(&self, bytes: usize) {
        self.free_bytes.fetch_add(bytes, Relaxed);
    }
}

/// What one connection holds of the budget. Given back when dropped.
#[derive(Debug)]
pub(crate) struct Share<'a> {
    budget: &'a Budget,
    bytes: usize,
}

impl<'a> Share<'a> {
    pub(crate) fn new(budget: &'a Budget) -> Self {
        Self { budget, bytes: 0 }
    }

    /// Holds so much from now on. Whether there was enough; if not, what was held stays held.
    #[must_use]
    pub(crate) fn resize(&mut self, bytes: usize) -> bool {
        if bytes > self.bytes && !self.budget.take(bytes - self.bytes) {
            return false;
        }
        self.budget.give_back(self.bytes.saturating_sub(bytes));
        self.bytes = bytes;
        true
    }
}

impl Drop for Share<'_> {
    fn drop(&mut self) {
        self.budget.give_back(self.bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_never_takes_more_than_there_is_and_gives_all_back() {
        let budget = Budget::new(100);
        let (mut one, mut other) = (Share::new(&budget), Share::new(&budget));
        assert!(one.resize(60));
        assert!(!other.resize(41));
        assert!(other.resize(40));
        assert!(one.resize(10));
        assert!(other.resize(90));
        drop((one, other));
        assert!(Share::new(&budget).resize(100));
    }
}
