//! `ARLASTITEMS key count [REV]`

use latchkey_keyspace::value::Array;
use latchkey_protocol::{Reply, ReplyError};

use super::argetrange::too_many;
use super::{ANSWERED_PLACES_MAX, element};
use crate::Arity::AtLeast;
use crate::Keys::At;
use crate::{Args, Cost, Read, Result, Spec};

pub(super) const ARLASTITEMS: Spec = Spec::read("ARLASTITEMS", arlastitems)
    .summary("Returns what is at the places before the cursor of an array, the oldest first.")
    .since("8.8.0")
    .arity(AtLeast(3))
    .keys(At(1))
    .cost(Cost::Values)
    .example(
        r#"> ARINSERT log started ready stopped
(integer) 2
> ARLASTITEMS log 2
1) "ready"
2) "stopped"
> ARLASTITEMS log 2 REV
1) "stopped"
2) "ready""#,
    );

fn arlastitems(db: &mut Read<'_>, mut args: Args<'_>) -> Result {
    let key = args.key()?;
    let count = crate::int(args.next()?).map_err(|_| ReplyError::fixed("ERR invalid COUNT"))?;
    // As in Redis, before anything else is looked at.
    let Some(count) = u64::try_from(count).ok().filter(|&count| count > 0) else {
        return Ok(Reply::Array(Vec::new()));
    };
    let newest_first = newest_first(&mut args)?;
    let Some(array) = db.array(key)? else { return Ok(Reply::Array(Vec::new())) };
    let mut replies = last(array, count)?;
    if !newest_first {
        replies.reverse();
    }
    Ok(Reply::Array(replies))
}

fn newest_first(args: &mut Args<'_>) -> Result<bool> {
    match args.len() {
        0 => Ok(false),
        1 if args.option("REV") => Ok(true),
        1 => Err(ReplyError::SYNTAX.into()),
        _ => Err(ReplyError::wrong_arity("arlastitems").into()),
    }
}

/// What is at so many places, from the cursor back, and on from the end. Only gaps make that many.
fn last(array: &Array, count: u64) -> Result<Vec<Reply>> {
    let span = array.span();
    let count = count.min(span);
    if count > ANSWERED_PLACES_MAX && count > array.len() as u64 {
        return Err(too_many("count").into());
    }
    let newest = array.cursor().filter(|&last| last < span).unwrap_or(span - 1);
    let places = (0..=newest).rev().chain((newest + 1..span).rev());
    Ok(places.take(count as usize).map(|index| element(array.get(index))).collect())
}
