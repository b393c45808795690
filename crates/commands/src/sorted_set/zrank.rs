//! `ZRANK key member [WITHSCORE]`, and `ZREVRANK key member [WITHSCORE]`, which counts from the highest score.

use latchkey_keyspace::value::SortedSet;
use latchkey_protocol::{Reply, ReplyError};

use crate::Arity::AtLeast;
use crate::Keys::At;
use crate::{Args, Read, Result, Spec};

pub(super) const ZRANK: Spec = Spec::read("ZRANK", zrank)
    .summary("Returns the rank of a member of a sorted set, counted from 0 at the lowest score.")
    .since("2.0.0")
    .arity(AtLeast(3))
    .keys(At(1))
    .fast()
    .example(
        r#"> ZADD board 10 ann 20 bob
(integer) 2
> ZRANK board bob
(integer) 1
> ZRANK board bob WITHSCORE
1) (integer) 1
2) "20"
> ZRANK board eve
(nil)"#,
    );

pub(super) const ZREVRANK: Spec = Spec::read("ZREVRANK", zrevrank)
    .summary("Returns the rank of a member of a sorted set, counted from 0 at the highest score.")
    .since("2.0.0")
    .arity(AtLeast(3))
    .keys(At(1))
    .fast()
    .example(
        r#"> ZADD board 10 ann 20 bob
(integer) 2
> ZREVRANK board bob
(integer) 0
> ZREVRANK board ann WITHSCORE
1) (integer) 1
2) "10""#,
    );

fn zrank(db: &mut Read<'_>, args: Args<'_>) -> Result {
    rank(db, args, "zrank", |set, member| set.rank(member))
}

fn zrevrank(db: &mut Read<'_>, args: Args<'_>) -> Result {
    rank(db, args, "zrevrank", |set, member| Some(set.len() - 1 - set.rank(member)?))
}

fn rank(
    db: &mut Read<'_>,
    mut args: Args<'_>,
    name: &str,
    rank_of: fn(&SortedSet, &[u8]) -> Option<usize>,
) -> Result {
    let (key, member) = (args.key()?, args.next()?);
    if args.len() > 1 {
        return Err(ReplyError::wrong_arity(name).into());
    }
    let with_score = args.option("WITHSCORE");
    args.done()?;
    let set = db.sorted_set(key)?;
    let rank = set.and_then(|set| rank_of(set, member)).map(Reply::count);
    if !with_score {
        return Ok(Reply::or_null(rank));
    }
    let score = set.and_then(|set| set.score(member)).map(Reply::Double);
    Ok(rank.zip(score).map_or(Reply::NullArray, |(rank, score)| Reply::Array(vec![rank, score])))
}
