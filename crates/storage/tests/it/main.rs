//! Storage on a disk that a test controls.

mod chance;
mod crash;
mod damage;
mod life;
mod outside;
mod world;
