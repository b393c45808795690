//! `SADD key member [member …]`

use latchkey_keyspace::Str;
use latchkey_protocol::Reply;

use crate::Arity::AtLeast;
use crate::Keys::At;
use crate::{Args, Result, Spec, Write};

pub(super) const SADD: Spec = Spec::write("SADD", sadd)
    .summary("Adds members to a set, and returns how many are new. Creates the set if it doesn't exist.")
    .since("1.0.0")
    .arity(AtLeast(3))
    .keys(At(1))
    .grows()
    .fast()
    .example(
        r#"> SADD colours red green red
(integer) 2
> SMEMBERS colours
1) "red"
2) "green""#,
    );

fn sadd(db: &mut Write<'_>, mut args: Args<'_>) -> Result {
    let mut set = db.set_or_new(args.key()?)?;
    Ok(Reply::count(set.add(args.rest().iter().map(Str::from))))
}
