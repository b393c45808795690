//! One database in memory.
