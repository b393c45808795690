//! JSON documents, as in the module RedisJSON, which is part of Redis since 8.0.

mod arrappend;
mod arrindex;
mod arrinsert;
mod arrlen;
mod arrpop;
mod arrtrim;
mod clear;
mod debug;
mod del;
mod document;
mod get;
mod merge;
mod mget;
mod mset;
mod numincrby;
mod objkeys;
mod objlen;
mod path;
mod resp;
mod set;
mod strappend;
mod strlen;
mod toggle;
mod type_of;

#[cfg(test)]
mod tests;

use crate::{Family, Spec};

/// RedisJSON's ACL category `json` is its module's and none of Redis's own.
pub(crate) const FAMILY: Family = Family { group: "json", category: None, commands: COMMANDS };

const COMMANDS: &[Spec] = &[
    arrappend::ARRAPPEND,
    arrindex::ARRINDEX,
    arrinsert::ARRINSERT,
    arrlen::ARRLEN,
    arrpop::ARRPOP,
    arrtrim::ARRTRIM,
    clear::CLEAR,
    debug::DEBUG,
    del::DEL,
    del::FORGET,
    get::GET,
    merge::MERGE,
    mget::MGET,
    mset::MSET,
    numincrby::NUMINCRBY,
    numincrby::NUMMULTBY,
    objkeys::OBJKEYS,
    objlen::OBJLEN,
    resp::RESP,
    set::SET,
    strappend::STRAPPEND,
    strlen::STRLEN,
    toggle::TOGGLE,
    type_of::TYPE,
];
