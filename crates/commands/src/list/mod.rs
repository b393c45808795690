//! Lists.

mod blpop;
mod lindex;
mod linsert;
mod llen;
mod lmove;
mod lmpop;
mod lpop;
mod lpos;
mod lpush;
mod lrange;
mod lrem;
mod lset;
mod ltrim;
mod place;

#[cfg(test)]
mod tests;

use latchkey_keyspace::Str;
use latchkey_protocol::Reply;

use crate::{Category, Family, Spec};

pub(crate) const FAMILY: Family =
    Family { group: "list", category: Some(Category::List), commands: COMMANDS };

const COMMANDS: &[Spec] = &[
    lmove::BLMOVE,
    lmpop::BLMPOP,
    blpop::BLPOP,
    blpop::BRPOP,
    lmove::BRPOPLPUSH,
    lindex::LINDEX,
    linsert::LINSERT,
    llen::LLEN,
    lmove::LMOVE,
    lmove::RPOPLPUSH,
    lmpop::LMPOP,
    lpop::LPOP,
    lpop::RPOP,
    lpos::LPOS,
    lpush::LPUSH,
    lpush::LPUSHX,
    lpush::RPUSH,
    lpush::RPUSHX,
    lrange::LRANGE,
    lrem::LREM,
    lset::LSET,
    ltrim::LTRIM,
];

/// Elements as a reply.
fn array<'a>(items: impl Iterator<Item = &'a Str>) -> Reply {
    Reply::Array(items.map(|item| Reply::Bulk(item.to_bytes())).collect())
}
