//! `latchkey db`: databases on the command line. Works on the data directory, also while a server uses it.

use anyhow::{Context, Result, bail};
use latchkey_control::Control;
use latchkey_keyspace::Keyspace;
use latchkey_local::SystemClock;
use latchkey_pipeline::Clock;
use latchkey_tenancy::{DatabaseId, DatabaseRecord, Limits, Plan};

use crate::cli::{DataOption, DbCommand, DbCreate, DbDelete, Quota};
use crate::entropy;
use crate::telemetry::say;
use crate::tokens::{self, NewToken};

pub(crate) fn run(command: DbCommand) -> Result<()> {
    match command {
        DbCommand::Create(options) => create(&options, None),
        DbCommand::List(data) => list(&data),
        DbCommand::Delete(options) => delete(&options),
    }
}

/// Makes a database, with these keys if there are any. Its files come first: nobody knows its id before the store does.
pub(crate) fn create(options: &DbCreate, keyspace: Option<&Keyspace>) -> Result<()> {
    let control = tokens::open(&options.data)?;
    let plan = plan(&options.plan)?;
    let limits = Limits {
        commands_per_day: options.quota.map_or(plan.limits.commands_per_day, |Quota(quota)| quota),
        stored_bytes_max: options.storage.or(plan.limits.stored_bytes_max),
        eviction: options.eviction || plan.limits.eviction,
        durability: options.durability,
        ..plan.limits
    };
    let now_ms = SystemClock.now_ms();
    let record = DatabaseRecord {
        id: DatabaseId::new(now_ms, entropy::bytes()?),
        name: options.name.clone(),
        plan: plan.name,
        limits,
        created_ms: now_ms,
        epoch: 0,
        deleted: false,
    };
    if control.database_named(record.name.clone()).wait()?.is_some() {
        bail!("there is a database named '{}' already", record.name);
    }
    if let Some(keyspace) = keyspace {
        let disk = crate::place::directory(&options.data.data)?;
        latchkey_storage::import(&disk, *record.id.as_bytes(), keyspace, now_ms.cast_signed())?;
    }
    let database = control.create_database(record).wait()?;
    let token = |name, read_only| {
        let new = NewToken { name, read_only, commands_per_day: None, expires_at_ms: None, opaque: true };
        tokens::make(&control, &database, &new)
    };
    let (_, standard) = token("standard", false)?;
    let (_, read_only) = token("read-only", true)?;
    tokens::let_server_see();
    say(format_args!("UPSTASH_REDIS_REST_TOKEN={standard}"));
    say(format_args!("# read-only token: {read_only}"));
    say(format_args!("# database {} ({}); the tokens are shown once", database.name, database.id));
    Ok(())
}

fn plan(name: &str) -> Result<Plan> {
    let known = Plan::shipped();
    let names = known.each_ref().map(|plan| plan.name.clone()).join(", ");
    let found = known.into_iter().find(|plan| plan.name == name);
    found.with_context(|| format!("there is no plan named '{name}': the plans are {names}"))
}

fn list(data: &DataOption) -> Result<()> {
    let control = tokens::open(data)?;
    for database in control.databases().wait()? {
        let DatabaseRecord { name, id, plan, limits, .. } = &database;
        let storage = limits.stored_bytes_max.map_or("unlimited".into(), |bytes| format!("{bytes} bytes"));
        let quota = limits.commands_per_day.map_or("unlimited".into(), |quota| format!("{quota} a day"));
        say(format_args!(
            "{name}  id {id}  plan {plan}  storage {storage}  commands {quota}  durability {}",
            limits.durability.name()
        ));
        list_tokens(&control, &database)?;
        list_users(&control, &database)?;
    }
    Ok(())
}

fn list_tokens(control: &Control, database: &DatabaseRecord) -> Result<()> {
    for token in control.tokens(database.id).wait()? {
        let grant = if token.read_only { "read-only" } else { "read and write" };
        let quota = token.commands_per_day.map_or(String::new(), |quota| format!("  {quota} a day"));
        let revoked = if token.revoked_at_ms.is_some() { "  revoked" } else { "" };
        say(format_args!("    token {}  {}  {grant}{quota}{revoked}", token.id, token.name));
    }
    Ok(())
}

fn list_users(control: &Control, database: &DatabaseRecord) -> Result<()> {
    for user in control.users(database.id).wait()? {
        say(format_args!("    user {}  {}", user.name, String::from_utf8_lossy(&user.rules)));
    }
    Ok(())
}

fn delete(options: &DbDelete) -> Result<()> {
    let control = tokens::open(&options.data)?;
    let database = tokens::database(&control, &options.name)?;
    if !options.yes {
        bail!("this deletes '{}' with all its keys and tokens, for good: say so with --yes", database.name);
    }
    control.delete_database(database.id).wait()?;
    tokens::let_server_see();
    say(format_args!("# deleted {} ({})", database.name, database.id));
    Ok(())
}
