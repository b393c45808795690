//! Sets.

mod algebra;
mod sadd;
mod scard;
mod sdiff;
mod sinter;
mod sismember;
mod smembers;
mod smove;
mod spop;
mod srandmember;
mod srem;
mod sscan;
mod sunion;

#[cfg(test)]
mod tests;

use latchkey_keyspace::Str;
use latchkey_protocol::Reply;

use crate::{Category, Family, Spec};

pub(crate) const FAMILY: Family = Family { group: "set", category: Some(Category::Set), commands: COMMANDS };

const COMMANDS: &[Spec] = &[
    sadd::SADD,
    scard::SCARD,
    sdiff::SDIFF,
    sdiff::SDIFFCARD,
    sdiff::SDIFFSTORE,
    sinter::SINTER,
    sinter::SINTERCARD,
    sinter::SINTERSTORE,
    sismember::SISMEMBER,
    sismember::SMISMEMBER,
    smembers::SMEMBERS,
    smove::SMOVE,
    spop::SPOP,
    srandmember::SRANDMEMBER,
    srem::SREM,
    sscan::SSCAN,
    sunion::SUNION,
    sunion::SUNIONCARD,
    sunion::SUNIONSTORE,
];

/// Members as a list of replies.
fn bulks(members: impl Iterator<Item = Str>) -> Vec<Reply> {
    members.map(|member| Reply::Bulk(member.to_bytes())).collect()
}
