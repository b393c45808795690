//! `HGETALL key`

use latchkey_protocol::Reply;

use crate::Arity::Exactly;
use crate::Keys::At;
use crate::{Args, Cost, Read, Result, Spec};

pub(super) const HGETALL: Spec = Spec::read("HGETALL", hgetall)
    .summary("Returns all fields of a hash with their values.")
    .since("2.0.0")
    .arity(Exactly(2))
    .keys(At(1))
    .cost(Cost::Values)
    .example(
        r#"> HSET user name Ada age 36
(integer) 2
> HGETALL user
1) "name"
2) "Ada"
3) "age"
4) "36""#,
    );

fn hgetall(db: &mut Read<'_>, mut args: Args<'_>) -> Result {
    let hash = db.hash(args.key()?)?;
    let pairs = hash.into_iter().flat_map(|hash| hash.iter(db.now()));
    let replies = pairs.map(|(name, value)| (Reply::Bulk(name.to_bytes()), Reply::Bulk(value.to_bytes())));
    Ok(Reply::Map(replies.collect()))
}
