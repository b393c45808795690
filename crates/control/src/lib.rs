//! Databases, tokens, quota leases and usage, kept in SQLite.
//!
//! One file, `control.db`, that operators can open with their own tools. It holds no token's text, only hashes; it does
//! hold the private halves of the signing keys, because a second file with the same mode 0600 would protect them no
//! better and could be restored from another backup than the tokens it signed.
//!
//! Several processes may use one data directory: a server, which holds the lock file, and command-line tools beside it.
//! A server sees what a tool changed within [`FOREIGN_CHANGE_SEEN_MS`] and the time of one batch of writes.

mod control;
mod error;
mod files;
mod rows;
mod schema;
mod writer;

pub use control::{Control, Pending, Role};
pub use error::ControlError;
pub use files::{CONTROL_FILE, LOCK_FILE};
pub use rows::usage::{DAYS_KEPT, HOURS_KEPT, Span, UsagePeriod};
pub use rows::users::USERS_MAX;
pub use writer::{BATCH_JOBS_MAX, FOREIGN_CHANGE_SEEN_MS, QUEUE_JOBS_MAX};
