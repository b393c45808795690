//! The server.

mod acl;
mod command;
mod config;
mod dbsize;
mod flush;
mod info;
mod monitor;
mod time;

#[cfg(test)]
mod tests;

use crate::{Family, Spec};

pub(crate) const FAMILY: Family = Family { group: "server", category: None, commands: COMMANDS };

const COMMANDS: &[Spec] = &[
    acl::ACL,
    command::COMMAND,
    config::CONFIG,
    dbsize::DBSIZE,
    flush::FLUSHALL,
    flush::FLUSHDB,
    info::INFO,
    monitor::MONITOR,
    time::TIME,
];
