//! Arrays, which Redis has since 8.8.

mod arcount;
mod ardel;
mod ardelrange;
mod arget;
mod argetrange;
mod argrep;
mod arinfo;
mod arinsert;
mod arlastitems;
mod armset;
mod arnext;
mod arop;
mod arring;
mod arscan;
mod arseek;
mod arset;
mod pattern;
mod place;

#[cfg(test)]
mod tests;

use latchkey_keyspace::Str;
use latchkey_protocol::{Reply, ReplyError};

use crate::{Category, Family, Spec};

pub(crate) const FAMILY: Family =
    Family { group: "array", category: Some(Category::Array), commands: COMMANDS };

const COMMANDS: &[Spec] = &[
    arcount::ARCOUNT,
    ardel::ARDEL,
    ardelrange::ARDELRANGE,
    arget::ARGET,
    argetrange::ARGETRANGE,
    argrep::ARGREP,
    arinfo::ARINFO,
    arinsert::ARINSERT,
    arlastitems::ARLASTITEMS,
    arcount::ARLEN,
    arget::ARMGET,
    armset::ARMSET,
    arnext::ARNEXT,
    arop::AROP,
    arring::ARRING,
    arscan::ARSCAN,
    arseek::ARSEEK,
    arset::ARSET,
];

/// The most places that one reply tells of where only the client's numbers bound them. Redis's number.
const ANSWERED_PLACES_MAX: u64 = 1_000_000;

const LIMIT_NOT_POSITIVE: ReplyError = ReplyError::fixed("ERR LIMIT must be positive");

/// A number that may have 64 bits. RESP's integers have a sign; Redis answers those beyond as strings.
fn unsigned(number: u64) -> Reply {
    i64::try_from(number).map_or_else(|_| Reply::bulk(number.to_string()), Reply::Int)
}

/// An element, if there is one.
fn element(item: Option<&Str>) -> Reply {
    Reply::or_null(item.map(|item| Reply::Bulk(item.to_bytes())))
}

/// An element with its place.
fn pair((index, item): (u64, &Str)) -> Reply {
    Reply::Array(vec![unsigned(index), Reply::Bulk(item.to_bytes())])
}
