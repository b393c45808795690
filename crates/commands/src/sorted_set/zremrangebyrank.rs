//! `ZREMRANGEBYRANK key start stop`, `ZREMRANGEBYSCORE key min max`, `ZREMRANGEBYLEX key min max`

use latchkey_protocol::Reply;

use super::bounds::{Bounds, By};
use crate::Arity::Exactly;
use crate::Keys::At;
use crate::{Args, Cost, Result, Spec, Write};

pub(super) const ZREMRANGEBYRANK: Spec = Spec::write("ZREMRANGEBYRANK", zremrangebyrank)
    .summary("Removes the members of a sorted set within a range of ranks. Deletes the key if no members are left.")
    .since("2.0.0")
    .arity(Exactly(4))
    .keys(At(1))
    .cost(Cost::Values)
    .example(
        r#"> ZADD board 10 ann 20 bob 30 cleo
(integer) 3
> ZREMRANGEBYRANK board 0 -2
(integer) 2
> ZRANGE board 0 -1
1) "cleo""#,
    );

pub(super) const ZREMRANGEBYSCORE: Spec = Spec::write("ZREMRANGEBYSCORE", zremrangebyscore)
    .summary("Removes the members of a sorted set within a range of scores. Deletes the key if no members are left.")
    .since("1.2.0")
    .arity(Exactly(4))
    .keys(At(1))
    .cost(Cost::Values)
    .example(
        r#"> ZADD board 10 ann 20 bob 30 cleo
(integer) 3
> ZREMRANGEBYSCORE board -inf (30
(integer) 2
> ZRANGE board 0 -1
1) "cleo""#,
    );

pub(super) const ZREMRANGEBYLEX: Spec = Spec::write("ZREMRANGEBYLEX", zremrangebylex)
    .summary("Removes the members of a sorted set within a range of names, if all scores are equal. Deletes the key if no members are left.")
    .since("2.8.9")
    .arity(Exactly(4))
    .keys(At(1))
    .cost(Cost::Values)
    .example(
        r#"> ZADD names 0 ann 0 bob 0 cleo
(integer) 3
> ZREMRANGEBYLEX names [ann (cleo
(integer) 2
> ZRANGE names 0 -1
1) "cleo""#,
    );

fn zremrangebyrank(db: &mut Write<'_>, args: Args<'_>) -> Result {
    remove(db, args, By::Rank)
}

fn zremrangebyscore(db: &mut Write<'_>, args: Args<'_>) -> Result {
    remove(db, args, By::Score)
}

fn zremrangebylex(db: &mut Write<'_>, args: Args<'_>) -> Result {
    remove(db, args, By::Name)
}

fn remove(db: &mut Write<'_>, mut args: Args<'_>, by: By) -> Result {
    let key = args.key()?;
    let bounds = Bounds::parse(by, args.next()?, args.next()?)?;
    let Some(mut set) = db.sorted_set(key)? else { return Ok(Reply::Int(0)) };
    let ranks = bounds.ranks(&set);
    Ok(Reply::count(set.remove_ranks(ranks).len()))
}
