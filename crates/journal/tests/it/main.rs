//! The log as its users see it: on a disk that crashes, fails, fills up and decays, and under threads.
#![allow(clippy::unwrap_used)] // a test that cannot go on stops; clippy exempts only the functions marked #[test]

mod crashes;
mod damage;
mod errors;
mod frames;
mod support;
mod threads;
