//! `ZINTER numkeys key [key …] [WEIGHTS weight …] [AGGREGATE SUM | MIN | MAX] [WITHSCORES]` and `ZINTERSTORE
//! destination numkeys key [key …] [WEIGHTS weight …] [AGGREGATE SUM | MIN | MAX]`

use latchkey_keyspace::value::SortedSet;
use latchkey_protocol::Reply;

use super::operands::{Aggregate, Combination, Form, Operand};
use super::reply;
use crate::Arity::AtLeast;
use crate::Keys::{Counted, Store};
use crate::{Args, Cost, Read, Result, Spec, Write};

pub(super) const ZINTER: Spec = Spec::read("ZINTER", zinter)
    .summary(
        "Returns the members that all of several sorted sets or sets have, with their scores aggregated.",
    )
    .since("6.2.0")
    .arity(AtLeast(3))
    .keys(Counted { at: 1 })
    .cost(Cost::Values)
    .example(
        r#"> ZADD monday 10 ann 20 bob
(integer) 2
> ZADD tuesday 5 bob
(integer) 1
> ZINTER 2 monday tuesday WEIGHTS 1 2 WITHSCORES
1) "bob"
2) "30""#,
    );

pub(super) const ZINTERSTORE: Spec = Spec::write("ZINTERSTORE", zinterstore)
    .summary("Stores the members that all of several sorted sets or sets have, with their scores aggregated.")
    .since("2.0.0")
    .arity(AtLeast(4))
    .keys(Store(&Counted { at: 2 }))
    .grows_freely()
    .cost(Cost::Values)
    .example(
        r#"> ZADD monday 10 ann 20 bob
(integer) 2
> ZADD tuesday 5 bob
(integer) 1
> ZINTERSTORE both 2 monday tuesday AGGREGATE MIN
(integer) 1
> ZRANGE both 0 -1 WITHSCORES
1) "bob"
2) "5""#,
    );

fn zinter(db: &mut Read<'_>, args: Args<'_>) -> Result {
    let combination = Combination::parse(**db, args, Form { name: "zinter", weights: true, scores: true })?;
    let intersection = intersect(&combination, db.chance.u64(..));
    Ok(reply::members(intersection.iter(), combination.with_scores))
}

fn zinterstore(db: &mut Write<'_>, mut args: Args<'_>) -> Result {
    let destination = args.key()?;
    let form = Form { name: "zinterstore", weights: true, scores: false };
    let intersection = intersect(&Combination::parse(db.view(), args, form)?, db.seed());
    let count = intersection.len();
    db.put(destination, intersection);
    Ok(Reply::count(count))
}

fn intersect(combination: &Combination<'_>, seed: u64) -> SortedSet {
    let operands = combination.by_size();
    let Some((smallest, others)) = operands.split_first() else { return SortedSet::default() };
    let common = smallest.source.iter().filter_map(|(member, score)| {
        let score = aggregate(&member, smallest.weigh(score), others, combination.aggregate)?;
        Some((member, score))
    });
    SortedSet::from_pairs(common, seed)
}

/// The score of a member that begins with `first`, if all others have it. As in Redis, 0 times infinity makes a whole
/// sum 0 here, and counts for nothing in a minimum or maximum.
fn aggregate(member: &[u8], first: f64, others: &[Operand<'_>], how: Aggregate) -> Option<f64> {
    others.iter().try_fold(first, |sum, operand| {
        let score = operand.source.score(member)?;
        Some(how.of(sum, operand.weigh_raw(score)))
    })
}
