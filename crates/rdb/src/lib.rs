//! Redis's serialised form of values and of whole databases.
//!
//! [`dump`] and [`restore`] are the payloads of the commands of these names: one value, a version, a checksum.
//! [`dump_libraries`] and [`restore_libraries`] are those of FUNCTION DUMP and FUNCTION RESTORE.
//! [`Reader`] and [`write()`] are RDB files. Both share the encoding of values, a module per type in `value`.
//!
//! **What is read:** everything that Redis 2.4 to 8.2 writes, and arrays of Redis 8.8: versions up to [`VERSION_MAX`], strings
//! that are integers or compressed, and all encodings of collections, old and new. What is malformed or claims to be longer than it is, is
//! refused before memory is taken for it, and no value grows beyond the limit that the caller names.
//!
//! **What is written:** the oldest encodings that say everything, so that as many servers as possible read them. That
//! is version 10, which is Redis 7.0's, with three exceptions: a hash whose fields have deadlines needs version 12
//! (Redis 7.4), an array needs version 14 (Redis 8.8), and a JSON document is a value of the module RedisJSON, whose form of version 3 it has. A server that
//! is older, or lacks the module, refuses these payloads and files as a whole; it does not lose a part of them.

mod crc64;
mod error;
mod file;
mod input;
mod kind;
mod lzf;
mod output;
mod pack;
mod payload;
mod value;

#[cfg(test)]
mod tests;

pub use error::Error;
pub use file::{JsonAs, Loaded, Part, Reader, load, write};
pub use payload::{dump, dump_libraries, restore, restore_libraries};

/// The last version of the format that is read. Of what versions 13 and 14 brought, these are the arrays.
pub const VERSION_MAX: u16 = 14;

/// The version that is written where it can say everything: Redis 7.0's.
const VERSION_PLAIN: u16 = 10;

/// The version that is written where hash fields have deadlines: Redis 7.4's.
const VERSION_FIELD_DEADLINES: u16 = 12;

/// The version that is written where there are arrays: Redis 8.8's.
const VERSION_ARRAYS: u16 = 14;
