//! Limits and times of the log.

use std::path::PathBuf;
use std::time::Duration;

/// How a log is kept. [`Settings::new`] has the values for a server.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Directory of the segments, below the root of the disk.
    pub directory: PathBuf,
    /// Salts are made from it and the number of the segment. To be drawn anew at every start.
    pub seed: u64,
    /// Size of a segment, its head included. One that holds a larger frame is larger.
    pub segment_bytes: u64,
    /// Most that is written before a sync, unless one frame is larger.
    pub group_bytes_max: usize,
    /// Bytes that wait to be written; beyond them [`Log::is_congested`](crate::Log::is_congested).
    pub queue_bytes_max: usize,
    /// What has to be left on the disk after a segment was made.
    pub free_bytes_min: u64,
    /// How long a frame that nobody waits for may be in memory only, where it ends with the process.
    pub write_within: Duration,
    /// How long it may wait to be synced, where it ends with the machine.
    pub sync_within: Duration,
    /// How often a full disk is asked whether there is room.
    pub retry_after: Duration,
    /// Whether the log has threads that commit and tend it. Without them, whoever has it does both, when and in the
    /// order that it likes: with [`Journal::commit`](crate::Journal::commit) and
    /// [`Journal::tend`](crate::Journal::tend). For simulations.
    pub has_threads: bool,
}

impl Settings {
    /// Those of a server.
    pub fn new(seed: u64) -> Self {
        Self {
            directory: PathBuf::from("log"),
            seed,
            segment_bytes: 64 << 20,
            group_bytes_max: 4 << 20,
            queue_bytes_max: 16 << 20,
            free_bytes_min: 64 << 20,
            write_within: Duration::from_millis(5),
            sync_within: Duration::from_secs(1),
            retry_after: Duration::from_secs(1),
            has_threads: true,
        }
    }
}
