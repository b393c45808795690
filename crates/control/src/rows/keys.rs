//! The table of signing keys.

use latchkey_tenancy::{KeyAlgorithm, SigningKeyRecord};
use rusqlite::types::Type;
use rusqlite::{Connection, Row};

use crate::ControlError;

/// Adds a key; one of the same `kid` is the same key and stays.
pub(crate) fn add(connection: &Connection, record: &SigningKeyRecord) -> Result<(), ControlError> {
    connection
        .prepare_cached(
            "INSERT OR IGNORE INTO signing_keys (kid, algorithm, secret, created_ms) VALUES (?1, ?2, ?3, ?4)",
        )?
        .execute((&record.kid, record.algorithm.name(), &record.secret, record.created_ms))?;
    Ok(())
}

/// All, oldest first.
pub(crate) fn list(connection: &Connection) -> Result<Vec<SigningKeyRecord>, ControlError> {
    let mut statement = connection.prepare_cached(
        "SELECT kid, algorithm, secret, created_ms FROM signing_keys ORDER BY created_ms, kid",
    )?;
    let records = statement.query_map((), read)?.collect::<Result<_, _>>()?;
    Ok(records)
}

/// Removes a key for good, unless it is the last: without one, no token could be minted.
pub(crate) fn retire(connection: &Connection, kid: &str) -> Result<(), ControlError> {
    let removed = connection
        .prepare_cached(
            "DELETE FROM signing_keys WHERE kid = ?1 AND (SELECT count(*) FROM signing_keys) > 1",
        )?
        .execute([kid])?;
    if removed == 1 { Ok(()) } else { Err(ControlError::NoSuchKey) }
}

fn read(row: &Row<'_>) -> rusqlite::Result<SigningKeyRecord> {
    let name: String = row.get(1)?;
    let algorithm = KeyAlgorithm::named(&name).ok_or_else(|| {
        rusqlite::Error::FromSqlConversionFailure(1, Type::Text, format!("unknown algorithm '{name}'").into())
    })?;
    Ok(SigningKeyRecord { kid: row.get(0)?, algorithm, secret: row.get(2)?, created_ms: row.get(3)? })
}
