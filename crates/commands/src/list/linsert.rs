//! `LINSERT key BEFORE | AFTER pivot element`

use latchkey_keyspace::Str;
use latchkey_protocol::{Reply, ReplyError};

use crate::Arity::Exactly;
use crate::Keys::At;
use crate::{Args, Cost, Result, Spec, Write};

pub(super) const LINSERT: Spec = Spec::write("LINSERT", linsert)
    .summary("Inserts an element before or after the first one that equals a pivot.")
    .since("2.2.0")
    .arity(Exactly(5))
    .keys(At(1))
    .grows()
    .cost(Cost::Values)
    .example(
        r#"> RPUSH queue a c
(integer) 2
> LINSERT queue BEFORE c b
(integer) 3
> LRANGE queue 0 -1
1) "a"
2) "b"
3) "c""#,
    );

fn linsert(db: &mut Write<'_>, mut args: Args<'_>) -> Result {
    let key = args.key()?;
    let is_after = is_after(&mut args)?;
    let (pivot, item) = (args.next()?, args.next()?);
    let Some(mut list) = db.list(key)? else { return Ok(Reply::Int(0)) };
    let Some(at) = list.iter().position(|item| **item == *pivot) else { return Ok(Reply::Int(-1)) };
    list.insert(vec![(at + usize::from(is_after), Str::from(item))]);
    Ok(Reply::count(list.len()))
}

fn is_after(args: &mut Args<'_>) -> Result<bool> {
    let is_after = args.option("AFTER");
    if is_after || args.option("BEFORE") { Ok(is_after) } else { Err(ReplyError::SYNTAX.into()) }
}
