//! The control store as its users see it.
#![allow(clippy::unwrap_used)] // a test that cannot go on stops; clippy exempts only the functions marked #[test]

mod files;
mod leases;
mod records;
mod support;
mod watching;
