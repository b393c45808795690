//! `ZREM key member [member …]`

use latchkey_protocol::Reply;

use crate::Arity::AtLeast;
use crate::Keys::At;
use crate::{Args, Result, Spec, Write};

pub(super) const ZREM: Spec = Spec::write("ZREM", zrem)
    .summary("Removes members from a sorted set. Deletes the key if no members are left.")
    .since("1.2.0")
    .arity(AtLeast(3))
    .keys(At(1))
    .fast()
    .example(
        "> ZADD board 10 ann 20 bob
(integer) 2
> ZREM board ann eve
(integer) 1
> ZREM board bob
(integer) 1
> EXISTS board
(integer) 0",
    );

fn zrem(db: &mut Write<'_>, mut args: Args<'_>) -> Result {
    let Some(mut set) = db.sorted_set(args.key()?)? else { return Ok(Reply::Int(0)) };
    let removed = args.rest().iter().filter(|member| set.remove(member).is_some());
    Ok(Reply::count(removed.count()))
}
