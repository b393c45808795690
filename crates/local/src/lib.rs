//! The backend that keeps databases in this process.
//!
//! Each database is behind one mutex, and a command runs on the thread that read it: no hop, no queue, and a database
//! behaves like a single Redis. The guard never crosses an await. There is never more than one database lock at a time.

mod clock;
mod free;
mod local;
mod memory;
mod offload;
mod peek;
mod sleep;
mod sweep;
mod tenant;
mod waiting;

pub use clock::SystemClock;
pub use local::{About, Local, Settings};
