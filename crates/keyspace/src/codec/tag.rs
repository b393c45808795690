//! The numbers that stand for kinds of values and effects. Once given, a number never means anything else.

/// How a value is kept.
pub(crate) mod value {
    pub(crate) const TEXT_INT: u8 = 1;
    pub(crate) const TEXT_FIXED: u8 = 2;
    pub(crate) const TEXT_BUFFER: u8 = 3;
    pub(crate) const LIST_PACKED: u8 = 4;
    pub(crate) const LIST_CHAINED: u8 = 5;
    pub(crate) const HASH_PACKED: u8 = 6;
    pub(crate) const HASH_PACKED_EXPIRING: u8 = 7;
    pub(crate) const HASH_MAPPED: u8 = 8;
    pub(crate) const HASH_MAPPED_EXPIRING: u8 = 9;
    pub(crate) const SET_INTS: u8 = 10;
    pub(crate) const SET_PACKED: u8 = 11;
    pub(crate) const SET_TABLE: u8 = 12;
    pub(crate) const SORTED_SET_PACKED: u8 = 13;
    pub(crate) const SORTED_SET_INDEXED: u8 = 14;
    pub(crate) const JSON: u8 = 15;
    pub(crate) const STREAM: u8 = 16;
    /// No value of a key: the entry is a function library.
    pub(crate) const LIBRARY: u8 = 17;
    pub(crate) const ARRAY: u8 = 18;
}

/// What an effect does.
pub(crate) mod effect {
    pub(crate) const PUT: u8 = 1;
    pub(crate) const REMOVE: u8 = 2;
    pub(crate) const EXPIRE: u8 = 3;
    pub(crate) const RENAME: u8 = 4;
    pub(crate) const CLEAR: u8 = 5;
    pub(crate) const LIBRARY: u8 = 6;

    pub(crate) const TEXT_WRITE: u8 = 16;
    pub(crate) const TEXT_CUT: u8 = 17;

    pub(crate) const LIST_PUSH_FRONT: u8 = 32;
    pub(crate) const LIST_PUSH_BACK: u8 = 33;
    pub(crate) const LIST_POP_FRONT: u8 = 34;
    pub(crate) const LIST_POP_BACK: u8 = 35;
    pub(crate) const LIST_SET: u8 = 36;
    pub(crate) const LIST_INSERT: u8 = 37;
    pub(crate) const LIST_REMOVE: u8 = 38;

    pub(crate) const HASH_PUT: u8 = 48;
    pub(crate) const HASH_EXPIRE: u8 = 49;
    pub(crate) const HASH_REMOVE: u8 = 50;

    pub(crate) const SET_ADD: u8 = 64;
    pub(crate) const SET_REMOVE: u8 = 65;
    pub(crate) const SET_ADD_TO_TABLE: u8 = 66;

    pub(crate) const SORTED_SET_PUT: u8 = 80;
    pub(crate) const SORTED_SET_REMOVE: u8 = 81;
    pub(crate) const SORTED_SET_REMOVE_RANKS: u8 = 82;

    pub(crate) const JSON_SET: u8 = 96;
    pub(crate) const JSON_INSERT_ELEMENTS: u8 = 97;
    pub(crate) const JSON_INSERT_MEMBERS: u8 = 98;
    pub(crate) const JSON_REMOVE: u8 = 99;
    pub(crate) const JSON_EMPTY: u8 = 100;

    pub(crate) const STREAM_APPEND: u8 = 112;
    pub(crate) const STREAM_INSERT: u8 = 113;
    pub(crate) const STREAM_REMOVE: u8 = 114;
    pub(crate) const STREAM_REMOVE_BEFORE: u8 = 115;
    pub(crate) const STREAM_COUNT: u8 = 116;
    pub(crate) const STREAM_PUT_GROUP: u8 = 117;
    pub(crate) const STREAM_REMOVE_GROUP: u8 = 118;
    pub(crate) const STREAM_PUT_CONSUMER: u8 = 119;
    pub(crate) const STREAM_REMOVE_CONSUMER: u8 = 120;
    pub(crate) const STREAM_ASSIGN: u8 = 121;
    pub(crate) const STREAM_RELEASE: u8 = 122;

    pub(crate) const ARRAY_PUT: u8 = 128;
    pub(crate) const ARRAY_INSERT: u8 = 129;
    pub(crate) const ARRAY_REMOVE: u8 = 130;
    pub(crate) const ARRAY_REMOVE_RANGE: u8 = 131;
    pub(crate) const ARRAY_SEEK: u8 = 132;
}

/// A JSON value's kind.
pub(crate) mod node {
    pub(crate) const NULL: u8 = 0;
    pub(crate) const FALSE: u8 = 1;
    pub(crate) const TRUE: u8 = 2;
    pub(crate) const INT: u8 = 3;
    pub(crate) const UINT: u8 = 4;
    pub(crate) const FLOAT: u8 = 5;
    pub(crate) const TEXT: u8 = 6;
    pub(crate) const ARRAY: u8 = 7;
    pub(crate) const OBJECT: u8 = 8;
}
