//! `ZCOUNT key min max`, and `ZLEXCOUNT key min max`, which counts by name.

use latchkey_protocol::Reply;

use super::bounds::{Bounds, By};
use crate::Arity::Exactly;
use crate::Keys::At;
use crate::{Args, Read, Result, Spec};

pub(super) const ZCOUNT: Spec = Spec::read("ZCOUNT", zcount)
    .summary("Returns the number of members of a sorted set with scores within a range.")
    .since("2.0.0")
    .arity(Exactly(4))
    .keys(At(1))
    .fast()
    .example(
        "> ZADD board 10 ann 20 bob 30 cleo
(integer) 3
> ZCOUNT board (10 +inf
(integer) 2",
    );

pub(super) const ZLEXCOUNT: Spec = Spec::read("ZLEXCOUNT", zlexcount)
    .summary(
        "Returns the number of members of a sorted set within a range of names, if all scores are equal.",
    )
    .since("2.8.9")
    .arity(Exactly(4))
    .keys(At(1))
    .fast()
    .example(
        "> ZADD names 0 ann 0 bob 0 cleo
(integer) 3
> ZLEXCOUNT names [b +
(integer) 2",
    );

fn zcount(db: &mut Read<'_>, args: Args<'_>) -> Result {
    count(db, args, By::Score)
}

fn zlexcount(db: &mut Read<'_>, args: Args<'_>) -> Result {
    count(db, args, By::Name)
}

fn count(db: &mut Read<'_>, mut args: Args<'_>, by: By) -> Result {
    let key = args.key()?;
    let bounds = Bounds::parse(by, args.next()?, args.next()?)?;
    let set = db.sorted_set(key)?;
    Ok(Reply::count(set.map_or(0, |set| bounds.ranks(set).len())))
}
