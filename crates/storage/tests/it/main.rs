//! Storage on a disk that a test controls.
#![allow(clippy::print_stdout, clippy::unwrap_used)] // what fails here fails the test; the output says where it was

mod chance;
mod crash;
mod damage;
mod fixtures;
mod life;
mod outside;
mod peek;
mod world;
