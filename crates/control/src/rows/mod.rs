//! SQL by subject: plain functions on a connection, inside whatever transaction it is in.

pub(crate) mod databases;
pub(crate) mod keys;
pub(crate) mod leases;
pub(crate) mod registry;
pub(crate) mod tokens;
pub(crate) mod usage;
pub(crate) mod users;
