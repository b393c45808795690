//! The table of users. Their passwords are not in it.

use latchkey_tenancy::{DatabaseId, TokenDigest, TokenId, UserChange, UserRecord};
use rusqlite::{Connection, OptionalExtension, Row, named_params};

use super::databases;
use crate::ControlError;

/// The most users of one database.
pub const USERS_MAX: u64 = 1_000;

const SELECT: &str = "SELECT id, database, name, rules, passwords FROM users";

/// Makes of a user what `change` makes of it.
pub(crate) fn change(
    connection: &Connection,
    database: DatabaseId,
    name: &str,
    change: UserChange,
) -> Result<UserRecord, ControlError> {
    databases::find(connection, database)?;
    let before = find(connection, database, name)?;
    if before.is_none() && count(connection, database)? >= USERS_MAX {
        let refusal = format!("ERR a database can have no more than {USERS_MAX} users");
        return Err(ControlError::RefusedUser(refusal));
    }
    let record = change(before).map_err(ControlError::RefusedUser)?;
    put(connection, &record)?;
    Ok(record)
}

/// Deletes users, and answers with those that there were.
pub(crate) fn delete(
    connection: &Connection,
    database: DatabaseId,
    names: &[String],
) -> Result<Vec<UserRecord>, ControlError> {
    let mut deleted = Vec::new();
    for name in names {
        let Some(record) = find(connection, database, name)? else { continue };
        connection.prepare_cached("DELETE FROM users WHERE id = ?1")?.execute([record.id.as_bytes()])?;
        deleted.push(UserRecord { deleted: true, ..record });
    }
    Ok(deleted)
}

/// Takes all passwords from the users of a database, and answers with those who had any.
pub(crate) fn take_passwords(
    connection: &Connection,
    database: DatabaseId,
) -> Result<Vec<UserRecord>, ControlError> {
    let had_any = list(connection, database)?.into_iter().filter(|user| !user.passwords.is_empty());
    let changed: Vec<_> = had_any.map(|user| UserRecord { passwords: Vec::new(), ..user }).collect();
    changed.iter().try_for_each(|record| put(connection, record))?;
    Ok(changed)
}

/// Those of one database, by name.
pub(crate) fn list(connection: &Connection, database: DatabaseId) -> Result<Vec<UserRecord>, ControlError> {
    let mut statement = connection.prepare_cached(&format!("{SELECT} WHERE database = ?1 ORDER BY name"))?;
    let records = statement.query_map([database.as_bytes()], read)?.collect::<Result<_, _>>()?;
    Ok(records)
}

/// Those of all databases.
pub(crate) fn list_all(connection: &Connection) -> Result<Vec<UserRecord>, ControlError> {
    // A deleted database has none left.
    let mut statement = connection.prepare_cached(SELECT)?;
    let records = statement.query_map((), read)?.collect::<Result<_, _>>()?;
    Ok(records)
}

fn find(
    connection: &Connection,
    database: DatabaseId,
    name: &str,
) -> Result<Option<UserRecord>, ControlError> {
    let mut statement = connection.prepare_cached(&format!("{SELECT} WHERE database = ?1 AND name = ?2"))?;
    Ok(statement.query_row((database.as_bytes(), name), read).optional()?)
}

fn count(connection: &Connection, database: DatabaseId) -> Result<u64, ControlError> {
    let mut statement = connection.prepare_cached("SELECT count(*) FROM users WHERE database = ?1")?;
    Ok(statement.query_row([database.as_bytes()], |row| row.get(0))?)
}

fn put(connection: &Connection, record: &UserRecord) -> Result<(), ControlError> {
    let passwords: Vec<u8> = record.passwords.iter().flat_map(|digest| *digest.as_bytes()).collect();
    connection
        .prepare_cached(
            "INSERT INTO users (id, database, name, rules, passwords)
             VALUES (:id, :database, :name, :rules, :passwords)
             ON CONFLICT (id) DO UPDATE SET rules = :rules, passwords = :passwords",
        )?
        .execute(named_params! {
            ":id": record.id.as_bytes(),
            ":database": record.database.as_bytes(),
            ":name": record.name,
            ":rules": record.rules,
            ":passwords": passwords,
        })?;
    Ok(())
}

fn read(row: &Row<'_>) -> rusqlite::Result<UserRecord> {
    let passwords: Vec<u8> = row.get(4)?;
    let (digests, _) = passwords.as_chunks(); // the table holds whole ones only
    Ok(UserRecord {
        id: TokenId::from_bytes(row.get(0)?),
        database: DatabaseId::from_bytes(row.get(1)?),
        name: row.get(2)?,
        rules: row.get(3)?,
        passwords: digests.iter().map(|digest| TokenDigest::from_bytes(*digest)).collect(),
        deleted: false,
    })
}
