//! The REST door as clients meet it: real sockets, before a stack that does what a test tells it.
#![allow(clippy::unwrap_used)] // a test that cannot go on stops; clippy exempts only the functions marked #[test]

mod bodies;
mod dialects;
mod drain;
mod events;
mod http1;
mod http2;
mod limits;
mod support;
mod tls;
