//! The table of tokens. Their secrets are not in it.

use latchkey_tenancy::{DatabaseId, TokenDigest, TokenId, TokenKind, TokenRecord};
use rusqlite::{Connection, ErrorCode, OptionalExtension, Row, named_params};

use super::databases;
use crate::ControlError;

const SELECT: &str =
    "SELECT id, database, secret_hash, name, read_only, commands_per_day, created_ms, expires_at_ms,
    revoked_at_ms, epoch FROM tokens";

pub(crate) fn create(connection: &Connection, record: &TokenRecord) -> Result<(), ControlError> {
    databases::find(connection, record.database)?;
    let secret_hash = match &record.kind {
        TokenKind::Signed => None,
        TokenKind::Opaque(digest) => Some(digest.as_bytes()),
    };
    let inserted = connection
        .prepare_cached(
            "INSERT INTO tokens (id, database, secret_hash, name, read_only, commands_per_day, created_ms,
                 expires_at_ms, revoked_at_ms, epoch)
             VALUES (:id, :database, :hash, :name, :read_only, :commands, :created, :expires, :revoked, :epoch)",
        )?
        .execute(named_params! {
            ":id": record.id.as_bytes(),
            ":database": record.database.as_bytes(),
            ":hash": secret_hash,
            ":name": record.name,
            ":read_only": record.read_only,
            ":commands": record.commands_per_day,
            ":created": record.created_ms,
            ":expires": record.expires_at_ms,
            ":revoked": record.revoked_at_ms,
            ":epoch": record.epoch,
        });
    inserted.map(drop).map_err(taken)
}

/// Those that may still be used, of databases that are not deleted.
pub(crate) fn list_living(connection: &Connection) -> Result<Vec<TokenRecord>, ControlError> {
    // A deleted database has none left.
    let mut statement = connection.prepare_cached(&format!("{SELECT} WHERE revoked_at_ms IS NULL"))?;
    let records = statement.query_map((), read)?.collect::<Result<_, _>>()?;
    Ok(records)
}

/// All of one database, revoked ones included, oldest first.
pub(crate) fn list(connection: &Connection, database: DatabaseId) -> Result<Vec<TokenRecord>, ControlError> {
    let mut statement = connection.prepare_cached(&format!("{SELECT} WHERE database = ?1 ORDER BY id"))?;
    let records = statement.query_map([database.as_bytes()], read)?.collect::<Result<_, _>>()?;
    Ok(records)
}

pub(crate) fn find(connection: &Connection, id: TokenId) -> Result<TokenRecord, ControlError> {
    let mut statement = connection.prepare_cached(&format!("{SELECT} WHERE id = ?1"))?;
    statement.query_row([id.as_bytes()], read).optional()?.ok_or(ControlError::NoSuchToken)
}

/// A token that is revoked already keeps its date.
pub(crate) fn revoke(connection: &Connection, id: TokenId, now_ms: u64) -> Result<TokenRecord, ControlError> {
    connection
        .prepare_cached("UPDATE tokens SET revoked_at_ms = coalesce(revoked_at_ms, ?2) WHERE id = ?1")?
        .execute((id.as_bytes(), now_ms))?;
    find(connection, id)
}

/// Revokes those of one database that are not revoked yet, and answers with them.
pub(crate) fn revoke_all(
    connection: &Connection,
    database: DatabaseId,
    now_ms: u64,
) -> Result<Vec<TokenRecord>, ControlError> {
    let living = list(connection, database)?.into_iter().filter(|token| token.revoked_at_ms.is_none());
    living.map(|token| revoke(connection, token.id, now_ms)).collect()
}

pub(crate) fn set_quota(
    connection: &Connection,
    id: TokenId,
    commands_per_day: Option<u64>,
) -> Result<TokenRecord, ControlError> {
    connection
        .prepare_cached("UPDATE tokens SET commands_per_day = ?2 WHERE id = ?1")?
        .execute((id.as_bytes(), commands_per_day))?;
    find(connection, id)
}

fn read(row: &Row<'_>) -> rusqlite::Result<TokenRecord> {
    let secret_hash: Option<[u8; 32]> = row.get(2)?;
    Ok(TokenRecord {
        id: TokenId::from_bytes(row.get(0)?),
        database: DatabaseId::from_bytes(row.get(1)?),
        kind: secret_hash.map_or(TokenKind::Signed, |hash| TokenKind::Opaque(TokenDigest::from_bytes(hash))),
        name: row.get(3)?,
        read_only: row.get(4)?,
        commands_per_day: row.get(5)?,
        created_ms: row.get(6)?,
        expires_at_ms: row.get(7)?,
        revoked_at_ms: row.get(8)?,
        epoch: row.get(9)?,
    })
}

/// The text is the only thing that two callers can both want: ids are drawn at random.
fn taken(error: rusqlite::Error) -> ControlError {
    match error.sqlite_error_code() {
        Some(ErrorCode::ConstraintViolation) if error.to_string().contains("tokens.secret_hash") => {
            ControlError::TokenTaken
        }
        _ => error.into(),
    }
}
