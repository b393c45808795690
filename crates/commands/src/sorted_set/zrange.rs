//! `ZRANGE key start stop [BYSCORE | BYLEX] [REV] [LIMIT offset count] [WITHSCORES]`, and the older commands that are
//! one of its forms each: `ZREVRANGE key start stop [WITHSCORES]`, `ZRANGEBYSCORE key min max [WITHSCORES] [LIMIT
//! offset count]`, `ZREVRANGEBYSCORE key max min [WITHSCORES] [LIMIT offset count]`, `ZRANGEBYLEX key min max [LIMIT
//! offset count]`, `ZREVRANGEBYLEX key max min [LIMIT offset count]`

use std::ops::Range;

use latchkey_keyspace::Str;
use latchkey_keyspace::value::SortedSet;
use latchkey_protocol::ReplyError;

use super::bounds::{Bounds, By};
use super::reply;
use crate::Arity::AtLeast;
use crate::Keys::At;
use crate::{Args, Cost, Read, Result, Spec, int};

pub(super) const ZRANGE: Spec = Spec::read("ZRANGE", zrange)
    .summary("Returns the members of a sorted set within a range of ranks, scores or names.")
    .since("1.2.0")
    .arity(AtLeast(4))
    .keys(At(1))
    .cost(Cost::Values)
    .example(
        r#"> ZADD board 10 ann 20 bob 30 cleo
(integer) 3
> ZRANGE board 0 -1
1) "ann"
2) "bob"
3) "cleo"
> ZRANGE board +inf (10 BYSCORE REV LIMIT 0 1 WITHSCORES
1) "cleo"
2) "30""#,
    );

pub(super) const ZREVRANGE: Spec = Spec::read("ZREVRANGE", zrevrange)
    .summary("Returns the members of a sorted set within a range of ranks, counted from the highest score.")
    .since("1.2.0")
    .arity(AtLeast(4))
    .keys(At(1))
    .cost(Cost::Values)
    .example(
        r#"> ZADD board 10 ann 20 bob 30 cleo
(integer) 3
> ZREVRANGE board 0 1
1) "cleo"
2) "bob""#,
    );

pub(super) const ZRANGEBYSCORE: Spec = Spec::read("ZRANGEBYSCORE", zrangebyscore)
    .summary("Returns the members of a sorted set within a range of scores.")
    .since("1.0.5")
    .arity(AtLeast(4))
    .keys(At(1))
    .cost(Cost::Values)
    .example(
        r#"> ZADD board 10 ann 20 bob 30 cleo
(integer) 3
> ZRANGEBYSCORE board (10 30
1) "bob"
2) "cleo""#,
    );

pub(super) const ZREVRANGEBYSCORE: Spec = Spec::read("ZREVRANGEBYSCORE", zrevrangebyscore)
    .summary("Returns the members of a sorted set within a range of scores, highest first.")
    .since("2.2.0")
    .arity(AtLeast(4))
    .keys(At(1))
    .cost(Cost::Values)
    .example(
        r#"> ZADD board 10 ann 20 bob 30 cleo
(integer) 3
> ZREVRANGEBYSCORE board +inf -inf LIMIT 1 5
1) "bob"
2) "ann""#,
    );

pub(super) const ZRANGEBYLEX: Spec = Spec::read("ZRANGEBYLEX", zrangebylex)
    .summary("Returns the members of a sorted set within a range of names, if all scores are equal.")
    .since("2.8.9")
    .arity(AtLeast(4))
    .keys(At(1))
    .cost(Cost::Values)
    .example(
        r#"> ZADD names 0 ann 0 bob 0 cleo
(integer) 3
> ZRANGEBYLEX names - (bob
1) "ann""#,
    );

pub(super) const ZREVRANGEBYLEX: Spec = Spec::read("ZREVRANGEBYLEX", zrevrangebylex)
    .summary(
        "Returns the members of a sorted set within a range of names, last first, if all scores are equal.",
    )
    .since("2.8.9")
    .arity(AtLeast(4))
    .keys(At(1))
    .cost(Cost::Values)
    .example(
        r#"> ZADD names 0 ann 0 bob 0 cleo
(integer) 3
> ZREVRANGEBYLEX names + [bob
1) "cleo"
2) "bob""#,
    );

fn zrange(db: &mut Read<'_>, args: Args<'_>) -> Result {
    read(db, args, Form { scores: true, ..Form::OPEN })
}

fn zrevrange(db: &mut Read<'_>, args: Args<'_>) -> Result {
    read(db, args, Form::settled(By::Rank, true))
}

fn zrangebyscore(db: &mut Read<'_>, args: Args<'_>) -> Result {
    read(db, args, Form::settled(By::Score, false))
}

