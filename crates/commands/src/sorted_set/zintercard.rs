//! `ZINTERCARD numkeys key [key …] [LIMIT limit]`

use latchkey_protocol::{Reply, ReplyError, number};

use super::operands::{Operand, operands};
use crate::Arity::AtLeast;
use crate::Keys::Counted;
use crate::{Args, Cost, Read, Result, Spec};

pub(super) const ZINTERCARD: Spec = Spec::read("ZINTERCARD", zintercard)
    .summary(
        "Returns how many members all of several sorted sets or sets have, counting no further than a limit.",
    )
    .since("7.0.0")
    .arity(AtLeast(3))
    .keys(Counted { at: 1 })
    .cost(Cost::Values)
    .example(
        "> ZADD monday 10 ann 20 bob
(integer) 2
> ZADD tuesday 5 bob 15 ann
(integer) 2
> ZINTERCARD 2 monday tuesday
(integer) 2
> ZINTERCARD 2 monday tuesday LIMIT 1
(integer) 1",
    );

fn zintercard(db: &mut Read<'_>, mut args: Args<'_>) -> Result {
    let mut operands = operands(**db, &mut args, "zintercard")?;
    let mut limit = usize::MAX;
    while !args.is_empty() {
        limit = limit_option(&mut args)?;
    }
    operands.sort_by_key(|operand| operand.source.len());
    Ok(Reply::count(count(&operands, limit)))
}

/// A limit of 0 is none.
fn limit_option(args: &mut Args<'_>) -> Result<usize> {
    const NEGATIVE: ReplyError = ReplyError::fixed("ERR LIMIT can't be negative");
    if !args.option("LIMIT") {
        return Err(ReplyError::SYNTAX.into());
    }
    let limit = number::parse_i64(args.next()?).filter(|&limit| limit >= 0).ok_or(NEGATIVE)?;
    Ok(usize::try_from(limit).ok().filter(|&limit| limit > 0).unwrap_or(usize::MAX))
}

/// How many members the smallest operand, which comes first, shares with all others.
fn count(operands: &[Operand<'_>], limit: usize) -> usize {
    let Some((smallest, others)) = operands.split_first() else { return 0 };
    let is_common = |member: &[u8]| others.iter().all(|operand| operand.source.score(member).is_some());
    smallest.source.iter().filter(|(member, _)| is_common(member)).take(limit).count()
}
