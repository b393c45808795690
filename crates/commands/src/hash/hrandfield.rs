//! `HRANDFIELD key [count [WITHVALUES]]`

use latchkey_keyspace::Str;
use latchkey_keyspace::value::Hash;
use latchkey_protocol::{Reply, ReplyError};

use crate::Arity::AtLeast;
use crate::Keys::At;
use crate::{Args, Cost, Read, Result, Spec};

pub(super) const HRANDFIELD: Spec = Spec::read("HRANDFIELD", hrandfield)
    .summary("Returns fields of a hash at random: different ones, or with repetitions for a negative count.")
    .since("6.2.0")
    .arity(AtLeast(2))
    .keys(At(1))
    .cost(Cost::Values)
    .example(
        r#"> HSET coin heads obverse
(integer) 1
> HRANDFIELD coin
"heads"
> HRANDFIELD coin 5 WITHVALUES
1) "heads"
2) "obverse"
> HRANDFIELD coin -2
1) "heads"
2) "heads""#,
    );

/// A negative count asks for no more fields than this. Redis has no such limit, and would fill its memory; no honest
/// client notices one.
const REPETITIONS_MAX: u64 = 1_000_000;

fn hrandfield(db: &mut Read<'_>, mut args: Args<'_>) -> Result {
    let key = args.key()?;
    if args.is_empty() {
        let field = db.hash(key)?.and_then(|hash| hash.urn(1, db.now()).draw(db.chance));
        return Ok(Reply::or_null(field.map(|(name, _)| Reply::Bulk(name.to_bytes()))));
    }
    let (count, with_values) = count(&mut args)?;
    let Some(hash) = db.hash(key)? else { return Ok(Reply::Array(Vec::new())) };
    let drawn = draw(db, hash, count)?;
    let name = |name: &Str| Reply::Bulk(name.to_bytes());
    Ok(if with_values {
        Reply::Pairs(drawn.into_iter().map(|(field, value)| (name(field), name(value))).collect())
    } else {
        Reply::Array(drawn.into_iter().map(|(field, _)| name(field)).collect())
    })
}

/// How many, and whether with values.
fn count(args: &mut Args<'_>) -> Result<(i64, bool)> {
    const OUT_OF_RANGE: ReplyError = ReplyError::fixed("ERR value is out of range");
    let count = args.int()?;
    if count == i64::MIN {
        return Err(ReplyError::new(format!(
            "ERR value is out of range, value must between {} and {}",
            -i64::MAX,
            i64::MAX
        ))
        .into());
    }
    let with_values = !args.is_empty();
    if with_values && !args.option("WITHVALUES") {
        return Err(ReplyError::SYNTAX.into());
    }
    args.done()?;
    if with_values && count.unsigned_abs() > i64::MAX as u64 / 2 {
        return Err(OUT_OF_RANGE.into());
    }
    Ok((count, with_values))
}

fn draw<'a>(db: &mut Read<'_>, hash: &'a Hash, count: i64) -> Result<Vec<(&'a Str, &'a Str)>> {
    let draws = usize::try_from(count.unsigned_abs()).unwrap_or(usize::MAX);
    if count < 0 && count.unsigned_abs() > REPETITIONS_MAX {
        let text = format!("ERR value is out of range, at most {REPETITIONS_MAX} repetitions are answered");
        return Err(ReplyError::new(text).into());
    }
    let urn = hash.urn(draws, db.now());
    Ok(if count < 0 {
        (0..draws).filter_map(|_| urn.draw(db.chance)).collect()
    } else {
        urn.draw_distinct(draws, db.chance)
    })
}
