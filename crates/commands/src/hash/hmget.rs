//! `HMGET key field [field …]`

use latchkey_protocol::Reply;

use crate::Arity::AtLeast;
use crate::Keys::At;
use crate::{Args, Read, Result, Spec};

pub(super) const HMGET: Spec = Spec::read("HMGET", hmget)
    .summary("Returns the values of fields of a hash.")
    .since("2.0.0")
    .arity(AtLeast(3))
    .keys(At(1))
    .fast()
    .example(
        r#"> HSET user name Ada age 36
(integer) 2
> HMGET user age city name
1) "36"
2) (nil)
3) "Ada""#,
    );

fn hmget(db: &mut Read<'_>, mut args: Args<'_>) -> Result {
    let hash = db.hash(args.key()?)?;
    let value = |field| Some(Reply::Bulk(hash?.get(field, db.now())?.to_bytes()));
    Ok(Reply::Array(args.rest().iter().map(|field| Reply::or_null(value(field))).collect()))
}
