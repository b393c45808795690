//! `INCR key`, `DECR key`, `INCRBY key increment`, `DECRBY key decrement`

use latchkey_keyspace::value::Text;
use latchkey_protocol::{Reply, ReplyError};

use crate::Arity::Exactly;
use crate::Keys::At;
use crate::{Args, Result, Spec, Write};

pub(super) const INCR: Spec = Spec::write("INCR", incr)
    .event("incrby")
    .summary("Adds one to the integer at a key. A key that doesn't exist counts as 0.")
    .since("1.0.0")
    .arity(Exactly(2))
    .keys(At(1))
    .grows()
    .fast()
    .example(
        r#"> INCR visits
(integer) 1
> INCR visits
(integer) 2
> GET visits
"2""#,
    );

pub(super) const DECR: Spec = Spec::write("DECR", decr)
    .event("incrby")
    .summary("Subtracts one from the integer at a key. A key that doesn't exist counts as 0.")
    .since("1.0.0")
    .arity(Exactly(2))
    .keys(At(1))
    .grows()
    .fast()
    .example("> SET seats 12\nOK\n> DECR seats\n(integer) 11");

pub(super) const INCRBY: Spec = Spec::write("INCRBY", incrby)
    .summary("Adds an integer to the integer at a key. A key that doesn't exist counts as 0.")
    .since("1.0.0")
    .arity(Exactly(3))
    .keys(At(1))
    .grows()
    .fast()
    .example("> SET points 10\nOK\n> INCRBY points 5\n(integer) 15");

pub(super) const DECRBY: Spec = Spec::write("DECRBY", decrby)
    .event("incrby")
    .summary("Subtracts an integer from the integer at a key. A key that doesn't exist counts as 0.")
    .since("1.0.0")
    .arity(Exactly(3))
    .keys(At(1))
    .grows()
    .fast()
    .example("> SET points 10\nOK\n> DECRBY points 3\n(integer) 7");

fn incr(db: &mut Write<'_>, mut args: Args<'_>) -> Result {
    add(db, args.key()?, 1)
}

fn decr(db: &mut Write<'_>, mut args: Args<'_>) -> Result {
    add(db, args.key()?, -1)
}

fn incrby(db: &mut Write<'_>, mut args: Args<'_>) -> Result {
    add(db, args.key()?, args.int()?)
}

fn decrby(db: &mut Write<'_>, mut args: Args<'_>) -> Result {
    let (key, decrement) = (args.key()?, args.int()?);
    let increment = decrement.checked_neg().ok_or(ReplyError::fixed("ERR decrement would overflow"))?;
    add(db, key, increment)
}

fn add(db: &mut Write<'_>, key: &[u8], increment: i64) -> Result {
    let old = match db.view().text(key)? {
        Some(text) => text.as_int().ok_or(ReplyError::NOT_AN_INTEGER)?,
        None => 0,
    };
    let sum = old.checked_add(increment).ok_or(ReplyError::OVERFLOW)?;
    db.put_keeping_deadline(key, Text::from(sum));
    Ok(Reply::Int(sum))
}
