//! `PERSIST key`

use latchkey_keyspace::Entry;
use latchkey_protocol::Reply;

use crate::Arity::Exactly;
use crate::Keys::At;
use crate::{Args, Result, Spec, Write};

pub(super) const PERSIST: Spec = Spec::write("PERSIST", persist)
    .summary("Removes the expiration time of a key.")
    .since("2.2.0")
    .arity(Exactly(2))
    .keys(At(1))
    .fast()
    .example(
        "> SET session abc EX 60
OK
> PERSIST session
(integer) 1
> TTL session
(integer) -1
> PERSIST session
(integer) 0",
    );

fn persist(db: &mut Write<'_>, mut args: Args<'_>) -> Result {
    let key = args.key()?;
    db.view().value(key); // as in Redis, this counts as use
    let expires = db.view().peek(key).and_then(Entry::expires_at_ms).is_some();
    Ok(Reply::flag(expires && db.set_deadline(key, None)))
}
