//! Time, handed in.

/// Tells the time. In production the system's; in tests one that is set by hand.
pub trait Clock: std::fmt::Debug + Send + Sync + 'static {
    /// Microseconds since 1970-01-01T00:00Z. May go backwards.
    fn now_us(&self) -> i64;

    /// Milliseconds since 1970-01-01T00:00Z; 0 before.
    fn now_ms(&self) -> u64 {
        u64::try_from(self.now_us() / 1000).unwrap_or(0)
    }
}
