//! `SRANDMEMBER key [count]`

use latchkey_keyspace::value::Set;
use latchkey_protocol::{Reply, ReplyError};

use crate::Arity::AtLeast;
use crate::Keys::At;
use crate::counts::signed_count;
use crate::{Args, Cost, Read, Result, Spec};

pub(super) const SRANDMEMBER: Spec = Spec::read("SRANDMEMBER", srandmember)
    .summary(
        "Returns a member of a set drawn at random, or several; with repetitions if the count is negative.",
    )
    .since("1.0.0")
    .arity(AtLeast(2))
    .keys(At(1))
    .cost(Cost::Values)
    .example(
        r#"> SADD coins head
(integer) 1
> SRANDMEMBER coins
"head"
> SRANDMEMBER coins 2
1) "head"
> SRANDMEMBER coins -2
1) "head"
2) "head""#,
    );

/// The most members that one call may draw with repetitions. Only the client's number bounds them, not what is stored.
const REPEATED_MAX: usize = 1_000_000;

fn srandmember(db: &mut Read<'_>, mut args: Args<'_>) -> Result {
    let key = args.key()?;
    match args.len() {
        0 => draw_one(db, key),
        1 => draw_many(db, key, signed_count(&mut args)?),
        _ => Err(ReplyError::SYNTAX.into()),
    }
}

fn draw_one(db: &mut Read<'_>, key: &[u8]) -> Result {
    let member = db.set(key)?.and_then(|set| set.random(db.chance));
    Ok(Reply::or_null(member.map(|member| Reply::Bulk(member.to_bytes()))))
}

fn draw_many(db: &mut Read<'_>, key: &[u8], (count, repeats): (usize, bool)) -> Result {
    let Some(set) = db.set(key)? else { return Ok(Reply::Array(Vec::new())) };
    let members = if repeats {
        draw_repeatedly(set, count, db.chance)?
    } else {
        super::bulks(set.sample(count, db.chance).into_iter())
    };
    Ok(Reply::Array(members))
}

fn draw_repeatedly(set: &Set, count: usize, chance: &mut fastrand::Rng) -> Result<Vec<Reply>> {
    if count > REPEATED_MAX {
        return Err(ReplyError::fixed("ERR value is out of range").into());
    }
    Ok(super::bulks((0..count).filter_map(|_| set.random(chance))))
}
