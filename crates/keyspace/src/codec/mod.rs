//! Effects and values into bytes and back.
//!
//! The form is stable: what one version wrote, every later one reads. It is described byte by byte in
//! `docs/on-disk.md`. In short: numbers are [varints](write::number), with a sign in zigzag; strings stand after their
//! length; every kind of value and effect has a number of its own in `tag`, which never changes its meaning. Whoever
//! keeps such bytes keeps [`VERSION`] with them.
//!
//! Nothing is taken on trust that is read: bytes that no encoder made give a [`CodecError`]. They cause no panic, and
//! no allocation beyond a fixed multiple of their own length.

mod effect;
mod entry;
pub(crate) mod read;
mod record;
mod replay;
pub(crate) mod tag;
#[cfg(test)]
mod tests;
mod value;
pub(crate) mod write;

use std::fmt;

pub(crate) use effect::ReadChange;
pub use effect::{Change, Touched, touched};
pub use entry::{EncodedEntries, EncodedEntry, encode_entry, encode_library};
pub(crate) use read::Reader;
pub(crate) use record::Mark;
pub use record::Record;

/// The version of the form. It changes only when a reader of the one before could misread what is written.
pub const VERSION: u16 = 1;

/// The bytes are not what an encoder writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CodecError {
    /// How many bytes were read before it was noticed.
    pub offset: usize,
    /// What is wrong.
    pub what: &'static str,
}

impl fmt::Display for CodecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at byte {}", self.what, self.offset)
    }
}

impl std::error::Error for CodecError {}

/// Whether no string occurs twice. O(n log n).
pub(crate) fn are_distinct<'a>(items: impl Iterator<Item = &'a [u8]>) -> bool {
    let mut items: Vec<&[u8]> = items.collect();
    items.sort_unstable();
    items.windows(2).all(|pair| pair[0] != pair[1])
}
