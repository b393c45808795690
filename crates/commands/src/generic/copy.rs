//! `COPY source destination [DB destination-db] [REPLACE]`

use latchkey_keyspace::{Class, Entry};
use latchkey_protocol::{Reply, ReplyError};

use crate::Arity::AtLeast;
use crate::Keys::Pair;
use crate::{Args, Cost, Result, Spec, Write};

pub(super) const COPY: Spec = Spec::write("COPY", copy)
    .event_of(Class::Generic, "copy_to")
    .summary("Copies the value of a key, and its expiration time, to another key.")
    .since("6.2.0")
    .arity(AtLeast(3))
    .keys(Pair { moves: false })
    .grows_freely()
    .cost(Cost::Values)
    .example(
        r#"> SET original hello
OK
> COPY original copy
(integer) 1
> COPY original copy
(integer) 0
> COPY original copy REPLACE
(integer) 1
> GET copy
"hello""#,
    );

fn copy(db: &mut Write<'_>, mut args: Args<'_>) -> Result {
    let (source, destination) = (args.key()?, args.key()?);
    let replace = parse_options(&mut args)?;
    if source == destination {
        return Err(ReplyError::fixed("ERR source and destination objects are the same").into());
    }
    let view = db.view();
    let Some(value) = view.value(source).cloned() else { return Ok(Reply::Int(0)) };
    let expires_at_ms = view.peek(source).and_then(Entry::expires_at_ms);
    if view.exists(destination) && !replace {
        return Ok(Reply::Int(0));
    }
    if view.exists(destination) {
        db.tell(Class::New, "new", destination); // as in Redis, which removes it first
    }
    db.put_until(destination, value, expires_at_ms);
    Ok(Reply::Int(1))
}

/// Whether REPLACE is among the options.
fn parse_options(args: &mut Args<'_>) -> Result<bool> {
    let mut replace = false;
    while !args.is_empty() {
        if args.option("REPLACE") {
            replace = true;
        } else if args.option("DB") {
            check_database(args.int()?)?;
        } else {
            return Err(ReplyError::SYNTAX.into());
        }
    }
    Ok(replace)
}

/// There is only database 0.
fn check_database(index: i64) -> Result<()> {
    match index {
        0 => Ok(()),
        _ => Err(ReplyError::fixed("ERR DB index is out of range").into()),
    }
}
