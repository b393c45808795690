//! `ZMPOP numkeys key [key …] MIN | MAX [COUNT count]`, `BZMPOP timeout numkeys key [key …] MIN | MAX [COUNT count]`

use bytes::Bytes;
use latchkey_keyspace::Str;
use latchkey_protocol::{Reply, ReplyError, number};

use super::reply;
use super::zpopmin::End;
use crate::Arity::AtLeast;
use crate::Keys::Counted;
use crate::{Args, Category, Cost, Result, Spec, Waits, Wanted, Write, waiting};

pub(super) const ZMPOP: Spec = Spec::write("ZMPOP", zmpop)
    .summary("Removes members with the lowest or highest scores from the first sorted set that has any, and returns them.")
    .since("7.0.0")
    .arity(AtLeast(4))
    .keys(Counted { at: 1 })
    .cost(Cost::Values)
    .example(
        r#"> ZADD board 10 ann 20 bob 30 cleo
(integer) 3
> ZMPOP 2 nobody board MIN COUNT 2
1) "board"
2) 1) 1) "ann"
      2) "10"
   2) 1) "bob"
      2) "20"
> ZMPOP 1 nobody MAX
(nil)"#,
    );

pub(super) const BZMPOP: Spec = Spec::write("BZMPOP", bzmpop)
    .summary("As ZMPOP, but waits for a member if there is none, so many seconds at most; 0 is for ever.")
    .since("7.0.0")
    .arity(AtLeast(5))
    .keys(Counted { at: 2 })
    .cost(Cost::Values)
    .waits(Waits::new(Wanted::SortedSet, waiting::seconds_at_start))
    .category(Category::Blocking)
    .example(
        r#"> ZADD board 10 ann 20 bob
(integer) 2
> BZMPOP 0.5 2 nobody board MIN
1) "board"
2) 1) 1) "ann"
      2) "10""#,
    );

const NO_KEYS: ReplyError = ReplyError::fixed("ERR numkeys should be greater than 0");
const NO_COUNT: ReplyError = ReplyError::fixed("ERR count should be greater than 0");

fn zmpop(db: &mut Write<'_>, args: Args<'_>) -> Result {
    pop(db, args, None)
}

fn bzmpop(db: &mut Write<'_>, mut args: Args<'_>) -> Result {
    let timeout = args.next()?;
    pop(db, args, Some(timeout))
}

/// The timeout is looked at last.
fn pop(db: &mut Write<'_>, mut args: Args<'_>, timeout: Option<&[u8]>) -> Result {
    let count = positive(&mut args, NO_KEYS)?;
    let keys = args.take(count)?;
    let end = end(&mut args)?;
    let count = if args.option("COUNT") { positive(&mut args, NO_COUNT)? } else { 1 };
    args.done()?;
    timeout.map(|timeout| waiting::seconds(timeout, db.now())).transpose()?;
    db.call_it(if end == End::Lowest { "zpopmin" } else { "zpopmax" });
    for key in keys {
        if let Some(mut set) = db.sorted_set(key)? {
            return Ok(popped(key, &end.pop(&mut set, count)));
        }
    }
    Ok(Reply::NullArray)
}

/// The pairs are nested in every dialect.
fn popped(key: &Bytes, pairs: &[(Str, f64)]) -> Reply {
    let pair =
        |(member, score): &(Str, f64)| Reply::Array(vec![reply::member(member), Reply::Double(*score)]);
    Reply::Array(vec![Reply::Bulk(key.clone()), Reply::Array(pairs.iter().map(pair).collect())])
}

fn end(args: &mut Args<'_>) -> Result<End> {
    if args.option("MIN") {
        Ok(End::Lowest)
    } else if args.option("MAX") {
        Ok(End::Highest)
    } else {
        Err(ReplyError::SYNTAX.into())
    }
}

/// A number that has to be 1 or more; one refusal for all that is not.
fn positive(args: &mut Args<'_>, refusal: ReplyError) -> Result<usize> {
    let number = number::parse_i64(args.next()?).filter(|&number| number > 0).ok_or(refusal)?;
    Ok(usize::try_from(number).unwrap_or(usize::MAX))
}
