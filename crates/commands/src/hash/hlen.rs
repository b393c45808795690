//! `HLEN key`

use latchkey_protocol::Reply;

use crate::Arity::Exactly;
use crate::Keys::At;
use crate::{Args, Read, Result, Spec};

pub(super) const HLEN: Spec = Spec::read("HLEN", hlen)
    .summary("Returns the number of fields of a hash.")
    .since("2.0.0")
    .arity(Exactly(2))
    .keys(At(1))
    .fast()
    .example(
        "> HSET user name Ada age 36
(integer) 2
> HLEN user
(integer) 2",
    );

fn hlen(db: &mut Read<'_>, mut args: Args<'_>) -> Result {
    let hash = db.hash(args.key()?)?;
    Ok(Reply::count(hash.map_or(0, |hash| hash.len_at(db.now()))))
}
