//! `SMEMBERS key`

use latchkey_protocol::Reply;

use crate::Arity::Exactly;
use crate::Keys::At;
use crate::{Args, Cost, Read, Result, Spec};

pub(super) const SMEMBERS: Spec = Spec::read("SMEMBERS", smembers)
    .summary("Returns all members of a set.")
    .since("1.0.0")
    .arity(Exactly(2))
    .keys(At(1))
    .cost(Cost::Values)
    .example(
        r#"> SADD primes 7 2 5
(integer) 3
> SMEMBERS primes
1) "2"
2) "5"
3) "7""#,
    );

fn smembers(db: &mut Read<'_>, mut args: Args<'_>) -> Result {
    let set = db.set(args.key()?)?;
    Ok(Reply::Set(set.map_or(Vec::new(), |set| super::bulks(set.iter()))))
}
