//! `SISMEMBER key member`, and `SMISMEMBER key member [member …]`, which asks for several.

use latchkey_protocol::Reply;

use crate::Arity::{AtLeast, Exactly};
use crate::Keys::At;
use crate::{Args, Read, Result, Spec};

pub(super) const SISMEMBER: Spec = Spec::read("SISMEMBER", sismember)
    .summary("Returns whether a member is in a set.")
    .since("1.0.0")
    .arity(Exactly(3))
    .keys(At(1))
    .fast()
    .example(
        "> SADD colours red green
(integer) 2
> SISMEMBER colours red
(integer) 1
> SISMEMBER colours blue
(integer) 0",
    );

pub(super) const SMISMEMBER: Spec = Spec::read("SMISMEMBER", smismember)
    .summary("Returns of each of several members whether it is in a set.")
    .since("6.2.0")
    .arity(AtLeast(3))
    .keys(At(1))
    .fast()
    .example(
        "> SADD colours red green
(integer) 2
> SMISMEMBER colours blue red
1) (integer) 0
2) (integer) 1",
    );

fn sismember(db: &mut Read<'_>, mut args: Args<'_>) -> Result {
    let (set, member) = (db.set(args.key()?)?, args.next()?);
    Ok(Reply::flag(set.is_some_and(|set| set.contains(member))))
}

fn smismember(db: &mut Read<'_>, mut args: Args<'_>) -> Result {
    let set = db.set(args.key()?)?;
    let is_member = |member: &bytes::Bytes| Reply::flag(set.is_some_and(|set| set.contains(member)));
    Ok(Reply::Array(args.rest().iter().map(is_member).collect()))
}
