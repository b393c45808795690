//! `HVALS key`

use latchkey_protocol::Reply;

use crate::Arity::Exactly;
use crate::Keys::At;
use crate::{Args, Cost, Read, Result, Spec};

pub(super) const HVALS: Spec = Spec::read("HVALS", hvals)
    .summary("Returns the values of all fields of a hash.")
    .since("2.0.0")
    .arity(Exactly(2))
    .keys(At(1))
    .cost(Cost::Values)
    .example(
        r#"> HSET user name Ada age 36
(integer) 2
> HVALS user
1) "Ada"
2) "36""#,
    );

fn hvals(db: &mut Read<'_>, mut args: Args<'_>) -> Result {
    let hash = db.hash(args.key()?)?;
    let pairs = hash.into_iter().flat_map(|hash| hash.iter(db.now()));
    Ok(Reply::Array(pairs.map(|(_, value)| Reply::Bulk(value.to_bytes())).collect()))
}
