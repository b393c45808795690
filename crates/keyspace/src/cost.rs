//! The formula for stored bytes.
//!
//! Stored bytes are a defined number, the same on every machine and for every allocator, because plans and bills are
//! written in it. It approximates the memory that a key takes and is kept incrementally:
//!
//! | what | bytes |
//! |---|---|
//! | each key | 48 + length of the key |
//! | a key's deadline | 16 |
//! | a string | its length (an integer: the length of its decimal form) |
//! | each list element | 16 + its length |
//! | each set member | 16 + its length |
//! | each hash field | 32 + length of the field + length of its value |
//! | a field's deadline | 16 |
//! | each sorted set member | 40 + its length |
//! | each value in a JSON document, the document itself included | 24, and the length of a string |
//! | each member of a JSON object, besides its value | 24 + length of its name |
//! | a stream | 64 |
//! | each stream entry | 16 |
//! | each field of an entry | 4 + length of the name + length of the value |
//! | each consumer group | 128 + length of its name |
//! | each consumer | 128 + length of its name |
//! | each pending entry of a group | 128 |
//! | each array element | 24 + its length |
//! | each function library | 128 + length of its code |
//!
//! How a value is encoded in memory makes no difference.

/// What a key costs besides its name and its value.
pub const KEY: u64 = 48;
/// What a deadline costs, of a key or of a hash field.
pub const DEADLINE: u64 = 16;
/// What a list element costs besides its bytes.
pub const LIST_ELEMENT: u64 = 16;
/// What a set member costs besides its bytes.
pub const SET_MEMBER: u64 = 16;
/// What a hash field costs besides the bytes of its name and value.
pub const HASH_FIELD: u64 = 32;
/// What a sorted set member costs besides its bytes; the score is in it.
pub const SORTED_SET_MEMBER: u64 = 40;
/// What each value in a JSON document costs besides a string's bytes.
pub const JSON_VALUE: u64 = 24;
/// What a member of a JSON object costs besides the bytes of its name and what its value costs.
pub const JSON_MEMBER: u64 = 24;
/// What a stream costs besides what is in it.
pub const STREAM: u64 = 64;
/// What a stream entry costs besides its fields; the id is in it.
pub const STREAM_ENTRY: u64 = 16;
/// What a field of a stream entry costs besides the bytes of its name and value.
pub const STREAM_FIELD: u64 = 4;
/// What a consumer group costs besides its name and what is in it.
pub const STREAM_GROUP: u64 = 128;
/// What a consumer costs besides its name and what it has to acknowledge.
pub const STREAM_CONSUMER: u64 = 128;
/// What an entry costs that is delivered in a group and not acknowledged.
pub const STREAM_PENDING: u64 = 128;
/// What an array element costs besides its bytes; the place is in it.
pub const ARRAY_ELEMENT: u64 = 24;
/// What a function library costs besides its code; the name is in it.
pub const LIBRARY: u64 = 128;
