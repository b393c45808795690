//! `HSET key field value [field value …]`, and `HMSET key field value [field value …]`, which answers OK.

use latchkey_protocol::{Reply, ReplyError};

use crate::Arity::AtLeast;
use crate::Keys::At;
use crate::{Args, Result, Spec, Write};

pub(super) const HSET: Spec = spec("HSET", |db, args| hset(db, args, "hset").map(Reply::count))
    .summary("Sets fields of a hash, and returns how many of them are new. A deadline of a field goes.")
    .example(
        r#"> HSET user name Ada age 36
(integer) 2
> HSET user age 37 city London
(integer) 1
> HGET user age
"37""#,
    );

pub(super) const HMSET: Spec = spec("HMSET", |db, args| hset(db, args, "hmset").map(|_| Reply::OK))
    .summary("Sets fields of a hash, as HSET does, and returns OK.")
    .example(
        r#"> HMSET user name Ada age 36
OK
> HMGET user name age
1) "Ada"
2) "36""#,
    );

/// What the two have in common.
const fn spec(name: &'static str, handler: fn(&mut Write<'_>, Args<'_>) -> Result) -> Spec {
    Spec::write(name, handler).event("hset").since("2.0.0").arity(AtLeast(4)).keys(At(1)).grows().fast()
}

/// How many fields are new.
fn hset(db: &mut Write<'_>, mut args: Args<'_>, name: &str) -> Result<usize> {
    let key = args.key()?;
    let (pairs, []) = args.rest().as_chunks() else { return Err(ReplyError::wrong_arity(name).into()) };
    let mut hash = db.hash_or_new(key)?;
    Ok(pairs.iter().filter(|[field, value]| hash.put(field, value, None)).count())
}
