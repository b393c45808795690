//! The tables, and how a file gets from one format to the next.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};

use crate::ControlError;

/// Marks a SQLite file as ours: the letters `LKey`.
const APPLICATION_ID: i64 = 0x4c4b_6579;

/// How long a process waits while another one writes.
const BUSY_WAIT: Duration = Duration::from_secs(5);

/// Each step leads to the format of its position, counted from 1 (`PRAGMA user_version`). A step that was released is
/// never changed. Times are Unix milliseconds, ids 16 bytes, `NULL` limits mean unlimited.
const MIGRATIONS: [&str; 3] = [
    "
CREATE TABLE databases (
    id BLOB PRIMARY KEY NOT NULL,
    name TEXT NOT NULL,
    plan TEXT NOT NULL,
    commands_per_day INTEGER,
    stored_bytes_max INTEGER,
    request_bytes_max INTEGER NOT NULL,
    record_bytes_max INTEGER NOT NULL,
    key_bytes_max INTEGER NOT NULL,
    reply_bytes_max INTEGER NOT NULL,
    eviction INTEGER NOT NULL,
    created_ms INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    -- A deleted database leaves its row, so that its id is never used again.
    deleted INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX databases_by_name ON databases (name) WHERE deleted = 0;

CREATE TABLE tokens (
    id BLOB PRIMARY KEY NOT NULL,
    database BLOB NOT NULL REFERENCES databases (id),
    -- SHA-256 of an opaque token's text; NULL for a signed token.
    secret_hash BLOB,
    name TEXT NOT NULL,
    read_only INTEGER NOT NULL,
    commands_per_day INTEGER,
    created_ms INTEGER NOT NULL,
    expires_at_ms INTEGER,
    revoked_at_ms INTEGER,
    epoch INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX tokens_by_database ON tokens (database);
-- A text may be used again once its token is revoked.
CREATE UNIQUE INDEX tokens_by_secret ON tokens (secret_hash) WHERE revoked_at_ms IS NULL;

CREATE TABLE signing_keys (
    kid TEXT PRIMARY KEY NOT NULL,
    algorithm TEXT NOT NULL,
    secret BLOB NOT NULL,
    created_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- total: commands of the UTC day that were leased, or admitted without a lease. A lease counts as used until a clean
-- shutdown gives back what was not.
CREATE TABLE leases (
    day INTEGER NOT NULL,
    scope TEXT NOT NULL CHECK (scope IN ('database', 'token')),
    id BLOB NOT NULL,
    total INTEGER NOT NULL CHECK (total >= 0),
    PRIMARY KEY (day, scope, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE usage (
    span TEXT NOT NULL CHECK (span IN ('hour', 'day')),
    start_ms INTEGER NOT NULL,
    database BLOB NOT NULL,
    token BLOB NOT NULL,
    commands INTEGER NOT NULL,
    reads INTEGER NOT NULL,
    writes INTEGER NOT NULL,
    bytes_in INTEGER NOT NULL,
    bytes_out INTEGER NOT NULL,
    PRIMARY KEY (span, start_ms, database, token)
) STRICT, WITHOUT ROWID;
CREATE INDEX usage_by_database ON usage (database, span, start_ms);

-- bytes: as last measured within the span.
CREATE TABLE stored (
    span TEXT NOT NULL CHECK (span IN ('hour', 'day')),
    start_ms INTEGER NOT NULL,
    database BLOB NOT NULL,
    bytes INTEGER NOT NULL,
    PRIMARY KEY (span, start_ms, database)
) STRICT, WITHOUT ROWID;
",
    "
ALTER TABLE databases ADD COLUMN durability TEXT NOT NULL DEFAULT 'always'
    CHECK (durability IN ('always', 'everysec', 'none'));
",
    "
CREATE TABLE users (
    id BLOB PRIMARY KEY NOT NULL,
    database BLOB NOT NULL REFERENCES databases (id),
    name TEXT NOT NULL,
    -- ACL rules about commands, keys and channels, separated by spaces.
    rules BLOB NOT NULL,
    -- SHA-256 of each password, one after the other.
    passwords BLOB NOT NULL CHECK (length(passwords) % 32 = 0)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX users_by_name ON users (database, name);
",
];

/// Opens a file that [`files::prepare`](crate::files::prepare) has seen, and brings it to this format. A file that is
/// not ours, or damaged, is not written to.
pub(crate) fn open(path: &Path) -> Result<Connection, ControlError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let named = |error| damage(path, error);
    let mut connection = Connection::open_with_flags(path, flags).map_err(named)?;
    connection.busy_timeout(BUSY_WAIT)?;
    recognise(&connection, path)?;
    check(&connection, path)?;
    connection.pragma_update(None, "journal_mode", "WAL").map_err(named)?;
    configure(&connection).map_err(named)?;
    migrate(&mut connection, path)?;
    Ok(connection)
}

/// A database that is gone with the process.
pub(crate) fn open_in_memory() -> Result<Connection, ControlError> {
    let mut connection = Connection::open_in_memory()?;
    configure(&connection)?;
    migrate(&mut connection, Path::new(":memory:"))?;
    Ok(connection)
}

fn recognise(connection: &Connection, path: &Path) -> Result<(), ControlError> {
    let named = |error| damage(path, error);
    let id: i64 = connection.pragma_query_value(None, "application_id", |row| row.get(0)).map_err(named)?;
    let count = "SELECT count(*) FROM sqlite_schema";
    let empty = connection.query_row(count, (), |row| row.get::<_, i64>(0)).map_err(named)? == 0;
    if id == APPLICATION_ID || (id == 0 && empty) {
        return Ok(());
    }
    Err(ControlError::Foreign { path: path.to_owned() })
}

fn check(connection: &Connection, path: &Path) -> Result<(), ControlError> {
    let verdict: String = connection
        .pragma_query_value(None, "quick_check", |row| row.get(0))
        .map_err(|error| damage(path, error))?;
    if verdict == "ok" {
        return Ok(());
    }
    let reason = verdict.lines().last().unwrap_or("unknown").to_owned();
    Err(ControlError::Damaged { path: path.to_owned(), reason })
}

fn configure(connection: &Connection) -> rusqlite::Result<()> {
    // What was committed survives a power cut: a lease must, before it is granted.
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(())
}

fn migrate(connection: &mut Connection, path: &Path) -> Result<(), ControlError> {
    // Immediate, so that of two processes that open a new file only one makes the tables.
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let found: i64 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let known = MIGRATIONS.len() as i64;
    if found > known {
        return Err(ControlError::TooNew { path: path.to_owned(), found, known });
    }
    for step in MIGRATIONS.iter().skip(found as usize) {
        transaction.execute_batch(step)?;
    }
    if found < known {
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", known)?;
    }
    Ok(transaction.commit()?)
}

fn damage(path: &Path, error: rusqlite::Error) -> ControlError {
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            ControlError::Damaged { path: path.to_owned(), reason: error.to_string() }
        }
        _ => error.into(),
    }
}
