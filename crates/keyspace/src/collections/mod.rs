//! The leaf data structures: pure, without a clock or randomness of their own.

pub mod glob;
pub mod rank_tree;
pub mod scan_map;
pub mod str;
