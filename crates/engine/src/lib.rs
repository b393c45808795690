//! Runs commands on one database.
//!
//! A [`Database`] is a keyspace with its limits, its settings and its random numbers. It runs one command, or several
//! as one step, at the instant it is told, and never waits. It knows of no socket, no file, no clock and no tenant.

mod database;
mod limits;
mod room;

#[cfg(test)]
mod tests;

pub use database::{Database, Ran};
pub use latchkey_keyspace::Now;
pub use limits::Limits;
