//! `ZSCORE key member`

use latchkey_protocol::Reply;

use crate::Arity::Exactly;
use crate::Keys::At;
use crate::{Args, Read, Result, Spec};

pub(super) const ZSCORE: Spec = Spec::read("ZSCORE", zscore)
    .summary("Returns the score of a member of a sorted set.")
    .since("1.2.0")
    .arity(Exactly(3))
    .keys(At(1))
    .fast()
    .example(
        r#"> ZADD board 10.50 ann
(integer) 1
> ZSCORE board ann
"10.5"
> ZSCORE board bob
(nil)"#,
    );

fn zscore(db: &mut Read<'_>, mut args: Args<'_>) -> Result {
    let set = db.sorted_set(args.key()?)?;
    let member = args.next()?;
    Ok(Reply::or_null(set.and_then(|set| set.score(member)).map(Reply::Double)))
}
