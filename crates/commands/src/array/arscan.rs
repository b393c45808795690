//! `ARSCAN key start end [LIMIT count]`

use latchkey_protocol::{Reply, ReplyError};

use super::place::Places;
use super::{LIMIT_NOT_POSITIVE, pair};
use crate::Arity::AtLeast;
use crate::Keys::At;
use crate::{Args, Cost, Read, Result, Spec};

pub(super) const ARSCAN: Spec = Spec::read("ARSCAN", arscan)
    .summary("Returns the elements of an array from one place to another, with their places.")
    .since("8.8.0")
    .arity(AtLeast(4))
    .keys(At(1))
    .cost(Cost::Values)
    .example(
        r#"> ARMSET readings 0 20.5 1000000 21 2000000 22
(integer) 3
> ARSCAN readings 18446744073709551614 0 LIMIT 2
1) 1) (integer) 2000000
   2) "22"
2) 1) (integer) 1000000
   2) "21""#,
    );

fn arscan(db: &mut Read<'_>, mut args: Args<'_>) -> Result {
    let (key, places) = (args.key()?, Places::read(&mut args)?);
    let count = limit(&mut args)?;
    let Some(array) = db.array(key)? else { return Ok(Reply::Array(Vec::new())) };
    Ok(Reply::Array(places.elements(array).take(count).map(pair).collect()))
}

fn limit(args: &mut Args<'_>) -> Result<usize> {
    match args.len() {
        0 => Ok(usize::MAX),
        2 if args.option("LIMIT") => positive(args),
        2 => Err(ReplyError::SYNTAX.into()),
        _ => Err(ReplyError::wrong_arity("arscan").into()),
    }
}

/// The next argument, which says how many to answer at most.
pub(super) fn positive(args: &mut Args<'_>) -> Result<usize> {
    let count = usize::try_from(args.int()?).unwrap_or(0);
    if count == 0 { Err(LIMIT_NOT_POSITIVE.into()) } else { Ok(count) }
}
