//! `ZCARD key`

use latchkey_protocol::Reply;

use crate::Arity::Exactly;
use crate::Keys::At;
use crate::{Args, Read, Result, Spec};

pub(super) const ZCARD: Spec = Spec::read("ZCARD", zcard)
    .summary("Returns the number of members in a sorted set.")
    .since("1.2.0")
    .arity(Exactly(2))
    .keys(At(1))
    .fast()
    .example(
        "> ZCARD board
(integer) 0
> ZADD board 10 ann 20 bob
(integer) 2
> ZCARD board
(integer) 2",
    );

fn zcard(db: &mut Read<'_>, mut args: Args<'_>) -> Result {
    let set = db.sorted_set(args.key()?)?;
    Ok(Reply::count(set.map_or(0, |set| set.len())))
}
