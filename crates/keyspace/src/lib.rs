//! One database in memory.

pub mod collections;
