//! `EXPIRE key seconds [NX | XX | GT | LT]`, `PEXPIRE key milliseconds [NX | XX | GT | LT]`, `EXPIREAT key
//! unix-time-seconds [NX | XX | GT | LT]`, `PEXPIREAT key unix-time-milliseconds [NX | XX | GT | LT]`

use latchkey_keyspace::Entry;
use latchkey_protocol::{Reply, ReplyError};

use crate::Arity::AtLeast;
use crate::Keys::At;
use crate::call::printable;
use crate::deadline::Unit;
use crate::{Args, Result, Spec, Write};

pub(super) const EXPIRE: Spec = spec("EXPIRE", |db, args| expire(db, args, Unit::Seconds, "expire"))
    .summary("Sets the expiration time of a key in seconds.")
    .since("1.0.0")
    .example(
        "> SET session abc
OK
> EXPIRE session 60
(integer) 1
> EXPIRE session 30 GT
(integer) 0
> TTL session
(integer) 60",
    );

pub(super) const PEXPIRE: Spec = spec("PEXPIRE", |db, args| expire(db, args, Unit::Milliseconds, "pexpire"))
    .summary("Sets the expiration time of a key in milliseconds.")
    .since("2.6.0")
    .example(
        "> SET session abc
OK
> PEXPIRE session 1500
(integer) 1
> PTTL session
(integer) 1500",
    );

pub(super) const EXPIREAT: Spec =
    spec("EXPIREAT", |db, args| expire(db, args, Unit::UnixSeconds, "expireat"))
        .summary("Sets the expiration time of a key to a Unix timestamp.")
        .since("1.2.0")
        .example(
            "> SET session abc
OK
> EXPIREAT session 4102444800
(integer) 1
> EXPIRETIME session
(integer) 4102444800",
        );

pub(super) const PEXPIREAT: Spec =
    spec("PEXPIREAT", |db, args| expire(db, args, Unit::UnixMilliseconds, "pexpireat"))
        .summary("Sets the expiration time of a key to a Unix timestamp in milliseconds.")
        .since("2.6.0")
        .example(
            "> SET session abc
OK
> PEXPIREAT session 4102444800123
(integer) 1
> PEXPIRETIME session
(integer) 4102444800123",
        );

/// What the four have in common. A deadline counts as stored bytes, but it brings the end of others nearer: a full
/// database takes it.
const fn spec(name: &'static str, handler: fn(&mut Write<'_>, Args<'_>) -> Result) -> Spec {
    Spec::write(name, handler).arity(AtLeast(3)).keys(At(1)).fast()
}

fn expire(db: &mut Write<'_>, mut args: Args<'_>, unit: Unit, name: &str) -> Result {
    let (key, amount) = (args.key()?, args.next()?);
    let conditions = Conditions::parse(&mut args)?;
    let amount = crate::int(amount)?;
    let deadline_ms = unit.deadline_ms(amount, db.now()).ok_or_else(|| ReplyError::invalid_expire(name))?;
    db.view().value(key); // as in Redis, this counts as use, whatever comes of it
    let holds = db.view().peek(key).is_some_and(|entry| conditions.hold(deadline_ms, entry));
    Ok(Reply::flag(holds && db.set_deadline(key, Some(deadline_ms))))
}

/// When to set the deadline at all.
#[derive(Default)]
struct Conditions {
    /// Only where there is none.
    nx: bool,
    /// Only where there is one.
    xx: bool,
    /// Only to a later one. No deadline is later than any.
    gt: bool,
    /// Only to an earlier one.
    lt: bool,
}

impl Conditions {
    fn parse(args: &mut Args<'_>) -> Result<Self> {
        let mut conditions = Self::default();
        while !args.is_empty() {
            *conditions.named(args)? = true;
        }
        conditions.check()?;
        Ok(conditions)
    }

    fn named(&mut self, args: &mut Args<'_>) -> Result<&mut bool> {
        let flags = [("NX", &mut self.nx), ("XX", &mut self.xx), ("GT", &mut self.gt), ("LT", &mut self.lt)];
        match flags.into_iter().find(|(name, _)| args.option(name)) {
            Some((_, flag)) => Ok(flag),
            None => Err(unsupported(args.next()?).into()),
        }
    }

    fn check(&self) -> Result<()> {
        let text = if self.nx && (self.xx || self.gt || self.lt) {
            "ERR NX and XX, GT or LT options at the same time are not compatible"
        } else if self.gt && self.lt {
            "ERR GT and LT options at the same time are not compatible"
        } else {
            return Ok(());
        };
        Err(ReplyError::fixed(text).into())
    }

    fn hold(&self, deadline_ms: i64, entry: &Entry) -> bool {
        match entry.expires_at_ms() {
            None => !self.xx && !self.gt,
            Some(old_ms) => {
                !self.nx && (!self.gt || deadline_ms > old_ms) && (!self.lt || deadline_ms < old_ms)
            }
        }
    }
}

fn unsupported(option: &[u8]) -> ReplyError {
    ReplyError::new(format!("ERR Unsupported option {}", printable(option)))
}
