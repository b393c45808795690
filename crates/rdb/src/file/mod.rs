//! RDB files: whole databases.
//!
//! A file begins with `REDIS` and four digits of version. Then come parts, each behind the number of its kind: facts
//! about the file, function libraries, and keys with their values, before each of which may stand a deadline and how it
//! was used. After the last part comes a checksum over everything before.

mod load;
mod read;
mod write;

#[cfg(test)]
mod tests;

pub use load::{Loaded, load};
pub use read::{Part, Reader};
pub use write::{JsonAs, write};

/// What every file begins with.
const MAGIC: &[u8; 5] = b"REDIS";
