//! Streams, beyond the examples.
