//! The keyspace's property tests: each structure against a simple model.

mod glob;
mod rank_tree;
mod savepoints;
mod scan_map;
