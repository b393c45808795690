//! `LREM key count element`

use latchkey_keyspace::Str;
use latchkey_protocol::Reply;

use crate::Arity::Exactly;
use crate::Keys::At;
use crate::counts::signed_count;
use crate::{Args, Cost, Result, Spec, Write};

pub(super) const LREM: Spec = Spec::write("LREM", lrem)
    .summary("Removes elements that equal a value: the first few, the last few if the count is negative, all if it is 0.")
    .since("1.0.0")
    .arity(Exactly(4))
    .keys(At(1))
    .cost(Cost::Values)
    .example(
        r#"> RPUSH queue a b a c a
(integer) 5
> LREM queue -2 a
(integer) 2
> LRANGE queue 0 -1
1) "a"
2) "b"
3) "c""#,
    );

fn lrem(db: &mut Write<'_>, mut args: Args<'_>) -> Result {
    let key = args.key()?;
    let (count, from_back) = signed_count(&mut args)?;
    let (item, count) = (args.next()?, if count == 0 { usize::MAX } else { count });
    let Some(mut list) = db.list(key)? else { return Ok(Reply::Int(0)) };
    let all = list.iter().enumerate();
    let indexes = if from_back { backwards(all.rev(), item, count) } else { matches(all, item, count) };
    list.remove(&indexes);
    Ok(Reply::count(indexes.len()))
}

/// The indexes of the first `count` elements that equal `item`.
fn matches<'a>(items: impl Iterator<Item = (usize, &'a Str)>, item: &[u8], count: usize) -> Vec<usize> {
    items.filter(|(_, other)| ***other == *item).map(|(index, _)| index).take(count).collect()
}

/// The same for elements that come last first; indexes ascend.
fn backwards<'a>(items: impl Iterator<Item = (usize, &'a Str)>, item: &[u8], count: usize) -> Vec<usize> {
    let mut indexes = matches(items, item, count);
    indexes.reverse();
    indexes
}
