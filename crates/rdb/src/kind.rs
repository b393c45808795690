//! The numbers that say what follows in a payload or a file.

/// A string.
pub(crate) const TEXT: u8 = 0;
/// A list, element by element.
pub(crate) const LIST: u8 = 1;
/// A set, member by member.
pub(crate) const SET: u8 = 2;
/// A sorted set with its scores as text.
pub(crate) const SORTED_SET_TEXT: u8 = 3;
/// A hash, field by field.
pub(crate) const HASH: u8 = 4;
/// A sorted set with its scores in binary.
pub(crate) const SORTED_SET: u8 = 5;
/// A value of a module.
pub(crate) const MODULE: u8 = 7;
/// A hash as a zipmap.
pub(crate) const HASH_ZIPMAP: u8 = 9;
/// A list as a ziplist.
pub(crate) const LIST_ZIPLIST: u8 = 10;
/// A set of integers.
pub(crate) const SET_INTS: u8 = 11;
/// A sorted set as a ziplist.
pub(crate) const SORTED_SET_ZIPLIST: u8 = 12;
/// A hash as a ziplist.
pub(crate) const HASH_ZIPLIST: u8 = 13;
/// A list of ziplists.
pub(crate) const LIST_ZIPLISTS: u8 = 14;
/// A stream.
pub(crate) const STREAM: u8 = 15;
/// A hash as a listpack.
pub(crate) const HASH_LISTPACK: u8 = 16;
/// A sorted set as a listpack.
pub(crate) const SORTED_SET_LISTPACK: u8 = 17;
/// A list of listpacks.
pub(crate) const LIST_LISTPACKS: u8 = 18;
/// A stream that remembers what was deleted.
pub(crate) const STREAM_2: u8 = 19;
/// A set as a listpack.
pub(crate) const SET_LISTPACK: u8 = 20;
/// A stream that remembers when its consumers were active.
pub(crate) const STREAM_3: u8 = 21;
/// A hash with deadlines, as a release candidate of 7.4 wrote it.
pub(crate) const HASH_DEADLINES_EARLY: u8 = 22;
/// The same as a listpack.
pub(crate) const HASH_DEADLINES_LISTPACK_EARLY: u8 = 23;
/// A hash with deadlines.
pub(crate) const HASH_DEADLINES: u8 = 24;
/// A hash with deadlines as a listpack.
pub(crate) const HASH_DEADLINES_LISTPACK: u8 = 25;
/// An array.
pub(crate) const ARRAY: u8 = 28;

/// Of a file: how many keys a slot of a cluster has.
pub(crate) const SLOT: u8 = 244;
/// Of a file: the source of a function library.
pub(crate) const LIBRARY: u8 = 245;
/// Of a file: what a module keeps besides its values.
pub(crate) const MODULE_DATA: u8 = 247;
/// Of a file: for how long the next key was not used.
pub(crate) const IDLE: u8 = 248;
/// Of a file: how often the next key was used.
pub(crate) const FREQUENCY: u8 = 249;
/// Of a file: a fact about it.
pub(crate) const FACT: u8 = 250;
/// Of a file: how many keys follow.
pub(crate) const SIZES: u8 = 251;
/// Of a file: the next key's deadline in milliseconds.
pub(crate) const DEADLINE_MS: u8 = 252;
/// Of a file: the next key's deadline in seconds.
pub(crate) const DEADLINE_S: u8 = 253;
/// Of a file: which database the next keys belong to.
pub(crate) const DATABASE: u8 = 254;
/// Of a file: its end.
pub(crate) const END: u8 = 255;
