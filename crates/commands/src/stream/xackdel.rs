//! `XACKDEL key group [KEEPREF | DELREF | ACKED] IDS numids id [id …]`

use latchkey_keyspace::Open;
use latchkey_keyspace::value::Stream;
use latchkey_keyspace::value::stream::Id;
use latchkey_protocol::Reply;

use super::ids::{Chosen, References, is_referenced, release_everywhere};
use crate::Arity::AtLeast;
use crate::Keys::At;
use crate::{Args, Result, Spec, Write};

pub(super) const XACKDEL: Spec = Spec::write("XACKDEL", xackdel)
    .no_event()
    .summary(
        "Acknowledges entries in a group and removes them. Of each, 1 if that was done, -1 if it was not pending, 2 if \
         other groups need it still (with ACKED).",
    )
    .since("8.2.0")
    .arity(AtLeast(6))
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
> XACKDEL jobs workers IDS 2 1-0 2-0
1) (integer) 1
2) (integer) -1
> XLEN jobs
(integer) 0"#,
    );

fn xackdel(db: &mut Write<'_>, mut args: Args<'_>) -> Result {
    let (key, group) = (args.key()?, args.next()?);
    let chosen = Chosen::parse(&mut args)?;
    let stream = db.stream(key)?.filter(|stream| stream.group(group).is_some());
    let Some(mut stream) = stream else { return Ok(Reply::Array(vec![Reply::Int(-1); chosen.len()])) };
    let ids = chosen.ids()?;
    let delivered = stream.delivered_to_all();
    let acknowledge = |id| Reply::Int(acknowledge(&mut stream, group, id, chosen.references, delivered));
    Ok(Reply::Array(ids.into_iter().map(acknowledge).collect()))
}

fn acknowledge(
    stream: &mut Open<'_, Stream>,
    group: &[u8],
    id: Id,
    references: References,
    delivered: Option<Id>,
) -> i64 {
    if stream.group(group).is_none_or(|group| group.pending(id).is_none()) {
        return -1;
    }
    stream.release(group, &[id]);
    if references == References::Respect && is_referenced(stream, delivered, id) {
        return 2;
    }
    if references == References::Drop {
        release_everywhere(stream, id);
    }
    stream.call_it("xdel");
    stream.remove(vec![id]);
    1
}
