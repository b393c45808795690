//! `XDELEX key [KEEPREF | DELREF | ACKED] IDS numids id [id …]`

use latchkey_keyspace::Open;
use latchkey_keyspace::value::Stream;
use latchkey_keyspace::value::stream::Id;
use latchkey_protocol::Reply;

use super::ids::{Chosen, References, is_referenced, release_everywhere};
use crate::Arity::AtLeast;
use crate::Keys::At;
use crate::{Args, Result, Spec, Write};

pub(super) const XDELEX: Spec = Spec::write("XDELEX", xdelex)
    .event("xdel")
    .summary(
        "Removes entries from a stream. Of each, 1 if that was done, -1 if there is no such entry, 2 if groups need it \
         still (with ACKED).",
    )
    .since("8.2.0")
    .arity(AtLeast(5))
    .keys(At(1))
    .fast()
    .example(
        r#"> XADD jobs 1-0 do this
"1-0"
> XGROUP CREATE jobs workers 0
OK
> XDELEX jobs ACKED IDS 2 1-0 2-0
1) (integer) 2
2) (integer) -1
> XDELEX jobs IDS 1 1-0
1) (integer) 1"#,
    );

fn xdelex(db: &mut Write<'_>, mut args: Args<'_>) -> Result {
    let key = args.key()?;
    let chosen = Chosen::parse(&mut args)?;
    let stream = db.stream(key)?;
    let Some(mut stream) = stream else { return Ok(Reply::Array(vec![Reply::Int(-1); chosen.len()])) };
    let ids = chosen.ids()?;
    let delivered = stream.delivered_to_all();
    let remove = |id| Reply::Int(remove(&mut stream, id, chosen.references, delivered));
    Ok(Reply::Array(ids.into_iter().map(remove).collect()))
}

fn remove(stream: &mut Open<'_, Stream>, id: Id, references: References, delivered: Option<Id>) -> i64 {
    // Also of an entry that is gone: then only the reference is left.
    if references == References::Drop {
        release_everywhere(stream, id);
    }
    if stream.get(id).is_none() {
        return -1;
    }
    if references == References::Respect && is_referenced(stream, delivered, id) {
        return 2;
    }
    stream.remove(vec![id]);
    1
}
