//! `ARNEXT key`

use latchkey_keyspace::value::array::INDEX_MAX;
use latchkey_protocol::Reply;

use super::unsigned;
use crate::Arity::Exactly;
use crate::Keys::At;
use crate::{Args, Read, Result, Spec};

pub(super) const ARNEXT: Spec = Spec::read("ARNEXT", arnext)
    .summary("Returns the place where ARINSERT would put the next value; null if there is none any more.")
    .since("8.8.0")
    .arity(Exactly(2))
    .keys(At(1))
    .fast()
    .example(
        r#"> ARINSERT log started ready
(integer) 1
> ARNEXT log
(integer) 2
> ARNEXT missing
(integer) 0"#,
    );

fn arnext(db: &mut Read<'_>, mut args: Args<'_>) -> Result {
    let cursor = db.array(args.key()?)?.and_then(|array| array.cursor());
    Ok(match cursor {
        None => Reply::Int(0),
        Some(INDEX_MAX) => Reply::Null,
        Some(last) => unsigned(last + 1),
    })
}
