//! `HTTL key FIELDS numfields field [field …]` and `HPTTL key FIELDS numfields field [field …]`: what is left to
//! fields, in seconds or milliseconds. `HEXPIRETIME key FIELDS numfields field [field …]` and `HPEXPIRETIME key FIELDS
//! numfields field [field …]`: the same as a time.

use latchkey_protocol::Reply;

use super::fields::{self, NO_DEADLINE, NO_FIELD, NOT_POSITIVE};
use crate::Arity::AtLeast;
use crate::Keys::At;
use crate::{Args, Read, Result, Spec};

pub(super) const HTTL: Spec = spec("HTTL", |db, args| {
    httl(db, args, |deadline_ms, now_ms| in_seconds(deadline_ms - now_ms))
})
.summary(
    "Returns the seconds until fields of a hash expire: -1 if one does not, -2 if there is no such field.",
)
.example(
    "> HSET session user ada token abc
(integer) 2
> HEXPIRE session 60 FIELDS 1 token
1) (integer) 1
> HTTL session FIELDS 3 token user nosuch
1) (integer) 60
2) (integer) -1
3) (integer) -2",
);

pub(super) const HPTTL: Spec =
    spec("HPTTL", |db, args| httl(db, args, |deadline_ms, now_ms| deadline_ms - now_ms))
        .summary(
            "Returns the milliseconds until fields of a hash expire: -1 if one does not, -2 if there is no such field.",
        )
        .example(
            "> HSET session token abc
(integer) 1
> HPEXPIRE session 1500 FIELDS 1 token
1) (integer) 1
> HPTTL session FIELDS 1 token
1) (integer) 1500",
        );

pub(super) const HEXPIRETIME: Spec =
    spec("HEXPIRETIME", |db, args| httl(db, args, |deadline_ms, _| in_seconds(deadline_ms)))
        .summary(
            "Returns the Unix timestamps at which fields of a hash expire: -1 if one does not, -2 if there is no such field.",
        )
        .example(
            "> HSET session token abc
(integer) 1
> HEXPIREAT session 4102444800 FIELDS 1 token
1) (integer) 1
> HEXPIRETIME session FIELDS 1 token
1) (integer) 4102444800",
        );

pub(super) const HPEXPIRETIME: Spec =
    spec("HPEXPIRETIME", |db, args| httl(db, args, |deadline_ms, _| deadline_ms))
        .summary(
            "Returns the Unix timestamps in milliseconds at which fields of a hash expire: -1 if one does not, -2 if there is no such field.",
        )
        .example(
            "> HSET session token abc
(integer) 1
> HPEXPIREAT session 4102444800123 FIELDS 1 token
1) (integer) 1
> HPEXPIRETIME session FIELDS 1 token
1) (integer) 4102444800123",
        );

/// What the four have in common.
const fn spec(name: &'static str, handler: fn(&mut Read<'_>, Args<'_>) -> Result) -> Spec {
    Spec::read(name, handler).since("7.4.0").arity(AtLeast(5)).keys(At(1)).fast()
}

/// Answers `form` of each deadline and the present, both in milliseconds since the epoch.
fn httl(db: &mut Read<'_>, mut args: Args<'_>, form: fn(i64, i64) -> i64) -> Result {
    let hash = db.hash(args.key()?)?;
    let fields = fields::listed(&mut args, NOT_POSITIVE)?;
    let answer = |field: &[u8]| match hash.and_then(|hash| hash.field(field, db.now())) {
        None => NO_FIELD,
        Some(field) => {
            field.expires_at_ms.map_or(NO_DEADLINE, |deadline_ms| form(deadline_ms, db.now().ms()))
        }
    };
    Ok(Reply::Array(fields.iter().map(|field| Reply::Int(answer(field))).collect()))
}

/// Rounds up to seconds. (TTL rounds to the nearest.)
fn in_seconds(ms: i64) -> i64 {
    ms.saturating_add(999) / 1000
}
