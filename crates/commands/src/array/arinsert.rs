//! `ARINSERT key value [value …]`

use latchkey_keyspace::Str;
use latchkey_keyspace::value::array::INDEX_MAX;
use latchkey_protocol::ReplyError;

use super::unsigned;
use crate::Arity::AtLeast;
use crate::Keys::At;
use crate::{Args, Result, Spec, Write};

pub(super) const ARINSERT: Spec = Spec::write("ARINSERT", arinsert)
    .summary("Puts values at the places behind the cursor of an array, and returns the last of the places.")
    .since("8.8.0")
    .arity(AtLeast(3))
    .keys(At(1))
    .grows()
    .fast()
    .example(
        r#"> ARINSERT log started ready
(integer) 1
> ARINSERT log stopped
(integer) 2
> ARGET log 2
"stopped""#,
    );

fn arinsert(db: &mut Write<'_>, mut args: Args<'_>) -> Result {
    let mut array = db.array_or_new(args.key()?)?;
    let values = args.rest();
    let first = array.cursor().map_or(0, |last| last + 1);
    let last = first.checked_add(values.len() as u64 - 1).filter(|&last| last <= INDEX_MAX);
    let last = last.ok_or(ReplyError::fixed("ERR insert index overflow"))?;
    array.insert(first, values.iter().map(Str::from).collect());
    Ok(unsigned(last))
}
