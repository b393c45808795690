//! `ZPOPMIN key [count]` and `ZPOPMAX`.

use latchkey_keyspace::value::SortedSet;
use latchkey_keyspace::{Open, Str};
use latchkey_protocol::{Reply, ReplyError, number};

use super::reply;
use crate::Arity::AtLeast;
use crate::Keys::At;
use crate::{Args, Cost, Result, Spec, Write};

pub(super) const ZPOPMIN: Spec = Spec::write("ZPOPMIN", zpopmin)
    .summary("Removes the members with the lowest scores from a sorted set, and returns them.")
    .since("5.0.0")
    .arity(AtLeast(2))
    .keys(At(1))
    .cost(Cost::Values)
    .fast()
    .example(
        r#"> ZADD board 10 ann 20 bob 30 cleo
(integer) 3
> ZPOPMIN board
1) "ann"
2) "10"
> ZPOPMIN board 5
1) "bob"
2) "20"
3) "cleo"
4) "30""#,
    );

pub(super) const ZPOPMAX: Spec = Spec::write("ZPOPMAX", zpopmax)
    .summary("Removes the members with the highest scores from a sorted set, and returns them.")
    .since("5.0.0")
    .arity(AtLeast(2))
    .keys(At(1))
    .cost(Cost::Values)
    .fast()
    .example(
        r#"> ZADD board 10 ann 20 bob 30 cleo
(integer) 3
> ZPOPMAX board 2
1) "cleo"
2) "30"
3) "bob"
4) "20""#,
    );

/// Which members are popped.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Lowest,
    Highest,
}

fn zpopmin(db: &mut Write<'_>, args: Args<'_>) -> Result {
    pop(db, args, End::Lowest)
}

fn zpopmax(db: &mut Write<'_>, args: Args<'_>) -> Result {
    pop(db, args, End::Highest)
}

/// Without a count the reply is flat also in RESP3: one member, its score.
fn pop(db: &mut Write<'_>, mut args: Args<'_>, end: End) -> Result {
    let key = args.key()?;
    if args.len() > 1 {
        return Err(ReplyError::SYNTAX.into());
    }
    let count = if args.is_empty() { None } else { Some(count(&mut args)?) };
    let popped = match db.sorted_set(key)? {
        Some(mut set) => end.pop(&mut set, count.unwrap_or(1)),
        None => Vec::new(),
    };
    let items = popped.iter().map(|(member, score)| (member, *score));
    Ok(match count {
        Some(_) => reply::members(items, true),
        None => Reply::Array(
            items.flat_map(|(name, score)| [reply::member(name), Reply::Double(score)]).collect(),
        ),
    })
}

/// How many to pop. More than there can be is as good as all.
fn count(args: &mut Args<'_>) -> Result<usize> {
    let count = number::parse_i64(args.next()?).filter(|&count| count >= 0);
    let count = count.ok_or(ReplyError::MUST_BE_POSITIVE)?;
    Ok(usize::try_from(count).unwrap_or(usize::MAX))
}

impl End {
    /// Removes up to `count` members and returns them, the outermost first.
    pub(super) fn pop(self, set: &mut Open<'_, SortedSet>, count: usize) -> Vec<(Str, f64)> {
        match self {
            Self::Lowest => set.remove_ranks(0..count),
            Self::Highest => {
                let len = set.len();
                let mut popped = set.remove_ranks(len.saturating_sub(count)..len);
                popped.reverse();
                popped
            }
        }
    }
}
