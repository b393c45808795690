//! `ARDELRANGE key start end [start end …]`

use latchkey_protocol::{Reply, ReplyError};

use super::place::Places;
use crate::Arity::AtLeast;
use crate::Keys::At;
use crate::{Args, Cost, Result, Spec, Write};

pub(super) const ARDELRANGE: Spec = Spec::write("ARDELRANGE", ardelrange)
    .summary("Removes the elements of ranges of places from an array, and returns how many there were.")
    .since("8.8.0")
    .arity(AtLeast(4))
    .keys(At(1))
    .cost(Cost::Values)
    .example(
        r#"> ARSET seats 12 Ada Grace Barbara
(integer) 3
> ARDELRANGE seats 0 12 1000000 14
(integer) 2
> ARGETRANGE seats 12 14
1) (nil)
2) "Grace"
3) (nil)"#,
    );

fn ardelrange(db: &mut Write<'_>, mut args: Args<'_>) -> Result {
    let key = args.key()?;
    if !args.len().is_multiple_of(2) {
        return Err(ReplyError::wrong_arity("ardelrange").into());
    }
    let mut ranges = Vec::with_capacity(args.len() / 2);
    while !args.is_empty() {
        ranges.push(Places::read(&mut args)?.range());
    }
    let Some(mut array) = db.array(key)? else { return Ok(Reply::Int(0)) };
    Ok(Reply::count(ranges.into_iter().map(|range| array.remove_range(range)).sum()))
}
