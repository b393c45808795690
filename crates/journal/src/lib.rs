//! One log of records for all databases of a node, on files through a [`Disk`].

pub mod disk;
mod error;
mod frame;
mod journal;
mod log;
mod real;
mod scan;
mod segment;
mod settings;
pub mod sim;
mod waiters;
mod writer;

pub use disk::{Disk, DiskFile};
pub use error::JournalError;
pub use frame::{
    End, FLAG_AFTER_SYNC, FLAG_NOT_PROMISED, FRAME_ALIGNMENT, FRAME_HEAD_BYTES, Frame, FrameRef,
    KIND_EFFECTS, Lsn, NoFrame, PAYLOAD_BYTES_MAX, Scanner, decode,
};
pub use journal::Journal;
pub use log::{Log, Pressure, Record, Urgency, Work};
pub use real::RealDisk;
pub use scan::{Cut, FrameSummary, Scanned, inspect, scan};
pub use settings::Settings;
pub use waiters::Waiting;
