//! `XLEN key`

use latchkey_keyspace::value::Stream;
use latchkey_protocol::Reply;

use crate::Arity::Exactly;
use crate::Keys::At;
use crate::{Args, Read, Result, Spec};

pub(super) const XLEN: Spec = Spec::read("XLEN", xlen)
    .summary("Returns the number of entries in a stream.")
    .since("5.0.0")
    .arity(Exactly(2))
    .keys(At(1))
    .fast()
    .example(
        r#"> XADD events 1-0 kind start
"1-0"
> XLEN events
(integer) 1
> XLEN nobody
(integer) 0"#,
    );

fn xlen(db: &mut Read<'_>, mut args: Args<'_>) -> Result {
    Ok(Reply::count(db.stream(args.key()?)?.map_or(0, Stream::len)))
}
