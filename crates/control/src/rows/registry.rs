//! All that authentication needs, in one read.

use latchkey_tenancy::Records;
use rusqlite::Connection;

use super::{databases, keys, tokens, users};
use crate::ControlError;

/// Databases that are not deleted, their tokens that are not revoked, their users, and all keys.
pub(crate) fn load(connection: &Connection) -> Result<Records, ControlError> {
    Ok(Records {
        databases: databases::list(connection)?,
        tokens: tokens::list_living(connection)?,
        users: users::list_all(connection)?,
        keys: keys::list(connection)?,
    })
}
