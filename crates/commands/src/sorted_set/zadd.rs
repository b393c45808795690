//! `ZADD key [NX | XX] [GT | LT] [CH] [INCR] score member [score member …]` and `ZINCRBY key increment member`

use bytes::Bytes;
use latchkey_protocol::{Reply, ReplyError};

use crate::Arity::{AtLeast, Exactly};
use crate::Keys::At;
use crate::{Args, Result, Spec, Write, float};

pub(super) const ZADD: Spec = Spec::write("ZADD", zadd)
    .summary("Adds members with scores to a sorted set, or updates their scores. Creates the key if it doesn't exist.")
    .since("1.2.0")
    .arity(AtLeast(4))
    .keys(At(1))
    .grows()
    .fast()
    .example(
        r#"> ZADD board 10 ann 20 bob
(integer) 2
> ZADD board GT CH 15 ann 15 bob
(integer) 1
> ZADD board INCR 1 ann
"16""#,
    );

pub(super) const ZINCRBY: Spec = Spec::write("ZINCRBY", zincrby)
    .event("zincr")
    .summary("Adds to the score of a member of a sorted set. A member that doesn't exist has the score 0.")
    .since("1.2.0")
    .arity(Exactly(4))
    .keys(At(1))
    .grows()
    .fast()
    .example(
        r#"> ZINCRBY board 2.5 ann
"2.5"
> ZINCRBY board -1 ann
"1.5""#,
    );

fn zadd(db: &mut Write<'_>, args: Args<'_>) -> Result {
    add(db, args, Options::default())
}

fn zincrby(db: &mut Write<'_>, args: Args<'_>) -> Result {
    add(db, args, Options { incr: true, ..Options::default() })
}

const NX_AND_XX: ReplyError = ReplyError::fixed("ERR XX and NX options at the same time are not compatible");
const GT_LT_NX: ReplyError =
    ReplyError::fixed("ERR GT, LT, and/or NX options at the same time are not compatible");
const INCR_OF_ONE: ReplyError = ReplyError::fixed("ERR INCR option supports a single increment-element pair");
const NOT_A_SCORE: ReplyError = ReplyError::fixed("ERR resulting score is not a number (NaN)");

/// Every word is read before anything is written, so that a command that is refused changes nothing.
fn add(db: &mut Write<'_>, mut args: Args<'_>, mut options: Options) -> Result {
    let key = args.key()?;
    options.parse(&mut args);
    let pairs = args.rest();
    options.check(pairs.len())?;
    let pairs = pairs.chunks_exact(2).map(scored).collect::<Result<Vec<_>>>()?;

    if options.incr {
        db.call_it("zincr");
    }
    let mut set = db.sorted_set_or_new(key)?;
    let (mut added, mut updated, mut last) = (0, 0, None);
    for (score, member) in pairs {
        let old = set.score(member);
        last = options.decide(old, score)?;
        if let Some(score) = last {
            set.put(member, score);
            added += usize::from(old.is_none());
            updated += usize::from(old.is_some_and(|old| old != score));
        }
    }
    Ok(match (options.incr, options.ch) {
        (true, _) => Reply::or_null(last.map(Reply::Double)),
        (false, true) => Reply::count(added + updated),
        (false, false) => Reply::count(added),
    })
}

/// A score and its member.
fn scored(pair: &[Bytes]) -> Result<(f64, &[u8])> {
    Ok((float(&pair[0])?, &pair[1]))
}

/// ZADD's options.
#[derive(Clone, Copy, Default)]
struct Options {
    /// Only add members.
    nx: bool,
    /// Only update members.
    xx: bool,
    /// Only update to a greater score.
    gt: bool,
    /// Only update to a lesser score.
    lt: bool,
    /// Count updates too.
    ch: bool,
    /// Add to the score, and answer it.
    incr: bool,
}

impl Options {
    /// Takes options as long as there are some: a member may be called `nx`.
    fn parse(&mut self, args: &mut Args<'_>) {
        while let Some(option) = self.option(args) {
            *option = true;
        }
    }

    fn option(&mut self, args: &mut Args<'_>) -> Option<&mut bool> {
        let options = [
            ("NX", &mut self.nx),
            ("XX", &mut self.xx),
            ("GT", &mut self.gt),
            ("LT", &mut self.lt),
            ("CH", &mut self.ch),
            ("INCR", &mut self.incr),
        ];
        options.into_iter().find(|(name, _)| args.option(name)).map(|(_, option)| option)
    }

    /// Refuses what does not go together; `words` are left for scores and members.
    fn check(&self, words: usize) -> Result<()> {
        let conditions = [self.nx, self.gt, self.lt].into_iter().filter(|&given| given);
        let refusal = if words == 0 || words % 2 == 1 {
            ReplyError::SYNTAX
        } else if self.nx && self.xx {
            NX_AND_XX
        } else if conditions.count() > 1 {
            GT_LT_NX
        } else if self.incr && words > 2 {
            INCR_OF_ONE
        } else {
            return Ok(());
        };
        Err(refusal.into())
    }

    /// The score that a member gets, if the options let it have one.
    fn decide(&self, old: Option<f64>, score: f64) -> Result<Option<f64>> {
        let Some(old) = old else { return Ok((!self.xx).then_some(score)) };
        if self.nx {
            return Ok(None);
        }
        let new = if self.incr { old + score } else { score };
        if new.is_nan() {
            return Err(NOT_A_SCORE.into());
        }
        let refused = (self.gt && new <= old) || (self.lt && new >= old);
        Ok((!refused).then_some(new))
    }
}
