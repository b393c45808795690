//! `MSET key value [key value …]`, `MSETNX key value [key value …]`

use bytes::Bytes;
use latchkey_keyspace::value::Text;
use latchkey_protocol::{Reply, ReplyError};

use crate::Arity::AtLeast;
use crate::Keys::Range;
use crate::{Args, Result, Spec, Write};

pub(super) const MSET: Spec = Spec::write("MSET", mset)
    .event("set")
    .summary("Sets the string values of several keys at once.")
    .since("1.0.1")
    .arity(AtLeast(3))
    .keys(Range { first: 1, last: -1, step: 2 })
    .grows()
    .example(
        r#"> MSET first 1 second two
OK
> GET second
"two""#,
    );

pub(super) const MSETNX: Spec = Spec::write("MSETNX", msetnx)
    .event("set")
    .summary("Sets the string values of several keys at once, unless any of them exists.")
    .since("1.0.1")
    .arity(AtLeast(3))
    .keys(Range { first: 1, last: -1, step: 2 })
    .grows()
    .example(
        r#"> MSETNX first 1 second two
(integer) 1
> MSETNX second 2 third 3
(integer) 0
> GET third
(nil)"#,
    );

fn mset(db: &mut Write<'_>, mut args: Args<'_>) -> Result {
    let pairs = pairs(db, args.rest(), "mset")?;
    put_all(db, pairs);
    Ok(Reply::OK)
}

fn msetnx(db: &mut Write<'_>, mut args: Args<'_>) -> Result {
    let pairs = pairs(db, args.rest(), "msetnx")?;
    if pairs.iter().any(|[key, _]| db.view().exists(key)) {
        return Ok(Reply::flag(false));
    }
    put_all(db, pairs);
    Ok(Reply::flag(true))
}

/// Keys with their values. Refuses a key without one, and values that are too long.
fn pairs<'a>(db: &Write<'_>, words: &'a [Bytes], name: &str) -> Result<&'a [[Bytes; 2]]> {
    let (pairs, []) = words.as_chunks() else { return Err(ReplyError::wrong_arity(name).into()) };
    pairs.iter().try_for_each(|[_, value]| db.check_text_len(value.len() as u64))?;
    Ok(pairs)
}

fn put_all(db: &mut Write<'_>, pairs: &[[Bytes; 2]]) {
    for [key, value] in pairs {
        db.put(key, Text::from(value.as_ref()));
    }
}
