//! How large a database and its records may become.

use latchkey_protocol::ReplyError;

/// The limits of a database's plan, as far as the engine has to know them, and what the process has room for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most bytes it may store, by the formula of `latchkey_keyspace::cost`; `None` for no limit.
    pub stored_bytes_max: Option<u64>,
    /// The most bytes that one key with its value may take, by the same formula.
    pub record_bytes_max: u64,
    /// Whether keys are evicted to make room, instead of refusing the write.
    pub evicts: bool,
    /// The most bytes, by the same formula, that the process has memory for; `None` for no limit.
    pub memory_bytes_max: Option<u64>,
    /// Whether nothing that grows can be kept, because the disk is full.
    pub disk_is_full: bool,
}

impl Limits {
    /// No limit but Redis's own.
    pub const NONE: Self = Self {
        stored_bytes_max: None,
        record_bytes_max: u64::MAX,
        evicts: false,
        memory_bytes_max: None,
        disk_is_full: false,
    };

    /// The most bytes that can be stored now, whatever the reason.
    pub(crate) fn bytes_max(&self) -> u64 {
        let unlimited = u64::MAX;
        self.stored_bytes_max.unwrap_or(unlimited).min(self.memory_bytes_max.unwrap_or(unlimited))
    }

    /// What is answered when the database would hold `usage` bytes, and that is too much.
    pub(crate) fn no_room(&self, usage: u64) -> ReplyError {
        match self.stored_bytes_max {
            Some(max) if max == self.bytes_max() => ReplyError::new(format!(
                "ERR DB capacity quota exceeded. Threshold: {max} bytes, Usage: {usage} bytes. See \
                 https://upstash.com/docs/redis/troubleshooting/db_capacity_quota_exceeded for details"
            )),
            _ => OUT_OF_MEMORY,
        }
    }
}

/// Redis's answer where `maxmemory` is reached and nothing may be evicted.
const OUT_OF_MEMORY: ReplyError =
    ReplyError::fixed("OOM command not allowed when used memory > 'maxmemory'.");

/// As Redis begins its answer when it cannot write to its disk.
pub(crate) const DISK_IS_FULL: ReplyError = ReplyError::fixed(
    "MISCONF The server's disk is full. Commands that may enlarge the data set are refused until there is room; \
     reading and deleting go on.",
);
