//! Mistakes to be made on purpose, so that we know that the simulation would find them.

/// A mistake. None of them is in the product: they are made by the disk, or by whoever hands steps over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bug {
    /// The log is not synced.
    SkipLogSync,
    /// What the log says it has written is in memory only, and ends with the process.
    WriteLate,
    /// Tails are not synced, though the log's segments are freed as if they were.
    SkipTailSync,
    /// Snapshots get their name before they are synced.
    SkipSnapshotSync,
    /// Directories are not synced.
    SkipDirectorySync,
    /// A sync that failed is taken for one that did not.
    IgnoreFailedSync,
    /// Now and then a step is not handed over.
    DropRecord,
    /// Now and then two steps are handed over in the wrong order.
    SwapRecords,
    /// Replies leave before what they tell of is durable.
    AcknowledgeEarly,
    /// Replies to reads do not wait for what they saw.
    ReadUndurable,
    /// The last step is done once more when a database is read from its files.
    ReplayTwice,
    /// A database that falls asleep is dropped without its last steps being written.
    ForgetOnSleep,
    /// Whoever reads a few keys of a database that sleeps sees none of its tails.
    PeekWithoutTails,
}

impl Bug {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::SkipLogSync,
        Self::WriteLate,
        Self::SkipTailSync,
        Self::SkipSnapshotSync,
        Self::SkipDirectorySync,
        Self::IgnoreFailedSync,
        Self::DropRecord,
        Self::SwapRecords,
        Self::AcknowledgeEarly,
        Self::ReadUndurable,
        Self::ReplayTwice,
        Self::ForgetOnSleep,
        Self::PeekWithoutTails,
    ];
}
