//! The command line, and the help texts.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use latchkey_tenancy::{Durability, parse_bytes, parse_commands_per_day};

use crate::place::Place;

/// A serverless-style Redis, self-hosted: Redis commands over HTTPS, authenticated, metered, executed.
///
/// Start with `latchkey dev`, and paste the lines that it prints into `.env`.
#[derive(Debug, Parser)]
#[command(name = "latchkey", version)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a database for development: loopback only, no configuration.
    Dev(DevOptions),
    /// Run the server in production, from a configuration file.
    Serve(ServeOptions),
    /// Make, read and revoke tokens.
    #[command(subcommand)]
    Token(TokenCommand),
    /// Make, list and delete databases.
    #[command(subcommand)]
    Db(DbCommand),
    /// Write databases to a new directory or a bucket, also while a server uses them.
    Backup(BackupOptions),
    /// Make a new database of one in a backup.
    Restore(RestoreOptions),
    /// Write a database as an RDB file, which Redis loads; also while a server uses it.
    Export(ExportOptions),
    /// Make a new database of an RDB file.
    Import(ImportOptions),
    /// Read all files as the server would, and name what is damaged. Changes nothing.
    Fsck(DataOption),
    /// Look at the log.
    #[command(subcommand)]
    Journal(JournalCommand),
    /// Type commands, or run one, on a server: over the Redis protocol or REST.
    Cli(latchkey_cli::Options),
    /// Ask a running server whether it is up; for container health checks. Exits with 0 if it is.
    Health(HealthOptions),
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  latchkey dev                                  data in ./.latchkey, a token of its own
  latchkey dev > .env                           everything printed is a line for .env or a comment
  latchkey dev --port 0 --token example_token   any free port, for tests
  latchkey dev --quota 1000/day --storage 256mb as your users on a small plan will see it")]
