//! `TTL key` and `PTTL key`: what is left to a key, in seconds or milliseconds. `EXPIRETIME key` and `PEXPIRETIME
//! key`: the same as a time.

use latchkey_protocol::Reply;

use crate::Arity::Exactly;
use crate::Keys::At;
use crate::{Args, Read, Result, Spec};

pub(super) const TTL: Spec = spec("TTL", |db, args| remaining_ms(db, args).map(in_seconds))
    .summary("Returns the seconds until a key expires: -1 if it does not, -2 if there is no such key.")
    .since("1.0.0")
    .example(
        "> TTL session
(integer) -2
> SET session abc
OK
> TTL session
(integer) -1
> EXPIRE session 60
(integer) 1
> TTL session
(integer) 60",
    );

pub(super) const PTTL: Spec = spec("PTTL", |db, args| remaining_ms(db, args).map(Reply::Int))
    .summary("Returns the milliseconds until a key expires: -1 if it does not, -2 if there is no such key.")
    .since("2.6.0")
    .example(
        "> SET session abc PX 1500
OK
> PTTL session
(integer) 1500",
    );

pub(super) const EXPIRETIME: Spec = spec("EXPIRETIME", |db, args| deadline_ms(db, args).map(in_seconds))
    .summary("Returns the Unix time at which a key expires: -1 if it does not, -2 if there is no such key.")
    .since("7.0.0")
    .example(
        "> SET session abc EXAT 4102444800
OK
> EXPIRETIME session
(integer) 4102444800",
    );

pub(super) const PEXPIRETIME: Spec = spec("PEXPIRETIME", |db, args| deadline_ms(db, args).map(Reply::Int))
    .summary("Returns the Unix time in milliseconds at which a key expires: -1 or -2 as EXPIRETIME.")
    .since("7.0.0")
    .example(
        "> SET session abc PXAT 4102444800123
OK
> PEXPIRETIME session
(integer) 4102444800123",
    );

const fn spec(name: &'static str, handler: fn(&mut Read<'_>, Args<'_>) -> Result) -> Spec {
    Spec::read(name, handler).arity(Exactly(2)).keys(At(1)).fast()
}

/// The answer for a key without a deadline.
const NO_DEADLINE: i64 = -1;
/// The answer for a key that does not exist.
const NO_KEY: i64 = -2;

fn deadline_ms(db: &mut Read<'_>, mut args: Args<'_>) -> Result<i64> {
    let entry = db.look(args.key()?);
    Ok(entry.map_or(NO_KEY, |entry| entry.expires_at_ms().unwrap_or(NO_DEADLINE)))
}

fn remaining_ms(db: &mut Read<'_>, args: Args<'_>) -> Result<i64> {
    let deadline_ms = deadline_ms(db, args)?;
    Ok(if deadline_ms < 0 { deadline_ms } else { deadline_ms - db.now().ms() })
}

/// Rounds to the nearest second, as Redis does: a key set with `EX 10` answers 10 for its first half second.
fn in_seconds(ms: i64) -> Reply {
    Reply::Int(if ms < 0 { ms } else { ms.saturating_add(500) / 1000 })
}
