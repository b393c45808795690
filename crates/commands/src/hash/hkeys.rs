//! `HKEYS key`

use latchkey_protocol::Reply;

use crate::Arity::Exactly;
use crate::Keys::At;
use crate::{Args, Cost, Read, Result, Spec};

pub(super) const HKEYS: Spec = Spec::read("HKEYS", hkeys)
    .summary("Returns the names of all fields of a hash.")
    .since("2.0.0")
    .arity(Exactly(2))
    .keys(At(1))
    .cost(Cost::Values)
    .example(
        r#"> HSET user name Ada age 36
(integer) 2
> HKEYS user
1) "name"
2) "age""#,
    );

fn hkeys(db: &mut Read<'_>, mut args: Args<'_>) -> Result {
    let hash = db.hash(args.key()?)?;
    let pairs = hash.into_iter().flat_map(|hash| hash.iter(db.now()));
    Ok(Reply::Array(pairs.map(|(name, _)| Reply::Bulk(name.to_bytes())).collect()))
}
