//! `SETEX key seconds value`, `PSETEX key milliseconds value`, `SETNX key value`: older spellings of SET's options.

use latchkey_keyspace::value::Text;
use latchkey_protocol::Reply;

use crate::Arity::Exactly;
use crate::Keys::At;
use crate::deadline::Unit;
use crate::{Args, Result, Spec, Write};

pub(super) const SETEX: Spec = Spec::write("SETEX", setex)
    .event("set")
    .summary("Sets the string value of a key, with a deadline so many seconds from now.")
    .since("2.0.0")
    .arity(Exactly(4))
    .keys(At(1))
    .grows()
    .example(
        r#"> SETEX session 60 abc
OK
> GET session
"abc""#,
    );

pub(super) const PSETEX: Spec = Spec::write("PSETEX", psetex)
    .event("set")
    .summary("Sets the string value of a key, with a deadline so many milliseconds from now.")
    .since("2.6.0")
    .arity(Exactly(4))
    .keys(At(1))
    .grows()
    .example(
        r#"> PSETEX session 1500 abc
OK
> GET session
"abc""#,
    );

pub(super) const SETNX: Spec = Spec::write("SETNX", setnx)
    .event("set")
    .summary("Sets the string value of a key unless the key exists.")
    .since("1.0.0")
    .arity(Exactly(3))
    .keys(At(1))
    .grows()
    .fast()
    .example(
        r#"> SETNX lock ann
(integer) 1
> SETNX lock bob
(integer) 0
> GET lock
"ann""#,
    );

fn setex(db: &mut Write<'_>, args: Args<'_>) -> Result {
    put_for(db, args, Unit::Seconds, "setex")
}

fn psetex(db: &mut Write<'_>, args: Args<'_>) -> Result {
    put_for(db, args, Unit::Milliseconds, "psetex")
}

fn put_for(db: &mut Write<'_>, mut args: Args<'_>, unit: Unit, name: &str) -> Result {
    let key = args.key()?;
    let deadline_ms = unit.positive_deadline_ms(&mut args, db.now(), name)?;
    let value = args.next()?;
    db.check_text_len(value.len() as u64)?;
    db.put_with(key, Text::from(value), Some(deadline_ms));
    Ok(Reply::OK)
}

fn setnx(db: &mut Write<'_>, mut args: Args<'_>) -> Result {
    let (key, value) = (args.key()?, args.next()?);
    db.check_text_len(value.len() as u64)?;
    if db.view().exists(key) {
        return Ok(Reply::flag(false));
    }
    db.put(key, Text::from(value));
    Ok(Reply::flag(true))
}
