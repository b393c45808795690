//! `ZUNION numkeys key [key …] [WEIGHTS weight …] [AGGREGATE SUM | MIN | MAX] [WITHSCORES]` and `ZUNIONSTORE
//! destination numkeys key [key …] [WEIGHTS weight …] [AGGREGATE SUM | MIN | MAX]`

use latchkey_keyspace::collections::scan_map::ScanMap;
use latchkey_keyspace::value::SortedSet;
use latchkey_protocol::Reply;

use super::operands::{Combination, Form};
use super::reply;
use crate::Arity::AtLeast;
use crate::Keys::{Counted, Store};
use crate::{Args, Cost, Read, Result, Spec, Write};

pub(super) const ZUNION: Spec = Spec::read("ZUNION", zunion)
    .summary("Returns the members that any of several sorted sets or sets has, with their scores aggregated.")
    .since("6.2.0")
    .arity(AtLeast(3))
    .keys(Counted { at: 1 })
    .cost(Cost::Values)
    .example(
        r#"> ZADD monday 10 ann 20 bob
(integer) 2
> ZADD tuesday 5 bob
(integer) 1
> ZUNION 2 monday tuesday WITHSCORES
1) "ann"
2) "10"
3) "bob"
4) "25""#,
    );

pub(super) const ZUNIONSTORE: Spec = Spec::write("ZUNIONSTORE", zunionstore)
    .summary("Stores the members that any of several sorted sets or sets has, with their scores aggregated.")
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
> ZUNIONSTORE week 2 monday tuesday WEIGHTS 1 3 AGGREGATE MAX
(integer) 2
> ZRANGE week 0 -1 WITHSCORES
1) "ann"
2) "10"
3) "bob"
4) "20""#,
    );

fn zunion(db: &mut Read<'_>, args: Args<'_>) -> Result {
    let combination = Combination::parse(**db, args, Form { name: "zunion", weights: true, scores: true })?;
    let union = union(&combination, db.chance.u64(..));
    Ok(reply::members(union.iter(), combination.with_scores))
}

fn zunionstore(db: &mut Write<'_>, mut args: Args<'_>) -> Result {
    let destination = args.key()?;
    let form = Form { name: "zunionstore", weights: true, scores: false };
    let union = union(&Combination::parse(db.view(), args, form)?, db.seed());
    let count = union.len();
    db.put(destination, union);
    Ok(Reply::count(count))
}

fn union(combination: &Combination<'_>, seed: u64) -> SortedSet {
    let mut scores = ScanMap::new(seed);
    for operand in combination.by_size() {
        for (member, score) in operand.source.iter() {
            let score = operand.weigh(score);
            let sum = scores.get_mut(&member).map(|sum| *sum = combination.aggregate.of(*sum, score));
            if sum.is_none() {
                scores.insert_unique(member, score);
            }
        }
    }
    SortedSet::from_pairs(scores, seed)
}
