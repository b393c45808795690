//! Runs commands on one database.
//!
//! A [`Database`] is a keyspace with its limits, its settings and its random numbers. It runs one command, or several
//! as one step, at the instant it is told, and never waits. It knows of no socket, no file and no tenant, and
//! of no clock but the one that it may be given to end scripts by.

mod database;
mod functions;
mod limits;
mod listen;
mod monitor;
mod notify;
mod room;
mod scripting;
mod step;
mod tracking;
mod waiting;

#[cfg(test)]
mod tests;

pub use database::{Database, Ran};
pub use functions::{LIBRARIES_BYTES_MAX, LIBRARIES_MAX};
pub use latchkey_keyspace::Now;
pub use latchkey_script::Clock;
pub use limits::Limits;
pub(crate) use monitor::Source;
pub use room::growth_max;
pub use waiting::{Begun, Served, WaitId, Waiter};
