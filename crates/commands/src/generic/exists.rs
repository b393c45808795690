//! `EXISTS key [key …]`

use latchkey_protocol::Reply;

use crate::Arity::AtLeast;
use crate::{Args, Keys, Read, Result, Spec};

pub(super) const EXISTS: Spec = Spec::read("EXISTS", exists)
    .summary("Tells how many of the keys exist. A key that is named twice counts twice.")
    .since("1.0.0")
    .arity(AtLeast(2))
    .keys(Keys::Range { first: 1, last: -1, step: 1 })
    .fast()
    .example(
        "> SET greeting hello
OK
> EXISTS greeting
(integer) 1
> EXISTS greeting greeting farewell
(integer) 2",
    );

fn exists(db: &mut Read<'_>, mut args: Args<'_>) -> Result {
    Ok(Reply::count(args.rest().iter().filter(|key| db.look(key).is_some()).count()))
}
