//! `LSET key index element`

use latchkey_keyspace::Str;
use latchkey_protocol::{Reply, ReplyError};

use super::place;
use crate::Arity::Exactly;
use crate::Keys::At;
use crate::{Args, Result, Spec, Write};

pub(super) const LSET: Spec = Spec::write("LSET", lset)
    .summary("Replaces the element of a list at an index; negative ones count from the end.")
    .since("1.0.0")
    .arity(Exactly(4))
    .keys(At(1))
    .grows()
    .example(
        r#"> RPUSH queue a b c
(integer) 3
> LSET queue -1 z
OK
> LINDEX queue 2
"z""#,
    );

fn lset(db: &mut Write<'_>, mut args: Args<'_>) -> Result {
    let mut list = db.list(args.key()?)?.ok_or(ReplyError::NO_SUCH_KEY)?;
    let index = place::index(args.int()?, list.len()).ok_or(ReplyError::INDEX_OUT_OF_RANGE)?;
    list.set(index, Str::from(args.next()?));
    Ok(Reply::OK)
}
