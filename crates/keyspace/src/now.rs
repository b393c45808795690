//! The instant at which a command runs.

/// Wall-clock time, as an argument: one command sees one instant, as in Redis. Microseconds since 1970-01-01T00:00Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Now(i64);

impl Now {
    /// Before every deadline. Effects are applied at this instant, so that what had a deadline then gets it back even
    /// if it has passed since: replaying never decides what expires.
    pub const BEFORE_ALL: Self = Self(i64::MIN);

    /// From microseconds since the epoch.
    pub const fn from_us(us: i64) -> Self {
        Self(us)
    }

    /// From milliseconds since the epoch.
    pub const fn from_ms(ms: i64) -> Self {
        Self(ms.saturating_mul(1000))
    }

    /// Microseconds since the epoch.
    pub const fn us(self) -> i64 {
        self.0
    }

    /// Whole milliseconds since the epoch: the unit of deadlines.
    pub const fn ms(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// Whole seconds since the epoch.
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// Whether a deadline in milliseconds has passed. At the very millisecond it has not, as in Redis.
    pub const fn is_past(self, deadline_ms: i64) -> bool {
        deadline_ms < self.ms()
    }
}
