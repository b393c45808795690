//! `latchkey token`: tokens on the command line. Works on the data directory, also while a server uses it.

use std::io::Read;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use latchkey_control::{Control, Role};
use latchkey_local::SystemClock;
use latchkey_pipeline::Clock;
use latchkey_tenancy::{
    Claims, DatabaseRecord, Grant, ISSUER, KeyRing, TokenDigest, TokenId, TokenKind, TokenRecord, inspect,
    mint, opaque_secret,
};

use crate::cli::{DataOption, Quota, TokenCommand, TokenCreate};
use crate::entropy;
use crate::telemetry::say;

pub(crate) fn run(command: TokenCommand) -> Result<()> {
    match command {
        TokenCommand::Create(options) => create(&options),
        TokenCommand::Inspect(options) => show(&read_token(options.token)?, &options.data),
        TokenCommand::Revoke(options) => revoke(&read_token(options.token)?, &options.data),
    }
}

/// The control data, to work on beside a server. Only a server makes a data directory.
pub(crate) fn open(data: &DataOption) -> Result<Control> {
    if !data.data.join(latchkey_control::CONTROL_FILE).exists() {
        bail!(
            "there is no data in {}: name the server's directory with --data, or start a server first",
            data.data.display()
        );
    }
    Ok(Control::open(&data.data, Role::Tool)?)
}

/// Waits until a server that uses the same data directory has seen what was changed: when the command line is back,
/// a new token works and a revoked one does not.
pub(crate) fn let_server_see() {
    /// For the batch that the server may be writing when it looks.
    const SLACK_MS: u64 = 100;
    std::thread::sleep(Duration::from_millis(latchkey_control::FOREIGN_CHANGE_SEEN_MS + SLACK_MS));
}

/// The database of this name.
pub(crate) fn database(control: &Control, name: &str) -> Result<DatabaseRecord> {
    let found = control.database_named(name).wait()?;
    found.with_context(|| format!("there is no database named '{name}': `latchkey db list` lists them"))
}

/// What a new token is like.
pub(crate) struct NewToken<'a> {
    pub(crate) name: &'a str,
    pub(crate) read_only: bool,
    pub(crate) commands_per_day: Option<u64>,
    pub(crate) expires_at_ms: Option<u64>,
    pub(crate) opaque: bool,
}

/// Makes a token. Its text is in nobody's hands but the caller's then.
pub(crate) fn make(
    control: &Control,
    database: &DatabaseRecord,
    new: &NewToken<'_>,
) -> Result<(TokenId, String)> {
    let now_ms = SystemClock.now_ms();
    let id = TokenId::new(now_ms, entropy::bytes()?);
    let secret = if new.opaque { Some(opaque_secret(entropy::bytes()?)) } else { None };
    let kind = match &secret {
        Some(secret) => TokenKind::Opaque(TokenDigest::of(secret.as_bytes())),
        None => TokenKind::Signed,
    };
    let record = TokenRecord {
        id,
        database: database.id,
        kind,
        name: new.name.into(),
        read_only: new.read_only,
        commands_per_day: new.commands_per_day,
        created_ms: now_ms,
        expires_at_ms: new.expires_at_ms,
        revoked_at_ms: None,
        epoch: database.epoch,
    };
    let text = match secret {
        Some(secret) => secret,
        None => sign(control, &record)?,
    };
    control.create_token(record).wait()?;
    Ok((id, text))
}

fn sign(control: &Control, record: &TokenRecord) -> Result<String> {
    let keys = keys(control)?;
    let key = keys.signing().context("there is no key to sign with: start the server once, it makes one")?;
    let claims = Claims {
        iss: ISSUER.into(),
        jti: record.id,
        db: record.database,
        grant: if record.read_only { Grant::ReadOnly } else { Grant::ReadWrite },
        quota: record.commands_per_day,
        iat: record.created_ms / 1000,
        nbf: None,
        exp: record.expires_at_ms.map(|ms| ms / 1000),
        epoch: record.epoch,
    };
    Ok(mint(key, &claims)?)
}

fn keys(control: &Control) -> Result<KeyRing> {
    Ok(KeyRing::from_records(&control.records().wait()?.keys)?)
}

