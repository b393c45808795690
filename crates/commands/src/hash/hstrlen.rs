//! `HSTRLEN key field`

use latchkey_protocol::Reply;

use crate::Arity::Exactly;
use crate::Keys::At;
use crate::{Args, Read, Result, Spec};

pub(super) const HSTRLEN: Spec = Spec::read("HSTRLEN", hstrlen)
    .summary("Returns the length of a field's value: 0 if there is no such field.")
    .since("3.2.0")
    .arity(Exactly(3))
    .keys(At(1))
    .fast()
    .example(
        "> HSET user name Ada
(integer) 1
> HSTRLEN user name
(integer) 3",
    );

fn hstrlen(db: &mut Read<'_>, mut args: Args<'_>) -> Result {
    let (hash, field) = (db.hash(args.key()?)?, args.next()?);
    let value = hash.and_then(|hash| hash.get(field, db.now()));
    Ok(Reply::count(value.map_or(0, |value| value.len())))
}
