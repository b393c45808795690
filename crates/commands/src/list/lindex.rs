//! `LINDEX key index`

use latchkey_protocol::Reply;

use super::place;
use crate::Arity::Exactly;
use crate::Keys::At;
use crate::{Args, Read, Result, Spec};

pub(super) const LINDEX: Spec = Spec::read("LINDEX", lindex)
    .summary("Returns the element of a list at an index; negative ones count from the end.")
    .since("1.0.0")
    .arity(Exactly(3))
    .keys(At(1))
    .example(
        r#"> RPUSH queue a b c
(integer) 3
> LINDEX queue 0
"a"
> LINDEX queue -1
"c"
> LINDEX queue 3
(nil)"#,
    );

fn lindex(db: &mut Read<'_>, mut args: Args<'_>) -> Result {
    let Some(list) = db.list(args.key()?)? else { return Ok(Reply::Null) };
    let item = place::index(args.int()?, list.len()).and_then(|index| list.get(index));
    Ok(Reply::or_null(item.map(|item| Reply::Bulk(item.to_bytes()))))
}
