//! Snapshots: all entries of a database at one position, in hash order, in blocks that are found by their hash.
//!
//! The layout is described byte by byte in `docs/on-disk.md`. A snapshot is written once, under a temporary name, and
//! never changed; one without its footer does not exist. What an entry looks like inside is the codec's business: here
//! it is bytes with a hash.

mod format;
mod read;
mod write;

pub(crate) use format::Head;
pub(crate) use read::{Block, Snapshot, Unpacker};
pub(crate) use write::{LIBRARY_HASH, Writer};

#[cfg(test)]
mod tests;
