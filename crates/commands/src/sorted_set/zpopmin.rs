//! `ZPOPMIN key [count]`, `ZPOPMAX key [count]`, and of several keys with a timeout `BZPOPMIN key [key …] timeout`,
//! `BZPOPMAX key [key …] timeout`

use latchkey_keyspace::value::SortedSet;
use latchkey_keyspace::{Open, Str};
use latchkey_protocol::{Reply, ReplyError, number};

use super::reply;
use crate::Arity::AtLeast;
use crate::Keys::{At, Range};
use crate::{Args, Category, Cost, Result, Spec, Waits, Wanted, Write, waiting};

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

pub(super) const BZPOPMIN: Spec = Spec::write("BZPOPMIN", bzpopmin)
    .summary(
        "Removes the member with the lowest score from the first sorted set that has any, and returns it. Waits for one \
         if there is none, so many seconds at most; 0 is for ever.",
    )
    .since("5.0.0")
    .arity(AtLeast(3))
    .keys(Range { first: 1, last: -2, step: 1 })
    .fast()
    .event("zpopmin")
    .no_script()
    .waits(Waits::new(Wanted::SortedSet, waiting::seconds_at_end))
    .category(Category::Blocking)
    .example(
        r#"> ZADD board 10 ann 20 bob
(integer) 2
> BZPOPMIN nobody board 0.5
1) "board"
2) "ann"
3) "10""#,
    );

pub(super) const BZPOPMAX: Spec = Spec::write("BZPOPMAX", bzpopmax)
    .summary(
        "Removes the member with the highest score from the first sorted set that has any, and returns it. Waits for one \
         if there is none, so many seconds at most; 0 is for ever.",
    )
    .since("5.0.0")
    .arity(AtLeast(3))
    .keys(Range { first: 1, last: -2, step: 1 })
    .fast()
    .event("zpopmax")
    .no_script()
    .waits(Waits::new(Wanted::SortedSet, waiting::seconds_at_end))
    .category(Category::Blocking)
    .example(
        r#"> ZADD board 10 ann 20 bob
(integer) 2
> BZPOPMAX board 0
1) "board"
2) "bob"
3) "20""#,
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

fn bzpopmin(db: &mut Write<'_>, args: Args<'_>) -> Result {
    pop_first(db, args, End::Lowest)
}

fn bzpopmax(db: &mut Write<'_>, args: Args<'_>) -> Result {
    pop_first(db, args, End::Highest)
}

/// Pops one member of the first key that has any.
fn pop_first(db: &mut Write<'_>, mut args: Args<'_>, end: End) -> Result {
    let (timeout, keys) = args.rest().split_last().ok_or(ReplyError::SYNTAX)?;
    waiting::seconds(timeout, db.now())?;
    for key in keys {
        let popped = db.sorted_set(key)?.and_then(|mut set| end.pop(&mut set, 1).pop());
        if let Some((member, score)) = popped {
            let popped = vec![Reply::Bulk(key.clone()), reply::member(&member), Reply::Double(score)];
            return Ok(Reply::Array(popped));
        }
    }
    Ok(Reply::NullArray)
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
