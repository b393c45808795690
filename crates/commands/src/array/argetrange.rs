//! `ARGETRANGE key start end`

use latchkey_keyspace::value::Array;
use latchkey_protocol::{Reply, ReplyError};

use super::place::Places;
use super::{ANSWERED_PLACES_MAX, element};
use crate::Arity::Exactly;
use crate::Keys::At;
use crate::{Args, Cost, Read, Result, Spec};

pub(super) const ARGETRANGE: Spec = Spec::read("ARGETRANGE", argetrange)
    .summary("Returns what is at each place of an array from one place to another, both included.")
    .since("8.8.0")
    .arity(Exactly(4))
    .keys(At(1))
    .cost(Cost::Values)
    .example(
        r#"> ARMSET readings 0 20.5 2 21
(integer) 2
> ARGETRANGE readings 2 0
1) "21"
2) (nil)
3) "20.5""#,
    );

fn argetrange(db: &mut Read<'_>, mut args: Args<'_>) -> Result {
    let (key, places) = (args.key()?, Places::read(&mut args)?);
    let array = db.array(key)?;
    let range = places.range();
    if range.end() - range.start() >= ANSWERED_PLACES_MAX {
        return Err(too_many("range").into());
    }
    let mut replies = replies(array, places);
    if places.is_reverse() {
        replies.reverse();
    }
    Ok(Reply::Array(replies))
}

/// What is at each place, from the lowest on.
fn replies(array: Option<&Array>, places: Places) -> Vec<Reply> {
    let range = places.range();
    let mut replies = vec![Reply::Null; (range.end() - range.start()) as usize + 1];
    for (index, item) in array.into_iter().flat_map(|array| array.range(places.range())) {
        replies[(index - range.start()) as usize] = element(Some(item));
    }
    replies
}

/// The refusal of a reply that only the client's number bounds.
pub(super) fn too_many(what: &str) -> ReplyError {
    ReplyError::new(format!("ERR {what} exceeds maximum of {ANSWERED_PLACES_MAX} items"))
}
