//! `TOUCH key [key …]`

use latchkey_protocol::Reply;

use crate::Arity::AtLeast;
use crate::{Args, Keys, Read, Result, Spec};

pub(super) const TOUCH: Spec = Spec::read("TOUCH", touch)
    .summary("Counts as a use of the keys, and tells how many of them exist.")
    .since("3.2.1")
    .arity(AtLeast(2))
    .keys(Keys::Range { first: 1, last: -1, step: 1 })
    .fast()
    .example(
        "> SET greeting hello
OK
> TOUCH greeting farewell
(integer) 1",
    );

fn touch(db: &mut Read<'_>, mut args: Args<'_>) -> Result {
    Ok(Reply::count(args.rest().iter().filter(|key| db.touch(key)).count()))
}
