//! The keyspace's property tests: each structure against a simple model.

mod rank_tree;
mod scan_map;
