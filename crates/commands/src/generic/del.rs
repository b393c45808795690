//! `DEL key [key …]` and `UNLINK [key …]`

use latchkey_protocol::Reply;

use crate::Arity::AtLeast;
use crate::{Args, Keys, Result, Spec, Write};

const EVERY_WORD: Keys = Keys::Range { first: 1, last: -1, step: 1 };

pub(super) const DEL: Spec = Spec::write("DEL", del)
    .summary("Deletes one or more keys.")
    .since("1.0.0")
    .arity(AtLeast(2))
    .keys(EVERY_WORD)
    .example(
        "> SET one 1
OK
> SET two 2
OK
> DEL one two three
(integer) 2",
    );

/// As DEL: large values are never freed where a client waits. Unlike DEL, and unlike Redis, it accepts no keys at all,
/// as Upstash does.
pub(super) const UNLINK: Spec = Spec::write("UNLINK", del)
    .summary("Deletes keys, and frees their values later.")
    .since("4.0.0")
    .arity(AtLeast(1))
    .keys(EVERY_WORD)
    .fast()
    .example(
        "> SET one 1
OK
> UNLINK one two
(integer) 1
> UNLINK
(integer) 0",
    );

fn del(db: &mut Write<'_>, mut args: Args<'_>) -> Result {
    let removed = args.rest().iter().filter(|key| db.remove(key)).count();
    Ok(Reply::count(removed))
}
