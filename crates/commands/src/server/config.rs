//! `CONFIG GET parameter [parameter …]`, `CONFIG SET parameter value [parameter value …]`

use bytes::Bytes;
use latchkey_keyspace::collections::glob;
use latchkey_protocol::{Reply, ReplyError};

use crate::Arity::AtLeast;
use crate::call::printable;
use crate::{Args, Category, Notify, Result, Server, Spec};

pub(super) const CONFIG: Spec = Spec::container("CONFIG", &[GET, SET])
    .summary("Holds commands about the database's configuration.")
    .since("2.0.0");

const GET: Spec = Spec::server("GET", get)
    .summary("Returns parameters whose names match a pattern, with their values.")
    .since("2.0.0")
    .arity(AtLeast(3))
    .no_script()
    .category(Category::Admin)
    .category(Category::Dangerous)
    .example(
        r#"> CONFIG SET notify-keyspace-events KEA
OK
> CONFIG GET notify-*
1) "notify-keyspace-events"
2) "AKE"
> CONFIG GET maxmemory
(empty array)"#,
    );

const SET: Spec = Spec::server("SET", set)
    .summary("Sets parameters.")
    .since("2.0.0")
    .arity(AtLeast(4))
    .no_script()
    .category(Category::Admin)
    .category(Category::Dangerous)
    .example(
        r#"> CONFIG SET notify-keyspace-events Kx
OK
> CONFIG GET notify-keyspace-events
1) "notify-keyspace-events"
2) "xK""#,
    );

/// The only parameter that there is.
const NOTIFY: &str = "notify-keyspace-events";

/// A flat array in RESP3 too, as with Upstash.
fn get(db: &mut Server<'_>, mut args: Args<'_>) -> Result {
    let asked = args.rest().iter().any(|pattern| glob::matches(pattern, NOTIFY.as_bytes(), true));
    let pair = || vec![Reply::bulk(NOTIFY), Reply::bulk(db.settings.notify_keyspace_events.to_string())];
    Ok(Reply::Array(if asked { pair() } else { Vec::new() }))
}

/// From left to right: what comes before an error stays set, as with Upstash.
fn set(db: &mut Server<'_>, mut args: Args<'_>) -> Result {
    let (pairs, []) = args.rest().as_chunks() else { return Err(ReplyError::SYNTAX.into()) };
    for [name, value] in pairs {
        set_one(db, name, value)?;
    }
    Ok(Reply::OK)
}

fn set_one(db: &mut Server<'_>, name: &Bytes, flags: &Bytes) -> Result<()> {
    if !name.eq_ignore_ascii_case(NOTIFY.as_bytes()) {
        let name = printable(name);
        let text = format!("ERR Unknown option or number of arguments for CONFIG SET - '{name}'");
        return Err(ReplyError::new(text).into());
    }
    let invalid = ReplyError::fixed(
        "ERR CONFIG SET failed (possibly related to argument 'notify-keyspace-events') - \
         Invalid event class character. Use 'Ag$lshzxeKEtmdn'.",
    );
    db.settings.notify_keyspace_events = Notify::parse(flags).ok_or(invalid)?;
    Ok(())
}
