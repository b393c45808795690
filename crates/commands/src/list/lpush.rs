//! `LPUSH key element [element …]` and `RPUSH key element [element …]`; `LPUSHX key element [element …]` and `RPUSHX
//! key element [element …]`, which only add to a list that exists.

use latchkey_keyspace::Str;
use latchkey_keyspace::value::list::End;
use latchkey_protocol::Reply;

use crate::Arity::AtLeast;
use crate::Keys::At;
use crate::{Args, Result, Spec, Write};

pub(super) const LPUSH: Spec = Spec::write("LPUSH", |db, args| push(db, args, End::Front))
    .summary(
        "Adds elements to the front of a list, one after the other. Creates the list if it doesn't exist.",
    )
    .since("1.0.0")
    .arity(AtLeast(3))
    .keys(At(1))
    .grows()
    .fast()
    .example(
        r#"> LPUSH queue a b
(integer) 2
> LRANGE queue 0 -1
1) "b"
2) "a""#,
    );

pub(super) const RPUSH: Spec = Spec::write("RPUSH", |db, args| push(db, args, End::Back))
    .summary("Adds elements to the end of a list, one after the other. Creates the list if it doesn't exist.")
    .since("1.0.0")
    .arity(AtLeast(3))
    .keys(At(1))
    .grows()
    .fast()
    .example(
        r#"> RPUSH queue a b
(integer) 2
> LRANGE queue 0 -1
1) "a"
2) "b""#,
    );

pub(super) const LPUSHX: Spec = Spec::write("LPUSHX", |db, args| push_existing(db, args, End::Front))
    .event("lpush")
    .summary("Adds elements to the front of a list if the list exists.")
    .since("2.2.0")
    .arity(AtLeast(3))
    .keys(At(1))
    .grows()
    .fast()
    .example(
        "> LPUSHX queue a
(integer) 0
> LPUSH queue a
(integer) 1
> LPUSHX queue b
(integer) 2",
    );

pub(super) const RPUSHX: Spec = Spec::write("RPUSHX", |db, args| push_existing(db, args, End::Back))
    .event("rpush")
    .summary("Adds elements to the end of a list if the list exists.")
    .since("2.2.0")
    .arity(AtLeast(3))
    .keys(At(1))
    .grows()
    .fast()
    .example(
        "> RPUSHX queue a
(integer) 0
> RPUSH queue a
(integer) 1
> RPUSHX queue b
(integer) 2",
    );

fn push(db: &mut Write<'_>, mut args: Args<'_>, end: End) -> Result {
    let mut list = db.list_or_new(args.key()?)?;
    list.push(end, args.rest().iter().map(Str::from).collect());
    Ok(Reply::count(list.len()))
}

fn push_existing(db: &mut Write<'_>, mut args: Args<'_>, end: End) -> Result {
    let Some(mut list) = db.list(args.key()?)? else { return Ok(Reply::Int(0)) };
    list.push(end, args.rest().iter().map(Str::from).collect());
    Ok(Reply::count(list.len()))
}