fn zrevrangebyscore(db: &mut Read<'_>, args: Args<'_>) -> Result {
    read(db, args, Form::settled(By::Score, true))
}

fn zrangebylex(db: &mut Read<'_>, args: Args<'_>) -> Result {
    read(db, args, Form::settled(By::Name, false))
}

fn zrevrangebylex(db: &mut Read<'_>, args: Args<'_>) -> Result {
    read(db, args, Form::settled(By::Name, true))
}

fn read(db: &mut Read<'_>, mut args: Args<'_>, form: Form) -> Result {
    let key = args.key()?;
    let query = Query::parse(args, form)?;
    let set = db.sorted_set(key)?;
    Ok(reply::members(set.into_iter().flat_map(|set| query.select(set)), query.with_scores))
}

/// What a command's name settles; the rest is left to options.
#[derive(Clone, Copy)]
pub(super) struct Form {
    by: Option<By>,
    reverse: Option<bool>,
    /// Whether WITHSCORES is an option.
    scores: bool,
}

impl Form {
    /// Nothing is settled but that there are no scores to be shown.
    pub(super) const OPEN: Self = Self { by: None, reverse: None, scores: false };

    fn settled(by: By, reverse: bool) -> Self {
        Self { by: Some(by), reverse: Some(reverse), scores: true }
    }
}

/// Which members are wanted.
pub(super) struct Query<'a> {
    bounds: Bounds<'a>,
    reverse: bool,
    offset: i64,
    /// A negative limit is none.
    limit: i64,
    with_scores: bool,
}

const SCORES_BY_NAME: ReplyError =
    ReplyError::fixed("ERR syntax error, WITHSCORES not supported in combination with BYLEX");

impl<'a> Query<'a> {
    /// Reads all that follows the key.
    pub(super) fn parse(mut args: Args<'a>, mut form: Form) -> Result<Self> {
        let (mut min, mut max) = (args.next()?, args.next()?);
        let (mut with_scores, mut offset, mut limit) = (false, 0, -1);
        while !args.is_empty() {
            if form.scores && args.option("WITHSCORES") {
                with_scores = true;
            } else if args.option("LIMIT") {
                let words = args.take(2)?;
                (offset, limit) = (int(&words[0])?, int(&words[1])?);
            } else {
                form.option(&mut args)?;
            }
        }
        let (by, reverse) = (form.by.unwrap_or(By::Rank), form.reverse.unwrap_or(false));
        if with_scores && by == By::Name {
            return Err(SCORES_BY_NAME.into());
        }
        if reverse && by != By::Rank {
            std::mem::swap(&mut min, &mut max);
        }
        Ok(Self { bounds: Bounds::parse(by, min, max)?, reverse, offset, limit, with_scores })
    }

    /// The members that the set has of those, in the order in which they are wanted.
    pub(super) fn select<'s>(&self, set: &'s SortedSet) -> impl Iterator<Item = (&'s Str, f64)> + use<'s> {
        let mut items = set.range(self.ranks(set));
        let reverse = self.reverse;
        std::iter::from_fn(move || if reverse { items.next_back() } else { items.next() })
    }

    fn ranks(&self, set: &SortedSet) -> Range<usize> {
        let ranks = self.bounds.ranks(set);
        match (self.reverse, self.bounds) {
            (false, _) => self.window(ranks),
            // The given ranks counted from the end.
            (true, Bounds::Ranks(..)) => mirror(self.window(ranks), set.len()),
            (true, _) => mirror(self.window(mirror(ranks, set.len())), set.len()),
        }
    }

    /// Those that LIMIT leaves. A negative offset leaves none, as in Redis.
    fn window(&self, ranks: Range<usize>) -> Range<usize> {
        let offset = usize::try_from(self.offset).unwrap_or(usize::MAX);
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let start = ranks.start.saturating_add(offset).min(ranks.end);
        start..start.saturating_add(limit).min(ranks.end)
    }
}

impl Form {
    /// Takes an option that settles what is still open.
    fn option(&mut self, args: &mut Args<'_>) -> Result<()> {
        if self.reverse.is_none() && args.option("REV") {
            self.reverse = Some(true);
        } else if self.by.is_none() && args.option("BYLEX") {
            self.by = Some(By::Name);
        } else if self.by.is_none() && args.option("BYSCORE") {
            self.by = Some(By::Score);
        } else {
            return Err(ReplyError::SYNTAX.into());
        }
        Ok(())
    }
}

/// The same ranks counted from the other end.
fn mirror(ranks: Range<usize>, len: usize) -> Range<usize> {
    len - ranks.end..len - ranks.start
}
