//! Keys of any type.

mod del;
mod exists;
mod expire;
mod persist;
mod touch;
mod ttl;
mod type_of;

use crate::{Category, Family, Spec};

pub(crate) const FAMILY: Family =
    Family { group: "generic", category: Some(Category::Keyspace), commands: COMMANDS };

const COMMANDS: &[Spec] = &[
    del::DEL,
    exists::EXISTS,
    expire::EXPIRE,
    expire::EXPIREAT,
    ttl::EXPIRETIME,
    persist::PERSIST,
    expire::PEXPIRE,
    expire::PEXPIREAT,
    ttl::PEXPIRETIME,
    ttl::PTTL,
    touch::TOUCH,
    ttl::TTL,
    type_of::TYPE,
    del::UNLINK,
];
