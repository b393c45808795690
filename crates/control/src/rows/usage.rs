//! The tables of usage, by hour and by day.

use latchkey_tenancy::{DatabaseId, TokenId, Usage, UsageRecord};
use rusqlite::{Connection, Row, named_params};

use crate::ControlError;

/// How many hours of usage are kept.
pub const HOURS_KEPT: u64 = 35 * 24;

/// How many days of usage are kept.
pub const DAYS_KEPT: u64 = 400;

const HOUR_MS: u64 = 60 * 60 * 1_000;

/// How usage is summed up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Span {
    /// By UTC hour, kept for [`HOURS_KEPT`].
    Hour,
    /// By UTC day, kept for [`DAYS_KEPT`].
    Day,
}

impl Span {
    const BOTH: [Self; 2] = [Self::Hour, Self::Day];

    fn name(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::Day => "day",
        }
    }

    fn length_ms(self) -> u64 {
        match self {
            Self::Hour => HOUR_MS,
            Self::Day => 24 * HOUR_MS,
        }
    }

    fn start_ms(self, now_ms: u64) -> u64 {
        now_ms - now_ms % self.length_ms()
    }

    fn oldest_kept_ms(self, now_ms: u64) -> u64 {
        let kept = match self {
            Self::Hour => HOURS_KEPT,
            Self::Day => DAYS_KEPT,
        };
        self.start_ms(now_ms).saturating_sub(kept * self.length_ms())
    }
}

/// What a database used in one hour or day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UsagePeriod {
    /// Its beginning, in Unix milliseconds.
    pub start_ms: u64,
    /// The sum over all tokens.
    pub usage: Usage,
    /// Stored bytes as last measured within it.
    pub stored_bytes: Option<u64>,
}

/// Adds to the hour and the day of `now_ms`, and drops what is too old to keep.
pub(crate) fn record(
    connection: &Connection,
    used: &[UsageRecord],
    stored: &[(DatabaseId, u64)],
    now_ms: u64,
) -> Result<(), ControlError> {
    for span in Span::BOTH {
        used.iter().try_for_each(|record| add(connection, span, record, now_ms))?;
        stored
            .iter()
            .try_for_each(|(database, bytes)| measure(connection, span, *database, *bytes, now_ms))?;
        prune(connection, span, now_ms)?;
    }
    Ok(())
}

fn add(connection: &Connection, span: Span, record: &UsageRecord, now_ms: u64) -> rusqlite::Result<()> {
    let Usage { commands, reads, writes, bytes_in, bytes_out } = record.usage;
    connection
        .prepare_cached(
            "INSERT INTO usage VALUES (:span, :start, :database, :token, :commands, :reads, :writes, :in, :out)
             ON CONFLICT DO UPDATE SET commands = commands + :commands, reads = reads + :reads,
                 writes = writes + :writes, bytes_in = bytes_in + :in, bytes_out = bytes_out + :out",
        )?
        .execute(named_params! {
            ":span": span.name(),
            ":start": span.start_ms(now_ms),
            ":database": record.database.as_bytes(),
            ":token": record.token.as_bytes(),
            ":commands": commands,
            ":reads": reads,
            ":writes": writes,
            ":in": bytes_in,
            ":out": bytes_out,
        })?;
    Ok(())
}

fn measure(
    connection: &Connection,
    span: Span,
    database: DatabaseId,
    bytes: u64,
    now_ms: u64,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO stored (span, start_ms, database, bytes) VALUES (?1, ?2, ?3, ?4)",
        )?
        .execute((span.name(), span.start_ms(now_ms), database.as_bytes(), bytes))?;
    Ok(())
}

/// Cheap when there is nothing to drop: both primary keys begin with span and time.
fn prune(connection: &Connection, span: Span, now_ms: u64) -> rusqlite::Result<()> {
    let oldest = (span.name(), span.oldest_kept_ms(now_ms));
    connection.prepare_cached("DELETE FROM usage WHERE span = ?1 AND start_ms < ?2")?.execute(oldest)?;
    connection.prepare_cached("DELETE FROM stored WHERE span = ?1 AND start_ms < ?2")?.execute(oldest)?;
    Ok(())
}

/// The hours or days of one database that begin in `from_ms..to_ms`, oldest first.
pub(crate) fn of_database(
    connection: &Connection,
    database: DatabaseId,
    span: Span,
    from_ms: u64,
    to_ms: u64,
) -> Result<Vec<UsagePeriod>, ControlError> {
    let mut statement = connection.prepare_cached(
        "SELECT start_ms, coalesce(sum(commands), 0), coalesce(sum(reads), 0), coalesce(sum(writes), 0),
             coalesce(sum(bytes_in), 0), coalesce(sum(bytes_out), 0), max(bytes)
         FROM (SELECT start_ms, commands, reads, writes, bytes_in, bytes_out, NULL AS bytes FROM usage
                   WHERE database = :database AND span = :span AND start_ms >= :from AND start_ms < :to
               UNION ALL
               SELECT start_ms, 0, 0, 0, 0, 0, bytes FROM stored
                   WHERE database = :database AND span = :span AND start_ms >= :from AND start_ms < :to)
         GROUP BY start_ms ORDER BY start_ms",
    )?;
    let params = named_params! {
        ":database": database.as_bytes(), ":span": span.name(), ":from": from_ms, ":to": to_ms,
    };
    let read = |row: &Row<'_>| {
        Ok(UsagePeriod { start_ms: row.get(0)?, usage: read_usage(row)?, stored_bytes: row.get(6)? })
    };
    let periods = statement.query_map(params, read)?.collect::<Result<_, _>>()?;
    Ok(periods)
}

/// What each token of one database used in the days that begin in `from_ms..to_ms`.
pub(crate) fn by_token(
    connection: &Connection,
    database: DatabaseId,
    from_ms: u64,
    to_ms: u64,
) -> Result<Vec<(TokenId, Usage)>, ControlError> {
    let mut statement = connection.prepare_cached(
        "SELECT token, sum(commands), sum(reads), sum(writes), sum(bytes_in), sum(bytes_out) FROM usage
         WHERE database = ?1 AND span = 'day' AND start_ms >= ?2 AND start_ms < ?3 GROUP BY token ORDER BY token",
    )?;
    let read = |row: &Row<'_>| Ok((TokenId::from_bytes(row.get(0)?), read_usage(row)?));
    let used = statement.query_map((database.as_bytes(), from_ms, to_ms), read)?.collect::<Result<_, _>>()?;
    Ok(used)
}

/// The five sums that follow the first column.
fn read_usage(row: &Row<'_>) -> rusqlite::Result<Usage> {
    Ok(Usage {
        commands: row.get(1)?,
        reads: row.get(2)?,
        writes: row.get(3)?,
        bytes_in: row.get(4)?,
        bytes_out: row.get(5)?,
    })
}
