//! `ZSCAN key cursor [MATCH pattern] [COUNT count]`

use latchkey_protocol::{Reply, number};

use super::reply;
use crate::Arity::AtLeast;
use crate::Keys::At;
use crate::scanning::{self, Filter};
use crate::{Args, Cost, Read, Result, Spec};

pub(super) const ZSCAN: Spec = Spec::read("ZSCAN", zscan)
    .summary("Iterates over the members and scores of a sorted set, some at a time.")
    .since("2.8.0")
    .arity(AtLeast(3))
    .keys(At(1))
    .cost(Cost::Values)
    .example(
        r#"> ZADD board 10 ann 20 bob 30 abe
(integer) 3
> ZSCAN board 0 MATCH a*
1) "0"
2) 1) "ann"
   2) "10"
   3) "abe"
   4) "30""#,
    );

/// The reply is flat, and its scores are text, in every dialect. What is not there is not looked at further, so its
/// options may be wrong.
fn zscan(db: &mut Read<'_>, mut args: Args<'_>) -> Result {
    let key = args.key()?;
    let cursor = scanning::cursor(args.next()?)?;
    let Some(set) = db.sorted_set(key)? else { return Ok(scanning::reply(0, Vec::new())) };
    let mut filter = Filter::ALL;
    while !args.is_empty() {
        if !filter.option(&mut args)? {
            args.done()?;
        }
    }
    let mut found = Vec::new();
    let next = set.scan(cursor, filter.count, &mut |member, score| {
        if filter.accepts(member) {
            found.extend([reply::member(member), Reply::bulk(number::format_double(score))]);
        }
    });
    Ok(scanning::reply(next, found))
}
