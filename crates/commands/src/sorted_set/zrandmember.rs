//! `ZRANDMEMBER key [count [WITHSCORES]]`

use std::collections::BTreeSet;

use fastrand::Rng;
use latchkey_keyspace::value::SortedSet;
use latchkey_protocol::{Reply, ReplyError};

use super::reply;
use crate::Arity::AtLeast;
use crate::Keys::At;
use crate::{Args, Cost, Read, Result, Spec};

pub(super) const ZRANDMEMBER: Spec = Spec::read("ZRANDMEMBER", zrandmember)
    .summary("Returns random members of a sorted set: so many different ones, or if the count is negative, so many draws.")
    .since("6.2.0")
    .arity(AtLeast(2))
    .keys(At(1))
    .cost(Cost::Values)
    .example(
        r#"> ZADD dice 6 six
(integer) 1
> ZRANDMEMBER dice
"six"
> ZRANDMEMBER dice -2 WITHSCORES
1) "six"
2) "6"
3) "six"
4) "6""#,
    );

/// A negative count may ask for no more draws: they need not exist, so nothing else bounds the reply.
const DRAWS_MAX: u64 = 1_000_000;

const TOO_SMALL: ReplyError = ReplyError::fixed(
    "ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807",
);
const TOO_MANY_DRAWS: ReplyError = ReplyError::fixed("ERR value is out of range");

fn zrandmember(db: &mut Read<'_>, mut args: Args<'_>) -> Result {
    let key = args.key()?;
    if args.is_empty() {
        let set = db.sorted_set(key)?;
        let drawn = set.and_then(|set| set.at(db.chance.usize(..set.len())));
        return Ok(Reply::or_null(drawn.map(|(member, _)| reply::member(member))));
    }
    let count = args.int()?;
    if count == i64::MIN {
        return Err(TOO_SMALL.into());
    }
    let with_scores = args.option("WITHSCORES");
    args.done()?;
    check(count, with_scores)?;
    let set = db.sorted_set(key)?;
    let ranks = set.map_or_else(Vec::new, |set| draw(db.chance, count, set));
    let drawn = set.into_iter().flat_map(|set| ranks.iter().filter_map(|&rank| set.at(rank)));
    Ok(reply::members(drawn, with_scores))
}

/// With scores a reply has twice the elements, so Redis allows half the count.
fn check(count: i64, with_scores: bool) -> Result<()> {
    let too_many_draws = count < 0 && count.unsigned_abs() > DRAWS_MAX;
    let too_many_elements = with_scores && count > i64::MAX / 2;
    if too_many_draws || too_many_elements { Err(TOO_MANY_DRAWS.into()) } else { Ok(()) }
}

/// Draws ranks: as often as a negative count says, or so many different ones, in order.
fn draw(chance: &mut Rng, count: i64, set: &SortedSet) -> Vec<usize> {
    let len = set.len();
    let wanted = usize::try_from(count.unsigned_abs()).unwrap_or(usize::MAX);
    if count < 0 {
        return (0..wanted).map(|_| chance.usize(..len)).collect();
    }
    if wanted >= len {
        return (0..len).collect();
    }
    // Floyd's way: each step widens the choice by one rank, and takes that one if its draw is taken already.
    let mut ranks = BTreeSet::new();
    for widest in len - wanted..len {
        if !ranks.insert(chance.usize(..=widest)) {
            ranks.insert(widest);
        }
    }
    ranks.into_iter().collect()
}