pub(crate) struct DevOptions {
    /// Port for HTTP, on the loopback addresses of IPv4 and IPv6; 0 for any free one.
    #[arg(long, default_value_t = 8079, env = "LATCHKEY_DEV_PORT")]
    pub(crate) port: u16,
    /// Port for the Redis protocol (RESP), on the same addresses; 0 for any free one. If you name none: 6379, or the next
    /// free one after it.
    #[arg(long, value_name = "PORT", env = "LATCHKEY_DEV_RESP_PORT")]
    pub(crate) resp_port: Option<u16>,
    /// The token that may do everything. One is made and kept in the data directory if you name none.
    #[arg(long, env = "LATCHKEY_DEV_TOKEN", value_parser = token_text, hide_env_values = true)]
    pub(crate) token: Option<String>,
    /// A token that may only read.
    #[arg(long, value_name = "TOKEN", value_parser = token_text)]
    pub(crate) read_only_token: Option<String>,
    /// How many commands each token may send a day: 1000/day, 500k/day, unlimited.
    #[arg(long, value_parser = quota)]
    pub(crate) quota: Option<Quota>,
    /// How much the database may store: 256mb, 1gb.
    #[arg(long, value_parser = parse_bytes)]
    pub(crate) storage: Option<u64>,
    /// What a crash of the machine may cost: always (nothing that was answered), everysec (the last second) or none.
    #[arg(long, value_name = "WHEN", default_value = "always", value_parser = durability)]
    pub(crate) durability: Durability,
    /// Where keys, tokens, quotas and usage are kept.
    #[arg(long, value_name = "DIR", default_value = ".latchkey", env = "LATCHKEY_DATA")]
    pub(crate) data: PathBuf,
    /// Keep nothing: no data directory, a new token each time.
    #[arg(long, conflicts_with = "data")]
    pub(crate) ephemeral: bool,
    /// Serve HTTPS, and RESP with TLS: with a certificate made for localhost.
    #[arg(long, value_name = "KIND")]
    pub(crate) tls: Option<DevTls>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum DevTls {
    /// A certificate for localhost, 127.0.0.1 and ::1 that is made on first use. Clients have to be told to trust it.
    SelfSigned,
}

#[derive(Debug, Args)]
pub(crate) struct ServeOptions {
    /// The configuration file; see deploy/latchkey.toml for one with every setting explained.
    #[arg(long, value_name = "FILE", env = "LATCHKEY_CONFIG")]
    pub(crate) config: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct DataOption {
    /// The data directory of the server.
    #[arg(long, value_name = "DIR", default_value = ".latchkey", env = "LATCHKEY_DATA")]
    pub(crate) data: PathBuf,
}

#[derive(Debug, Subcommand)]
pub(crate) enum TokenCommand {
    /// Make a token for a database, and print it. It is shown once: only its hash or its id is kept.
    Create(TokenCreate),
    /// Show what a signed token says, and whether it is good.
    Inspect(TokenInspect),
    /// Revoke a token. When this is done, a running server refuses it.
    Revoke(TokenRevoke),
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  latchkey token create shop --name api --quota 500k/day
  latchkey token create shop --name browser --read-only --expires 30d")]
pub(crate) struct TokenCreate {
    /// The database's name.
    pub(crate) database: String,
    /// What you call the token, to find it again.
    #[arg(long, default_value = "")]
    pub(crate) name: String,
    /// Let it only read.
    #[arg(long)]
    pub(crate) read_only: bool,
    /// How many commands it may send a day: 1000/day, 500k/day, unlimited.
    #[arg(long, value_parser = quota)]
    pub(crate) quota: Option<Quota>,
    /// How long it is good: 12h, 30d. For ever if you do not say.
    #[arg(long, value_parser = lifetime_ms)]
    pub(crate) expires: Option<u64>,
    /// Make an opaque token (random text) instead of a signed one.
    #[arg(long)]
    pub(crate) opaque: bool,
    #[command(flatten)]
    pub(crate) data: DataOption,
}

#[derive(Debug, Args)]
pub(crate) struct TokenInspect {
    /// The token, or - to read it from standard input, where no shell keeps it in its history.
    pub(crate) token: String,
    #[command(flatten)]
    pub(crate) data: DataOption,
}

#[derive(Debug, Args)]
pub(crate) struct TokenRevoke {
    /// The token's id, as `token create` and `db list` print it; or a signed token; or - to read it from standard input.
    pub(crate) token: String,
    #[command(flatten)]
    pub(crate) data: DataOption,
}

#[derive(Debug, Subcommand)]
pub(crate) enum DbCommand {
    /// Make a database with its standard and its read-only token.
    Create(DbCreate),
    /// List databases with their plans, tokens and users.
    List(DataOption),
    /// Delete a database with its keys and tokens.
    Delete(DbDelete),
}

#[derive(Debug, Args)]
pub(crate) struct DbCreate {
    /// Its name: letters, digits, '-', '_', '.' and '/'.
    #[arg(value_parser = database_name, value_name = "NEW_NAME")]
    pub(crate) name: String,
    /// Its plan: free, free-30mb, payg or unlimited.
    #[arg(long, default_value = "unlimited")]
    pub(crate) plan: String,
    /// Commands a day of all its tokens together, instead of the plan's.
    #[arg(long, value_parser = quota)]
    pub(crate) quota: Option<Quota>,
    /// Stored bytes, instead of the plan's: 256mb.
    #[arg(long, value_parser = parse_bytes)]
    pub(crate) storage: Option<u64>,
    /// Evict keys when the storage is full, instead of refusing writes.
    #[arg(long)]
    pub(crate) eviction: bool,
    /// What a crash of the machine may cost: always (nothing that was answered), everysec (the last second) or none (all
    /// since the database last left the memory).
    #[arg(long, value_name = "WHEN", default_value = "always", value_parser = durability)]
    pub(crate) durability: Durability,
    #[command(flatten)]
    pub(crate) data: DataOption,
}

#[derive(Debug, Args)]
pub(crate) struct DbDelete {
    /// Its name.
    pub(crate) name: String,
    /// Yes, delete it: this cannot be taken back.
    #[arg(long)]
    pub(crate) yes: bool,
    #[command(flatten)]
    pub(crate) data: DataOption,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  latchkey backup --to /backups/monday               every database
  latchkey backup shop blog --to /backups/two        these
  latchkey backup --to s3://bucket/latchkey/monday   to S3, or what speaks its language

A bucket is found with the variables that the tools of AWS use: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY,
AWS_SESSION_TOKEN, AWS_REGION, AWS_ENDPOINT_URL; AWS_ALLOW_HTTP=true for one without TLS.")]
pub(crate) struct BackupOptions {
    /// The databases' names. All if you name none.
    pub(crate) databases: Vec<String>,
    /// A directory or s3://BUCKET/PREFIX, where nothing is yet.
    #[arg(long, value_name = "PLACE")]
    pub(crate) to: Place,
    #[command(flatten)]
    pub(crate) data: DataOption,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  latchkey restore /backups/monday shop shop-as-of-monday --plan payg
  latchkey restore s3://bucket/latchkey/monday shop shop-as-of-monday")]
pub(crate) struct RestoreOptions {
    /// The directory or s3://BUCKET/PREFIX that `latchkey backup` has written.
    #[arg(value_name = "PLACE")]
    pub(crate) from: Place,
    /// The database's name in the backup.
    #[arg(value_name = "NAME")]
    pub(crate) saved: String,
    #[command(flatten)]
    pub(crate) create: DbCreate,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  latchkey export shop shop.rdb && redis-server --dbfilename shop.rdb")]
pub(crate) struct ExportOptions {
    /// The database's name.
    pub(crate) database: String,
    /// The file to make.
    pub(crate) file: PathBuf,
    /// Write JSON documents as strings. Otherwise they are values of RedisJSON, and a Redis without it does not load the
    /// file.
    #[arg(long)]
    pub(crate) json_as_text: bool,
    #[command(flatten)]
    pub(crate) data: DataOption,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  latchkey import /var/lib/redis/dump.rdb shop --plan payg")]
pub(crate) struct ImportOptions {
    /// The file, of Redis 2.4 to 8.2.
    pub(crate) file: PathBuf,
    /// Which of the databases in the file.
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    pub(crate) select: u64,
    /// Leave out keys whose values are of modules that are not known here.
    #[arg(long)]
    pub(crate) skip_modules: bool,
    #[command(flatten)]
    pub(crate) create: DbCreate,
}

#[derive(Debug, Subcommand)]
pub(crate) enum JournalCommand {
    /// List the frames of the log: where each stands, of which database it is, and how large; not what is in it.
    Inspect(DataOption),
}

#[derive(Debug, Args)]
pub(crate) struct HealthOptions {
    /// Where to ask, over plain HTTP.
    #[arg(default_value = "http://127.0.0.1:8079/healthz")]
    pub(crate) url: String,
}

/// Commands a day; `None` for no limit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Quota(pub(crate) Option<u64>);

fn quota(text: &str) -> Result<Quota, latchkey_tenancy::SizeError> {
    parse_commands_per_day(text).map(Quota)
}

fn durability(text: &str) -> Result<Durability, String> {
    Durability::parse(text).ok_or_else(|| "write always, everysec or none".into())
}

/// Clients send tokens in a header after `Bearer `, and split it at the space.
fn token_text(text: &str) -> Result<String, String> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err("a token is printable ASCII without spaces".into());
    }
    Ok(text.into())
}

fn database_name(text: &str) -> Result<String, String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || "-_./".contains(c);
    if text.is_empty() || text.len() > 64 || !text.chars().all(fits) {
        return Err("a name has 1 to 64 letters, digits, '-', '_', '.' or '/'".into());
    }
    Ok(text.into())
}

/// `90s`, `15m`, `12h`, `30d`, in milliseconds.
fn lifetime_ms(text: &str) -> Result<u64, String> {
    let wrong = || format!("'{text}' is not a lifetime: write a number with s, m, h or d, such as 30d");
    let unit_s = match text.chars().last() {
        Some('s') => 1,
        Some('m') => 60,
        Some('h') => 3600,
        Some('d') => 86_400,
        _ => return Err(wrong()),
    };
    let count: u64 = text[..text.len() - 1].parse().map_err(|_| wrong())?;
    count.checked_mul(unit_s * 1000).filter(|&ms| ms > 0).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn lifetimes_have_units() {
        assert_eq!(lifetime_ms("30d"), Ok(2_592_000_000));
        assert_eq!(lifetime_ms("90s"), Ok(90_000));
        for text in ["", "d", "0d", "30", "-1d", "1w", "99999999999999999999d", "é"] {
            assert!(lifetime_ms(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_token_with_a_space_is_refused_with_the_reason() {
        let error = Cli::try_parse_from(["latchkey", "dev", "--token", "two words"]).unwrap_err().to_string();
        assert!(error.contains("without spaces"), "{error}");
    }
}
