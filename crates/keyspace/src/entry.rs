//! What a keyspace keeps under a key.

use std::cell::Cell;

use crate::{Now, Value};

/// A deadline that never comes.
pub(crate) const NEVER: i64 = i64::MAX;

/// Not used since it was replayed.
const UNKNOWN: u32 = 0;

/// A value, its deadline, and when it was last used.
#[derive(Clone, Debug)]
pub struct Entry {
    pub(crate) value: Value,
    pub(crate) expires_at_ms: i64,
    used_at_s: Cell<u32>,
}

impl Entry {
    pub(crate) fn new(value: Value, expires_at_ms: Option<i64>, now: Now) -> Self {
        let entry =
            Self { value, expires_at_ms: expires_at_ms.unwrap_or(NEVER), used_at_s: Cell::new(UNKNOWN) };
        entry.touch(now);
        entry
    }

    /// The value.
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// The deadline in milliseconds since the epoch, if it has one.
    pub fn expires_at_ms(&self) -> Option<i64> {
        (self.expires_at_ms != NEVER).then_some(self.expires_at_ms)
    }

    /// Seconds since somebody used it.
    pub fn idle_s(&self, now: Now) -> u64 {
        match self.used_at_s.get() {
            UNKNOWN => 0,
            used_at_s => u64::from(clock_s(now).wrapping_sub(used_at_s)),
        }
    }

    /// Notes that somebody used it so many seconds ago, and not since.
    pub(crate) fn set_idle(&self, idle_s: u64, now: Now) {
        // UNKNOWN would say otherwise.
        self.used_at_s
            .set(clock_s(now).wrapping_sub(idle_s.min(u64::from(u32::MAX)) as u32).max(UNKNOWN + 1));
    }

    /// Notes that somebody used it.
    pub(crate) fn touch(&self, now: Now) {
        if now != Now::BEFORE_ALL {
            self.used_at_s.set(clock_s(now));
        }
    }

    /// Whether it is still there at this instant.
    pub(crate) fn is_live(&self, now: Now) -> bool {
        !now.is_past(self.expires_at_ms) && !self.value.is_gone(now)
    }

    /// When the expiry cycle has to look at it next: its own deadline or the first one inside.
    pub(crate) fn due_ms(&self) -> Option<i64> {
        let inside = self.value.first_deadline_ms().unwrap_or(NEVER);
        let due = inside.min(self.expires_at_ms);
        (due != NEVER).then_some(due)
    }

    /// Stored bytes by the formula, without the name of the key.
    pub(crate) fn bytes(&self) -> u64 {
        let deadline = if self.expires_at_ms == NEVER { 0 } else { crate::cost::DEADLINE };
        crate::cost::KEY + deadline + self.value.bytes()
    }
}

/// How a deadline is kept. The last millisecond there is stands for none, so a deadline then is one earlier.
pub(crate) fn deadline(expires_at_ms: Option<i64>) -> i64 {
    expires_at_ms.map_or(NEVER, |at| at.min(NEVER - 1))
}

/// Seconds on a clock that wraps every 136 years.
fn clock_s(now: Now) -> u32 {
    now.seconds().rem_euclid(1 << 32) as u32
}
