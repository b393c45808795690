//! `LRANGE key start stop`

use super::place;
use crate::Arity::Exactly;
use crate::Keys::At;
use crate::{Args, Cost, Read, Result, Spec};

pub(super) const LRANGE: Spec = Spec::read("LRANGE", lrange)
    .summary("Returns the elements of a list from one index to another, both included.")
    .since("1.0.0")
    .arity(Exactly(4))
    .keys(At(1))
    .cost(Cost::Values)
    .example(
        r#"> RPUSH queue a b c d
(integer) 4
> LRANGE queue 1 -2
1) "b"
2) "c""#,
    );

fn lrange(db: &mut Read<'_>, mut args: Args<'_>) -> Result {
    let (key, start, stop) = (args.key()?, args.int()?, args.int()?);
    let Some(list) = db.list(key)? else { return Ok(super::array([].iter())) };
    Ok(super::array(list.range(place::range(start, stop, list.len()))))
}
