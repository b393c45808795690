//! The table of databases.

use latchkey_tenancy::{DatabaseId, DatabaseRecord, Durability, Limits, Plan};
use rusqlite::{Connection, ErrorCode, OptionalExtension, Row, named_params};

use crate::ControlError;

const SELECT: &str =
    "SELECT id, name, plan, commands_per_day, stored_bytes_max, request_bytes_max, record_bytes_max,
    key_bytes_max, reply_bytes_max, eviction, created_ms, epoch, deleted, durability FROM databases WHERE deleted = 0";

pub(crate) fn create(connection: &Connection, record: &DatabaseRecord) -> Result<(), ControlError> {
    let limits = &record.limits;
    let inserted = connection
        .prepare_cached(
            "INSERT INTO databases (id, name, plan, commands_per_day, stored_bytes_max, request_bytes_max,
                 record_bytes_max, key_bytes_max, reply_bytes_max, eviction, created_ms, epoch, durability)
             VALUES (:id, :name, :plan, :commands, :stored, :request, :record, :key, :reply, :eviction, :created,
                 :epoch, :durability)",
        )?
        .execute(named_params! {
            ":id": record.id.as_bytes(),
            ":name": record.name,
            ":plan": record.plan,
            ":commands": limits.commands_per_day,
            ":stored": limits.stored_bytes_max,
            ":request": limits.request_bytes_max,
            ":record": limits.record_bytes_max,
            ":key": limits.key_bytes_max,
            ":reply": limits.reply_bytes_max,
            ":eviction": limits.eviction,
            ":durability": limits.durability.name(),
            ":created": record.created_ms,
            ":epoch": record.epoch,
        });
    inserted.map(drop).map_err(|error| taken(error, &record.name))
}

pub(crate) fn list(connection: &Connection) -> Result<Vec<DatabaseRecord>, ControlError> {
    let mut statement = connection.prepare_cached(&format!("{SELECT} ORDER BY id"))?;
    let records = statement.query_map((), read)?.collect::<Result<_, _>>()?;
    Ok(records)
}

/// The ids of deleted databases: nobody uses them again.
pub(crate) fn deleted(connection: &Connection) -> Result<Vec<DatabaseId>, ControlError> {
    let mut statement =
        connection.prepare_cached("SELECT id FROM databases WHERE deleted = 1 ORDER BY id")?;
    let ids = statement.query_map((), |row| row.get(0).map(DatabaseId::from_bytes))?;
    Ok(ids.collect::<Result<_, _>>()?)
}

pub(crate) fn find(connection: &Connection, id: DatabaseId) -> Result<DatabaseRecord, ControlError> {
    let mut statement = connection.prepare_cached(&format!("{SELECT} AND id = ?1"))?;
    statement.query_row([id.as_bytes()], read).optional()?.ok_or(ControlError::NoSuchDatabase)
}

pub(crate) fn find_named(
    connection: &Connection,
    name: &str,
) -> Result<Option<DatabaseRecord>, ControlError> {
    let mut statement = connection.prepare_cached(&format!("{SELECT} AND name = ?1"))?;
    Ok(statement.query_row([name], read).optional()?)
}

pub(crate) fn rename(
    connection: &Connection,
    id: DatabaseId,
    name: &str,
) -> Result<DatabaseRecord, ControlError> {
    let renamed = connection
        .prepare_cached("UPDATE databases SET name = ?2 WHERE id = ?1 AND deleted = 0")?
        .execute((id.as_bytes(), name));
    renamed.map_err(|error| taken(error, name))?;
    find(connection, id)
}

pub(crate) fn set_plan(
    connection: &Connection,
    id: DatabaseId,
    plan: &Plan,
) -> Result<DatabaseRecord, ControlError> {
    let limits = &plan.limits;
    connection
        .prepare_cached(
            "UPDATE databases SET plan = :plan, commands_per_day = :commands, stored_bytes_max = :stored,
                 request_bytes_max = :request, record_bytes_max = :record, key_bytes_max = :key,
                 reply_bytes_max = :reply, eviction = :eviction, durability = :durability
             WHERE id = :id AND deleted = 0",
        )?
        .execute(named_params! {
            ":id": id.as_bytes(),
            ":plan": plan.name,
            ":commands": limits.commands_per_day,
            ":stored": limits.stored_bytes_max,
            ":request": limits.request_bytes_max,
            ":record": limits.record_bytes_max,
            ":key": limits.key_bytes_max,
            ":reply": limits.reply_bytes_max,
            ":eviction": limits.eviction,
            ":durability": limits.durability.name(),
        })?;
    find(connection, id)
}

pub(crate) fn bump_epoch(connection: &Connection, id: DatabaseId) -> Result<DatabaseRecord, ControlError> {
    connection
        .prepare_cached("UPDATE databases SET epoch = epoch + 1 WHERE id = ?1 AND deleted = 0")?
        .execute([id.as_bytes()])?;
    find(connection, id)
}

/// Its tokens and users go with it; its usage stays until it is pruned.
pub(crate) fn delete(connection: &Connection, id: DatabaseId) -> Result<DatabaseRecord, ControlError> {
    let record = find(connection, id)?;
    connection.prepare_cached("DELETE FROM tokens WHERE database = ?1")?.execute([id.as_bytes()])?;
    connection.prepare_cached("DELETE FROM users WHERE database = ?1")?.execute([id.as_bytes()])?;
    connection.prepare_cached("UPDATE databases SET deleted = 1 WHERE id = ?1")?.execute([id.as_bytes()])?;
    Ok(DatabaseRecord { deleted: true, ..record })
}

fn read(row: &Row<'_>) -> rusqlite::Result<DatabaseRecord> {
    let limits = Limits {
        commands_per_day: row.get(3)?,
        stored_bytes_max: row.get(4)?,
        request_bytes_max: row.get(5)?,
        record_bytes_max: row.get(6)?,
        key_bytes_max: row.get(7)?,
        reply_bytes_max: row.get(8)?,
        eviction: row.get(9)?,
        // The column's own check admits no other word.
        durability: Durability::parse(row.get_ref(13)?.as_str()?).unwrap_or_default(),
    };
    Ok(DatabaseRecord {
        id: DatabaseId::from_bytes(row.get(0)?),
        name: row.get(1)?,
        plan: row.get(2)?,
        limits,
        created_ms: row.get(10)?,
        epoch: row.get(11)?,
        deleted: row.get(12)?,
    })
}

/// The name is the only thing that two callers can both want: ids are drawn at random.
fn taken(error: rusqlite::Error, name: &str) -> ControlError {
    match error.sqlite_error_code() {
        Some(ErrorCode::ConstraintViolation) if error.to_string().contains("databases.name") => {
            ControlError::NameTaken(name.to_owned())
        }
        _ => error.into(),
    }
}
