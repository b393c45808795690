//! The log without its threads.

use crate::frame::Lsn;

/// A record to be logged.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    /// Whose it is.
    pub database: [u8; 16],
    /// Its number among the frames of its database: contiguous from 1.
    pub seq: u64,
    /// What the payload is, such as [`KIND_EFFECTS`](crate::KIND_EFFECTS).
    pub kind: u8,
    /// [`FLAG_NOT_PROMISED`](crate::FLAG_NOT_PROMISED) or 0.
    pub flags: u8,
    /// At most [`PAYLOAD_BYTES_MAX`](crate::PAYLOAD_BYTES_MAX).
    pub payload: &'a [u8],
}

/// When a frame has to be durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Urgency {
    /// Somebody waits for it.
    Now,
    /// Within [`Settings::sync_within`](crate::Settings::sync_within).
    Soon,
}

/// How much the log holds that tails have not taken over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pressure {
    /// Segments with frames, the one being written among them.
    pub segments: usize,
    /// Up to where frames have to be released before the oldest segment can be freed. Nothing if there is only the one
    /// being written.
    pub oldest_ends_at: Option<Lsn>,
}