fn create(options: &TokenCreate) -> Result<()> {
    let control = open(&options.data)?;
    let database = database(&control, &options.database)?;
    let new = NewToken {
        name: &options.name,
        read_only: options.read_only,
        commands_per_day: options.quota.and_then(|Quota(quota)| quota),
        expires_at_ms: options.expires.map(|lifetime_ms| SystemClock.now_ms() + lifetime_ms),
        opaque: options.opaque,
    };
    let (id, text) = make(&control, &database, &new)?;
    let_server_see();
    say(format_args!("UPSTASH_REDIS_REST_TOKEN={text}"));
    say(format_args!(
        "# id {id}; revoke it with: latchkey token revoke {id} --data {}",
        options.data.data.display()
    ));
    Ok(())
}

fn show(token: &str, data: &DataOption) -> Result<()> {
    let control = open(data)?;
    let now_ms = SystemClock.now_ms();
    if let Some(record) = find_opaque(&control, token)? {
        say(format_args!("kind      opaque"));
        return describe(&control, &record, now_ms);
    }
    let inspected = inspect(token.as_bytes(), &keys(&control)?, now_ms)
        .context("this is neither a token that the data directory knows nor a signed one")?;
    say(format_args!("kind      signed with {}", inspected.algorithm));
    say(format_args!("key       {}", inspected.kid.as_deref().unwrap_or("none named")));
    let signature = inspected.verdict.as_ref().map_or_else(ToString::to_string, |()| "good".into());
    say(format_args!("signature {signature}"));
    match control.token(inspected.claims.jti).wait() {
        Ok(record) => describe(&control, &record, now_ms),
        Err(latchkey_control::ControlError::NoSuchToken) => {
            say("record    none: this server did not make it");
            Ok(())
        }
        Err(error) => Err(error.into()),
    }
}

fn describe(control: &Control, record: &TokenRecord, now_ms: u64) -> Result<()> {
    let database = control.database(record.database).wait()?;
    let standing = match (record.revoked_at_ms, record.expires_at_ms) {
        _ if record.epoch < database.epoch => "dead: the database's credentials were reset",
        (Some(_), _) => "revoked",
        (None, Some(at)) if at <= now_ms => "expired",
        _ => "in use",
    };
    let quota = record.commands_per_day.map_or("unlimited".into(), |quota| format!("{quota} commands a day"));
    say(format_args!("id        {}", record.id));
    say(format_args!("name      {}", record.name));
    say(format_args!("database  {} ({})", database.name, database.id));
    say(format_args!("grant     {}", if record.read_only { "read-only" } else { "read and write" }));
    say(format_args!("quota     {quota}"));
    say(format_args!("standing  {standing}"));
    Ok(())
}

fn revoke(token: &str, data: &DataOption) -> Result<()> {
    let control = open(data)?;
    let id = token_id(&control, token)?;
    let record = control.revoke_token(id, SystemClock.now_ms()).wait()?;
    let_server_see();
    say(format_args!("# revoked {} ('{}')", record.id, record.name));
    Ok(())
}

/// The id that was given, or the id of the token that was.
fn token_id(control: &Control, token: &str) -> Result<TokenId> {
    if let Ok(id) = token.parse() {
        return Ok(id);
    }
    if let Some(record) = find_opaque(control, token)? {
        return Ok(record.id);
    }
    let inspected = inspect(token.as_bytes(), &keys(control)?, SystemClock.now_ms());
    Ok(inspected.context("this is neither the id of a token nor a token")?.claims.jti)
}

fn find_opaque(control: &Control, token: &str) -> Result<Option<TokenRecord>> {
    let kind = TokenKind::Opaque(TokenDigest::of(token.as_bytes()));
    Ok(control.records().wait()?.tokens.into_iter().find(|record| record.kind == kind))
}

/// The token that was named, or the one on standard input.
fn read_token(named: String) -> Result<String> {
    /// No token is longer.
    const TOKEN_BYTES_MAX: u64 = 8 * 1024;
    if named != "-" {
        return Ok(named);
    }
    let mut text = String::new();
    std::io::stdin().take(TOKEN_BYTES_MAX).read_to_string(&mut text).context("reading standard input")?;
    Ok(text.trim().into())
}
