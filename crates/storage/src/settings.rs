//! Limits of storage.

/// How databases are kept. [`Settings::new`] has the values for a server.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The log's.
    pub journal: latchkey_journal::Settings,
    /// Salts of tails, and seeds of databases that were never given one, are drawn from it. To be drawn anew at every
    /// start.
    pub seed: u64,
    /// Steps of a database are gathered up to this size before they are written to its tail.
    pub chunk_bytes: usize,
    /// Steps of all databases that wait to be written to tails; beyond them
    /// [`Storage::is_congested`](crate::Storage::is_congested).
    pub pending_bytes_max: u64,
    /// So many log segments are kept before tails are synced to free the oldest.
    pub segments_max: usize,
    /// A database is compacted when its tails are larger than this, and than its snapshot and what that holds; when it
    /// falls asleep, from an eighth of that on.
    pub compaction_bytes_min: u64,
    /// What has to be left on the disk after a compaction.
    pub free_bytes_min: u64,
    /// How long a compaction that failed waits for its next attempt, in milliseconds.
    pub retry_after_ms: i64,
}

impl Settings {
    /// Those of a server.
    pub fn new(seed: u64) -> Self {
        let journal = latchkey_journal::Settings::new(seed);
        Self {
            free_bytes_min: journal.free_bytes_min,
            journal,
            seed: seed.rotate_left(32),
            chunk_bytes: 64 << 10,
            pending_bytes_max: 64 << 20,
            segments_max: 4,
            compaction_bytes_min: 4 << 20,
            retry_after_ms: 60_000,
        }
    }
}
