//! `HEXISTS key field`

use latchkey_protocol::Reply;

use crate::Arity::Exactly;
use crate::Keys::At;
use crate::{Args, Read, Result, Spec};

pub(super) const HEXISTS: Spec = Spec::read("HEXISTS", hexists)
    .summary("Returns whether a field of a hash exists.")
    .since("2.0.0")
    .arity(Exactly(3))
    .keys(At(1))
    .fast()
    .example(
        "> HSET user name Ada
(integer) 1
> HEXISTS user name
(integer) 1
> HEXISTS user age
(integer) 0",
    );

fn hexists(db: &mut Read<'_>, mut args: Args<'_>) -> Result {
    let (hash, field) = (db.hash(args.key()?)?, args.next()?);
    Ok(Reply::flag(hash.is_some_and(|hash| hash.get(field, db.now()).is_some())))
}
