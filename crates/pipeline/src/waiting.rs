//! Where requests wait for the quota store.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

use latchkey_tenancy::DatabaseId;
use tokio::sync::Notify;
use tokio::sync::futures::Notified;

/// A power of two, and small: a room costs a few words.
const ROOMS: usize = 64;

/// The rooms. A database always uses the same one; some share one, which costs a wasted look when another's lease
/// arrives, and keeps the number of rooms bounded. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct WaitingRooms(Arc<Rooms>);

#[derive(Debug)]
struct Rooms {
    rooms: [Room; ROOMS],
    /// Whether the store's last answer was a failure.
    is_failing: AtomicBool,
}

impl WaitingRooms {
    /// Empty rooms.
    pub(crate) fn new() -> Self {
        let rooms = std::array::from_fn(|_| Room::default());
        Self(Arc::new(Rooms { rooms, is_failing: AtomicBool::new(false) }))
    }

    /// Notes whether the store has answered. Whether that is news: while it fails, each request asks it again.
    pub(crate) fn note_outcome(&self, is_ok: bool) -> bool {
        self.0.is_failing.swap(!is_ok, Relaxed) == is_ok
    }

    /// The room of this database.
    pub(crate) fn room(&self, database: DatabaseId) -> &Room {
        // The end of an id is random.
        let [.., last] = database.as_bytes();
        &self.0.rooms[usize::from(*last) % ROOMS]
    }
}

/// Rings when the store has answered.
#[derive(Debug, Default)]
pub(crate) struct Room {
    bell: Notify,
    failures: AtomicU64,
}

impl Room {
    /// Done at the next answer after this call, also if that comes before the future is first polled.
    pub(crate) fn answered(&self) -> Notified<'_> {
        self.bell.notified()
    }

    /// How often the store has failed. All who wait give up when that changes: if each asked again for itself, a store
    /// that is slow to fail would hold them up one after the other.
    pub(crate) fn failures(&self) -> u64 {
        self.failures.load(Relaxed)
    }

    /// Wakes all who wait. The meters have taken in the answer already.
    pub(crate) fn answer(&self, ok: bool) {
        if !ok {
            self.failures.fetch_add(1, Relaxed);
        }
        self.bell.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_that_goes_on_failing_is_news_once() {
        let rooms = WaitingRooms::new();
        let news = [true, false, false, true, false].map(|is_ok| rooms.note_outcome(is_ok));
        assert_eq!(news, [false, true, false, true, true]);
    }
}
