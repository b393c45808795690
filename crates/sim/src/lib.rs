//! A node in one thread, from one seed: the real engine, storage and log on a disk that breaks in every way we know of.
//!
//! [`run`] lets clients send commands to several databases, and lets happen what happens to a node: crashes, syncs that
//! fail, full disks, databases that fall asleep, are compacted or deleted, a clock that is set back. A [`Model`] of each
//! database, which has no files, says what every command must answer and what must be there after a crash. The same
//! [`Plan`] does the same, operation by operation, so a failure is replayed by its seed.
//!
//! [`Model`]: model::Model

mod bug;
mod command;
mod disk;
mod model;
mod run;
mod shrink;
mod tenant;
mod world;

pub use bug::Bug;
pub use run::{Failure, Plan, Seen, run};
pub use shrink::shrink;
