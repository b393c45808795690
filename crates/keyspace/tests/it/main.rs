//! The keyspace's property tests: each structure against a simple model.

mod scan_map;
