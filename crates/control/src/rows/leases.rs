//! The table of quota leases: one row for each meter and day.

use latchkey_tenancy::{Lease, LeaseRequest, MeterScope, Return};
use rusqlite::{Connection, OptionalExtension};

use crate::ControlError;

/// Leases of days before yesterday are of no more use.
const DAYS_KEPT: u64 = 2;

/// Counts what is granted as used. It may be used once the transaction around is committed.
pub(crate) fn lease(connection: &Connection, request: LeaseRequest) -> Result<Lease, ControlError> {
    let LeaseRequest { scope, day, limit, want, spent } = request;
    let (name, id) = columns(&scope);
    let before = connection
        .prepare_cached("SELECT total FROM leases WHERE day = ?1 AND scope = ?2 AND id = ?3")?
        .query_row((day, name, id), |row| row.get::<_, u64>(0))
        .optional()?;
    if before.is_none() {
        prune(connection, day)?;
    }
    let counted = before.unwrap_or(0).saturating_add(spent);
    let granted = want.min(limit.saturating_sub(counted));
    let total = counted + granted;
    connection
        .prepare_cached("INSERT OR REPLACE INTO leases (day, scope, id, total) VALUES (?1, ?2, ?3, ?4)")?
        .execute((day, name, id, total))?;
    Ok(Lease { scope, day, granted, total })
}

/// Takes back what a meter leased and did not use. The table refuses more than was leased.
pub(crate) fn give_back(connection: &Connection, unused: &[Return]) -> Result<(), ControlError> {
    for Return { scope, day, unused, spent } in unused {
        let (name, id) = columns(scope);
        // A meter that never had a limit never leased: it has no row yet.
        connection
            .prepare_cached("INSERT OR IGNORE INTO leases (day, scope, id, total) VALUES (?1, ?2, ?3, 0)")?
            .execute((day, name, id))?;
        connection
            .prepare_cached(
                "UPDATE leases SET total = total - ?4 + ?5 WHERE day = ?1 AND scope = ?2 AND id = ?3",
            )?
            .execute((day, name, id, unused, spent))?;
    }
    Ok(())
}

fn prune(connection: &Connection, day: u64) -> Result<(), ControlError> {
    connection
        .prepare_cached("DELETE FROM leases WHERE day < ?1")?
        .execute([(day + 1).saturating_sub(DAYS_KEPT)])?;
    Ok(())
}

fn columns(scope: &MeterScope) -> (&'static str, &[u8; 16]) {
    match scope {
        MeterScope::Database(id) => ("database", id.as_bytes()),
        MeterScope::Token(id) => ("token", id.as_bytes()),
    }
}
