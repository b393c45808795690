//! Strings: values, counters.

mod append;
mod condition;
mod delex;
mod digest;
mod expiry;
mod get;
mod getex;
mod getrange;
mod getset;
mod incr;
mod incrbyfloat;
mod lcs;
mod mget;
mod mset;
mod msetex;
mod set;
mod setex;
mod setrange;
mod strlen;

#[cfg(test)]
mod tests;

use crate::{Category, Family, Spec};

pub(crate) const FAMILY: Family =
    Family { group: "string", category: Some(Category::String), commands: COMMANDS };

const COMMANDS: &[Spec] = &[
    append::APPEND,
    incr::DECR,
    incr::DECRBY,
    delex::DELEX,
    digest::DIGEST,
    get::GET,
    getset::GETDEL,
    getex::GETEX,
    getrange::GETRANGE,
    getset::GETSET,
    incr::INCR,
    incr::INCRBY,
    incrbyfloat::INCRBYFLOAT,
    lcs::LCS,
    mget::MGET,
    mset::MSET,
    msetex::MSETEX,
    mset::MSETNX,
    setex::PSETEX,
    set::SET,
    setex::SETEX,
    setex::SETNX,
    setrange::SETRANGE,
    strlen::STRLEN,
    getrange::SUBSTR,
];
