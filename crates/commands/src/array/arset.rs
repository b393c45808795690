//! `ARSET key index value [value …]`

use latchkey_keyspace::Str;
use latchkey_keyspace::value::array::INDEX_MAX;
use latchkey_protocol::{Reply, ReplyError};

use super::place;
use crate::Arity::AtLeast;
use crate::Keys::At;
use crate::{Args, Result, Spec, Write};

pub(super) const ARSET: Spec = Spec::write("ARSET", arset)
    .summary(
        "Puts values at consecutive places of an array, and returns how many of the places were not used.",
    )
    .since("8.8.0")
    .arity(AtLeast(4))
    .keys(At(1))
    .grows()
    .fast()
    .example(
        r#"> ARSET seats 12 Ada Grace
(integer) 2
> ARSET seats 13 Barbara Frances
(integer) 1
> ARGETRANGE seats 12 14
1) "Ada"
2) "Barbara"
3) "Frances""#,
    );

fn arset(db: &mut Write<'_>, mut args: Args<'_>) -> Result {
    let (key, first) = (args.key()?, place::place(args.next()?)?);
    let values = args.rest();
    let last = first.checked_add(values.len() as u64 - 1).filter(|&last| last <= INDEX_MAX);
    last.ok_or(ReplyError::fixed("ERR array index overflow"))?;
    let mut array = db.array_or_new(key)?;
    Ok(Reply::count(array.put((first..).zip(values.iter().map(Str::from)))))
}
