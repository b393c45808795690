//! `ARMSET key index value [index value …]`

use latchkey_keyspace::Str;
use latchkey_protocol::{Reply, ReplyError};

use super::place;
use crate::Arity::AtLeast;
use crate::Keys::At;
use crate::{Args, Result, Spec, Write};

pub(super) const ARMSET: Spec = Spec::write("ARMSET", armset)
    .summary("Puts values at places of an array, and returns how many of the places were not used.")
    .since("8.8.0")
    .arity(AtLeast(4))
    .keys(At(1))
    .grows()
    .fast()
    .example(
        r#"> ARMSET seats 3 Ada 1000000 Grace
(integer) 2
> ARMSET seats 3 Barbara
(integer) 0
> ARSCAN seats 0 1000000
1) 1) (integer) 3
   2) "Barbara"
2) 1) (integer) 1000000
   2) "Grace""#,
    );

fn armset(db: &mut Write<'_>, mut args: Args<'_>) -> Result {
    let key = args.key()?;
    let (pairs, []) = args.rest().as_chunks() else { return Err(ReplyError::wrong_arity("armset").into()) };
    let items = pairs.iter().map(|[index, value]| Ok((place::place(index)?, Str::from(value))));
    let items = items.collect::<Result<Vec<_>>>()?;
    Ok(Reply::count(db.array_or_new(key)?.put(items)))
}
