//! `LLEN key`

use latchkey_protocol::Reply;

use crate::Arity::Exactly;
use crate::Keys::At;
use crate::{Args, Read, Result, Spec};

pub(super) const LLEN: Spec = Spec::read("LLEN", llen)
    .summary("Returns the number of elements of a list.")
    .since("1.0.0")
    .arity(Exactly(2))
    .keys(At(1))
    .fast()
    .example(
        "> RPUSH queue a b
(integer) 2
> LLEN queue
(integer) 2
> LLEN nothing
(integer) 0",
    );

fn llen(db: &mut Read<'_>, mut args: Args<'_>) -> Result {
    Ok(Reply::count(db.list(args.key()?)?.map_or(0, |list| list.len())))
}
