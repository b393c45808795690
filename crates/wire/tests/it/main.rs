//! The door from outside: bytes over sockets, against databases in memory.

#![allow(clippy::unwrap_used)] // a test that cannot go on has failed

mod examples;
mod limits;
mod listening;
mod others;
mod rig;
mod sessions;
mod speech;
mod tls;
mod tracking;
mod waiting;
