//! `HDEL key field [field …]`

use latchkey_protocol::Reply;

use crate::Arity::AtLeast;
use crate::Keys::At;
use crate::{Args, Result, Spec, Write};

pub(super) const HDEL: Spec = Spec::write("HDEL", hdel)
    .summary("Removes fields of a hash, and returns how many existed. The last one takes the key with it.")
    .since("2.0.0")
    .arity(AtLeast(3))
    .keys(At(1))
    .fast()
    .example(
        "> HSET user name Ada age 36
(integer) 2
> HDEL user age city
(integer) 1",
    );

fn hdel(db: &mut Write<'_>, mut args: Args<'_>) -> Result {
    let Some(mut hash) = db.hash(args.key()?)? else { return Ok(Reply::Int(0)) };
    let removed = args.rest().iter().filter(|field| hash.remove(field).is_some());
    Ok(Reply::count(removed.count()))
}
