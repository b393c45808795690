//! `BLPOP key [key …] timeout`, `BRPOP key [key …] timeout`

use latchkey_keyspace::value::list::End;
use latchkey_protocol::{Reply, ReplyError};

use crate::Arity::AtLeast;
use crate::Keys::Range;
use crate::{Args, Category, Result, Spec, Waits, Wanted, Write, waiting};

pub(super) const BLPOP: Spec = Spec::write("BLPOP", |db, args| pop_first(db, args, End::Front))
    .summary(
        "Removes and returns the first element of the first list that exists among several. Waits for one if there is \
         none, so many seconds at most; 0 is for ever.",
    )
    .since("2.0.0")
    .arity(AtLeast(3))
    .keys(Range { first: 1, last: -2, step: 1 })
    .event("lpop")
    .no_script()
    .waits(Waits::new(Wanted::List, waiting::seconds_at_end))
    .category(Category::Blocking)
    .example(
        r#"> RPUSH later a b c
(integer) 3
> BLPOP now later 0.5
1) "later"
2) "a""#,
    );

pub(super) const BRPOP: Spec = Spec::write("BRPOP", |db, args| pop_first(db, args, End::Back))
    .summary(
        "Removes and returns the last element of the first list that exists among several. Waits for one if there is \
         none, so many seconds at most; 0 is for ever.",
    )
    .since("2.0.0")
    .arity(AtLeast(3))
    .keys(Range { first: 1, last: -2, step: 1 })
    .event("rpop")
    .no_script()
    .waits(Waits::new(Wanted::List, waiting::seconds_at_end))
    .category(Category::Blocking)
    .example(
        r#"> RPUSH later a b c
(integer) 3
> BRPOP now later 0.5
1) "later"
2) "c""#,
    );

fn pop_first(db: &mut Write<'_>, mut args: Args<'_>, end: End) -> Result {
    let (timeout, keys) = args.rest().split_last().ok_or(ReplyError::SYNTAX)?;
    waiting::seconds(timeout, db.now())?;
    for key in keys {
        if let Some(item) = db.list(key)?.and_then(|mut list| list.pop(end, 1).pop()) {
            return Ok(Reply::Array(vec![Reply::Bulk(key.clone()), Reply::Bulk(item.to_bytes())]));
        }
    }
    Ok(Reply::NullArray)
}
