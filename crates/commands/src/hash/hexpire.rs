//! `HEXPIRE key seconds [NX | XX | GT | LT] FIELDS numfields field [field …]`, `HPEXPIRE key milliseconds [NX | XX |
//! GT | LT] FIELDS numfields field [field …]`, `HEXPIREAT key unix-time-seconds [NX | XX | GT | LT] FIELDS numfields
//! field [field …]`, `HPEXPIREAT key unix-time-milliseconds [NX | XX | GT | LT] FIELDS numfields field [field …]`

use latchkey_keyspace::Open;
use latchkey_keyspace::value::Hash;
use latchkey_protocol::{Reply, ReplyError};

use super::fields::{self, NO_FIELD};
use crate::Arity::AtLeast;
use crate::Keys::At;
use crate::deadline::Unit;
use crate::{Args, Result, Spec, Write};

pub(super) const HEXPIRE: Spec = spec("HEXPIRE", |db, args| hexpire(db, args, Unit::Seconds, "hexpire"))
    .summary("Sets the expiration time of fields of a hash in seconds.")
    .example(
        "> HSET session user ada token abc
(integer) 2
> HEXPIRE session 60 FIELDS 2 token nosuch
1) (integer) 1
2) (integer) -2
> HEXPIRE session 30 GT FIELDS 1 token
1) (integer) 0
> HTTL session FIELDS 2 token user
1) (integer) 60
2) (integer) -1",
    );

pub(super) const HPEXPIRE: Spec =
    spec("HPEXPIRE", |db, args| hexpire(db, args, Unit::Milliseconds, "hpexpire"))
        .summary("Sets the expiration time of fields of a hash in milliseconds.")
        .example(
            "> HSET session token abc
(integer) 1
> HPEXPIRE session 1500 FIELDS 1 token
1) (integer) 1
> HPTTL session FIELDS 1 token
1) (integer) 1500",
        );

pub(super) const HEXPIREAT: Spec =
    spec("HEXPIREAT", |db, args| hexpire(db, args, Unit::UnixSeconds, "hexpireat"))
        .summary("Sets the expiration time of fields of a hash to a Unix timestamp.")
        .example(
            "> HSET session token abc
(integer) 1
> HEXPIREAT session 4102444800 FIELDS 1 token
1) (integer) 1
> HEXPIRETIME session FIELDS 1 token
1) (integer) 4102444800",
        );

pub(super) const HPEXPIREAT: Spec =
    spec("HPEXPIREAT", |db, args| hexpire(db, args, Unit::UnixMilliseconds, "hpexpireat"))
        .summary("Sets the expiration time of fields of a hash to a Unix timestamp in milliseconds.")
        .example(
            "> HSET session token abc
(integer) 1
> HPEXPIREAT session 4102444800123 FIELDS 1 token
1) (integer) 1
> HPEXPIRETIME session FIELDS 1 token
1) (integer) 4102444800123",
        );

/// What the four have in common. A deadline is stored with the field, so they can make the database larger.
const fn spec(name: &'static str, handler: fn(&mut Write<'_>, Args<'_>) -> Result) -> Spec {
    Spec::write(name, handler).event("hexpire").since("7.4.0").arity(AtLeast(6)).keys(At(1)).grows().fast()
}

fn hexpire(db: &mut Write<'_>, mut args: Args<'_>, unit: Unit, name: &str) -> Result {
    const NOT_POSITIVE: ReplyError = ReplyError::fixed("ERR Parameter `numFields` should be greater than 0");
    let key = args.key()?;
    db.view().hash(key)?; // as in Redis, another type is refused before the arguments are looked at
    let deadline_ms = fields::deadline_ms(&mut args, unit, db.now(), name)?;
    let condition = Condition::option(&mut args);
    let fields = fields::listed(&mut args, NOT_POSITIVE)?;
    let mut hash = db.hash(key)?;
    let mut set = |field: &[u8]| match &mut hash {
        Some(hash) => set_deadline(hash, field, deadline_ms, condition),
        None => Outcome::NoField,
    };
    Ok(Reply::Array(fields.iter().map(|field| Reply::Int(set(field) as i64)).collect()))
}

/// What became of a field, in the numbers that clients see.
#[derive(Clone, Copy)]
enum Outcome {
    NoField = NO_FIELD as isize,
    ConditionNotMet = 0,
    Set = 1,
    Removed = 2,
}

/// Sets the deadline of a field. One that has passed removes it.
fn set_deadline(
    hash: &mut Open<'_, Hash>,
    field: &[u8],
    deadline_ms: i64,
    condition: Option<Condition>,
) -> Outcome {
    let Some(old) = hash.field(field, hash.now()) else { return Outcome::NoField };
    if !condition.is_none_or(|condition| condition.holds(old.expires_at_ms, deadline_ms)) {
        return Outcome::ConditionNotMet;
    }
    if deadline_ms <= hash.now().ms() {
        hash.call_it("hdel");
        hash.remove(field);
        return Outcome::Removed;
    }
    hash.set_deadline(field, Some(deadline_ms));
    Outcome::Set
}

/// When to set a deadline at all.
#[derive(Clone, Copy)]
enum Condition {
    /// Where there is none.
    Absent,
    /// Where there is one.
    Present,
    /// Where there is an earlier one. No deadline is later than any.
    Later,
    /// Where there is a later one, or none.
    Earlier,
}

impl Condition {
    fn option(args: &mut Args<'_>) -> Option<Self> {
        let names = [("NX", Self::Absent), ("XX", Self::Present), ("GT", Self::Later), ("LT", Self::Earlier)];
        names.into_iter().find(|(name, _)| args.option(name)).map(|(_, condition)| condition)
    }

    fn holds(self, old_ms: Option<i64>, new_ms: i64) -> bool {
        match (self, old_ms) {
            (Self::Absent | Self::Earlier, None) | (Self::Present, Some(_)) => true,
            (Self::Present | Self::Later, None) | (Self::Absent, Some(_)) => false,
            (Self::Later, Some(old_ms)) => new_ms > old_ms,
            (Self::Earlier, Some(old_ms)) => new_ms < old_ms,
        }
    }
}
