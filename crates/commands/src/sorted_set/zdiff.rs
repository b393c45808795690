//! `ZDIFF numkeys key [key …] [WITHSCORES]` and `ZDIFFSTORE destination numkeys key [key …]`

use latchkey_keyspace::value::SortedSet;
use latchkey_protocol::Reply;

use super::operands::{Combination, Form};
use super::reply;
use crate::Arity::AtLeast;
use crate::Keys::{Counted, Store};
use crate::{Args, Cost, Read, Result, Spec, Write};

pub(super) const ZDIFF: Spec = Spec::read("ZDIFF", zdiff)
    .summary("Returns the members of a sorted set or set that none of several others has.")
    .since("6.2.0")
    .arity(AtLeast(3))
    .keys(Counted { at: 1 })
    .cost(Cost::Values)
    .example(
        r#"> ZADD monday 10 ann 20 bob
(integer) 2
> ZADD tuesday 5 bob
(integer) 1
> ZDIFF 2 monday tuesday WITHSCORES
1) "ann"
2) "10""#,
    );

pub(super) const ZDIFFSTORE: Spec = Spec::write("ZDIFFSTORE", zdiffstore)
    .summary("Stores the members of a sorted set or set that none of several others has.")
    .since("6.2.0")
    .arity(AtLeast(4))
    .keys(Store(&Counted { at: 2 }))
    .grows_freely()
    .cost(Cost::Values)
    .example(
        r#"> ZADD monday 10 ann 20 bob
(integer) 2
> ZADD tuesday 5 bob
(integer) 1
> ZDIFFSTORE gone 2 monday tuesday
(integer) 1
> ZRANGE gone 0 -1
1) "ann""#,
    );

fn zdiff(db: &mut Read<'_>, args: Args<'_>) -> Result {
    let combination = Combination::parse(**db, args, Form { name: "zdiff", weights: false, scores: true })?;
    let difference = subtract(&combination, db.chance.u64(..));
    Ok(reply::members(difference.iter(), combination.with_scores))
}

fn zdiffstore(db: &mut Write<'_>, mut args: Args<'_>) -> Result {
    let destination = args.key()?;
    let form = Form { name: "zdiffstore", weights: false, scores: false };
    let difference = subtract(&Combination::parse(db.view(), args, form)?, db.seed());
    let count = difference.len();
    db.put(destination, difference);
    Ok(Reply::count(count))
}

fn subtract(combination: &Combination<'_>, seed: u64) -> SortedSet {
    let Some((first, others)) = combination.operands.split_first() else { return SortedSet::default() };
    let is_left = |member: &[u8]| others.iter().all(|operand| operand.source.score(member).is_none());
    SortedSet::from_pairs(first.source.iter().filter(|(member, _)| is_left(member)), seed)
}
