//! Keys of any type.

mod copy;
mod del;
mod dump;
mod exists;
mod expire;
mod keys;
mod memory;
mod object;
mod persist;
mod randomkey;
mod rename;
mod restore;
mod scan;
mod sort;
mod touch;
mod ttl;
mod type_of;
mod wait;

#[cfg(test)]
mod tests;

use crate::{Category, Family, Spec};

pub(crate) const FAMILY: Family =
    Family { group: "generic", category: Some(Category::Keyspace), commands: COMMANDS };

const COMMANDS: &[Spec] = &[
    copy::COPY,
    del::DEL,
    dump::DUMP,
    exists::EXISTS,
    expire::EXPIRE,
    expire::EXPIREAT,
    ttl::EXPIRETIME,
    keys::KEYS,
    object::OBJECT,
    persist::PERSIST,
    expire::PEXPIRE,
    expire::PEXPIREAT,
    ttl::PEXPIRETIME,
    ttl::PTTL,
    randomkey::RANDOMKEY,
    rename::RENAME,
    rename::RENAMENX,
    restore::RESTORE,
    scan::SCAN,
    touch::TOUCH,
    ttl::TTL,
    type_of::TYPE,
    del::UNLINK,
];

/// Those that Redis does not put in `@keyspace`.
pub(crate) const UNCATEGORIZED: Family = Family {
    group: "generic",
    category: None,
    commands: &[memory::MEMORY, sort::SORT, sort::SORT_RO, wait::WAIT, wait::WAITAOF],
};
