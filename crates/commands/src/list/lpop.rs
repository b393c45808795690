//! `LPOP key [count]` and `RPOP key [count]`

use latchkey_keyspace::value::list::End;
use latchkey_protocol::{Reply, ReplyError};

use crate::Arity::AtLeast;
use crate::Keys::At;
use crate::counts::count;
use crate::{Args, Cost, Result, Spec, Write};

pub(super) const LPOP: Spec = Spec::write("LPOP", |db, args| pop(db, args, End::Front, "lpop"))
    .summary("Removes and returns the first element of a list, or the first few.")
    .since("1.0.0")
    .arity(AtLeast(2))
    .keys(At(1))
    .cost(Cost::Values)
    .fast()
    .example(
        r#"> RPUSH queue a b c d
(integer) 4
> LPOP queue
"a"
> LPOP queue 2
1) "b"
2) "c""#,
    );

pub(super) const RPOP: Spec = Spec::write("RPOP", |db, args| pop(db, args, End::Back, "rpop"))
    .summary("Removes and returns the last element of a list, or the last few, last first.")
    .since("1.0.0")
    .arity(AtLeast(2))
    .keys(At(1))
    .cost(Cost::Values)
    .fast()
    .example(
        r#"> RPUSH queue a b c d
(integer) 4
> RPOP queue
"d"
> RPOP queue 2
1) "c"
2) "b""#,
    );

fn pop(db: &mut Write<'_>, mut args: Args<'_>, end: End, name: &str) -> Result {
    let key = args.key()?;
    match args.len() {
        0 => pop_one(db, key, end),
        1 => pop_many(db, key, end, count(&mut args, 0, ReplyError::MUST_BE_POSITIVE)?),
        _ => Err(ReplyError::wrong_arity(name).into()),
    }
}

fn pop_one(db: &mut Write<'_>, key: &[u8], end: End) -> Result {
    let popped = db.list(key)?.and_then(|mut list| list.pop(end, 1).pop());
    Ok(Reply::or_null(popped.map(|item| Reply::Bulk(item.to_bytes()))))
}

fn pop_many(db: &mut Write<'_>, key: &[u8], end: End, count: usize) -> Result {
    let Some(mut list) = db.list(key)? else { return Ok(Reply::NullArray) };
    Ok(super::array(list.pop(end, count).iter()))
}
