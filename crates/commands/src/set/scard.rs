//! `SCARD key`

use latchkey_protocol::Reply;

use crate::Arity::Exactly;
use crate::Keys::At;
use crate::{Args, Read, Result, Spec};

pub(super) const SCARD: Spec = Spec::read("SCARD", scard)
    .summary("Returns the number of members of a set.")
    .since("1.0.0")
    .arity(Exactly(2))
    .keys(At(1))
    .fast()
    .example(
        "> SADD colours red green
(integer) 2
> SCARD colours
(integer) 2",
    );

fn scard(db: &mut Read<'_>, mut args: Args<'_>) -> Result {
    Ok(Reply::count(db.set(args.key()?)?.map_or(0, |set| set.len())))
}
