//! Streams: logs of entries, and groups of consumers that read them.

mod id;
mod ids;
mod reading;
mod reply;
mod trimming;
mod xack;
mod xackdel;
mod xadd;
mod xautoclaim;
mod xclaim;
mod xdel;
mod xdelex;
mod xgroup;
mod xinfo;
mod xlen;
mod xpending;
mod xrange;
mod xread;
mod xreadgroup;
mod xsetid;
mod xtrim;

#[cfg(test)]
mod tests;

use latchkey_protocol::ReplyError;

use crate::call::printable;
use crate::{Category, Family, Spec};

pub(crate) const FAMILY: Family =
    Family { group: "stream", category: Some(Category::Stream), commands: COMMANDS };

const COMMANDS: &[Spec] = &[
    xack::XACK,
    xackdel::XACKDEL,
    xadd::XADD,
    xautoclaim::XAUTOCLAIM,
    xclaim::XCLAIM,
    xdel::XDEL,
    xdelex::XDELEX,
    xgroup::XGROUP,
    xinfo::XINFO,
    xlen::XLEN,
    xpending::XPENDING,
    xrange::XRANGE,
    xrange::XREVRANGE,
    xread::XREAD,
    xreadgroup::XREADGROUP,
    xsetid::XSETID,
    xtrim::XTRIM,
];

/// What commands answer that need a key and a group where either is missing.
fn no_group(key: &[u8], group: &[u8]) -> ReplyError {
    let (key, group) = (printable(key), printable(group));
    ReplyError::new(format!("NOGROUP No such key '{key}' or consumer group '{group}'"))
}

/// What XGROUP and XINFO answer where the group is missing.
fn no_group_in_key(key: &[u8], group: &[u8]) -> ReplyError {
    let (key, group) = (printable(key), printable(group));
    ReplyError::new(format!("NOGROUP No such consumer group '{group}' for key name '{key}'"))
}

/// What XGROUP and XINFO answer to options that make no sense.
fn unknown_option(container: &str, name: &str) -> ReplyError {
    ReplyError::new(format!(
        "ERR unknown subcommand or wrong number of arguments for '{name}'. Try {container} HELP."
    ))
}
