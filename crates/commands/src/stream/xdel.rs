//! `XDEL key id [id …]`

use latchkey_protocol::Reply;

use super::id;
use crate::Arity::AtLeast;
use crate::Keys::At;
use crate::{Args, Result, Spec, Write};

pub(super) const XDEL: Spec = Spec::write("XDEL", xdel)
    .summary("Removes entries from a stream, and returns how many there were.")
    .since("5.0.0")
    .arity(AtLeast(3))
    .keys(At(1))
    .fast()
    .example(
        r#"> XADD events 1-0 kind start
"1-0"
> XADD events 2-0 kind stop
"2-0"
> XDEL events 1-0 9-0
(integer) 1
> XLEN events
(integer) 1"#,
    );

fn xdel(db: &mut Write<'_>, mut args: Args<'_>) -> Result {
    let Some(mut stream) = db.stream(args.key()?)? else { return Ok(Reply::Int(0)) };
    let ids = id::list(args.rest())?;
    Ok(Reply::count(stream.remove(ids)))
}
