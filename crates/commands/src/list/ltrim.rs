//! `LTRIM key start stop`

use latchkey_keyspace::Class;
use latchkey_protocol::Reply;

use super::place;
use crate::Arity::Exactly;
use crate::Keys::At;
use crate::{Args, Cost, Result, Spec, Write};

pub(super) const LTRIM: Spec = Spec::write("LTRIM", ltrim)
    .no_event()
    .summary("Removes all elements of a list but those from one index to another, both included.")
    .since("1.0.0")
    .arity(Exactly(4))
    .keys(At(1))
    .cost(Cost::Values)
    .example(
        r#"> RPUSH log a b c d
(integer) 4
> LTRIM log -2 -1
OK
> LRANGE log 0 -1
1) "c"
2) "d""#,
    );

fn ltrim(db: &mut Write<'_>, mut args: Args<'_>) -> Result {
    let (key, start, stop) = (args.key()?, args.int()?, args.int()?);
    let Some(list) = db.view().list(key)? else { return Ok(Reply::OK) };
    let kept = place::range(start, stop, list.len());
    db.tell(Class::List, "ltrim", key); // as in Redis, also where all of it stays
    if kept.is_empty() {
        db.remove(key);
    } else if let Some(mut list) = db.list(key)? {
        list.trim(kept);
    }
    Ok(Reply::OK)
}
