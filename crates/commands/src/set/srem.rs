//! `SREM key member [member …]`

use latchkey_keyspace::Str;
use latchkey_protocol::Reply;

use crate::Arity::AtLeast;
use crate::Keys::At;
use crate::{Args, Result, Spec, Write};

pub(super) const SREM: Spec = Spec::write("SREM", srem)
    .summary("Removes members from a set, and returns how many were in it.")
    .since("1.0.0")
    .arity(AtLeast(3))
    .keys(At(1))
    .fast()
    .example(
        r#"> SADD colours red green
(integer) 2
> SREM colours red blue
(integer) 1
> SMEMBERS colours
1) "green""#,
    );

fn srem(db: &mut Write<'_>, mut args: Args<'_>) -> Result {
    let Some(mut set) = db.set(args.key()?)? else { return Ok(Reply::Int(0)) };
    Ok(Reply::count(set.remove(args.rest().iter().map(Str::from))))
}
