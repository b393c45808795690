//! `XACK key group id [id …]`

use latchkey_keyspace::value::stream::Id;
use latchkey_protocol::Reply;

use super::id;
use crate::Arity::AtLeast;
use crate::Keys::At;
use crate::{Args, Result, Spec, Write};

pub(super) const XACK: Spec = Spec::write("XACK", xack)
    .no_event()
    .summary("Acknowledges entries that a group was delivered, and returns how many were pending.")
    .since("5.0.0")
    .arity(AtLeast(4))
    .keys(At(1))
    .fast()
    .example(
        r#"> XADD jobs 1-0 do this
"1-0"
> XGROUP CREATE jobs workers 0
OK
> XREADGROUP GROUP workers ann STREAMS jobs >
1) 1) "jobs"
   2) 1) 1) "1-0"
         2) 1) "do"
            2) "this"
> XACK jobs workers 1-0 2-0
(integer) 1"#,
    );

fn xack(db: &mut Write<'_>, mut args: Args<'_>) -> Result {
    let (key, name) = (args.key()?, args.next()?);
    let stream = db.view().stream(key)?;
    let Some(group) = stream.and_then(|stream| stream.group(name)) else { return Ok(Reply::Int(0)) };
    let mut ids: Vec<Id> = id::list(args.rest())?;
    ids.sort_unstable();
    ids.dedup();
    ids.retain(|&id| group.pending(id).is_some());
    if let Some(mut stream) = db.stream(key)? {
        stream.release(name, &ids);
    }
    Ok(Reply::count(ids.len()))
}
