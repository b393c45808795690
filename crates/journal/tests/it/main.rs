//! The log as its users see it: on a disk that crashes, fails, fills up and decays, and under threads.

mod crashes;
mod damage;
mod errors;
mod frames;
mod support;
mod threads;
