//! `ZMSCORE key member [member …]`

use latchkey_protocol::Reply;

use crate::Arity::AtLeast;
use crate::Keys::At;
use crate::{Args, Read, Result, Spec};

pub(super) const ZMSCORE: Spec = Spec::read("ZMSCORE", zmscore)
    .summary("Returns the scores of several members of a sorted set.")
    .since("6.2.0")
    .arity(AtLeast(3))
    .keys(At(1))
    .fast()
    .example(
        r#"> ZADD board 10 ann 20 bob
(integer) 2
> ZMSCORE board ann eve bob
1) "10"
2) (nil)
3) "20""#,
    );

fn zmscore(db: &mut Read<'_>, mut args: Args<'_>) -> Result {
    let set = db.sorted_set(args.key()?)?;
    let score = |member| Reply::or_null(set.and_then(|set| set.score(member)).map(Reply::Double));
    Ok(Reply::Array(args.rest().iter().map(|member| score(member)).collect()))
}
