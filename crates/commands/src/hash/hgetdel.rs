//! `HGETDEL key FIELDS numfields field [field …]`

use latchkey_protocol::Reply;

use super::fields::{self, NOT_POSITIVE};
use crate::Arity::AtLeast;
use crate::Keys::At;
use crate::{Args, Result, Spec, Write};

pub(super) const HGETDEL: Spec = Spec::write("HGETDEL", hgetdel)
    .event("hdel")
    .summary("Returns the values of fields of a hash, and removes the fields.")
    .since("8.0.0")
    .arity(AtLeast(5))
    .keys(At(1))
    .fast()
    .example(
        r#"> HSET inbox first hello second world
(integer) 2
> HGETDEL inbox FIELDS 2 first third
1) "hello"
2) (nil)
> HKEYS inbox
1) "second""#,
    );

fn hgetdel(db: &mut Write<'_>, mut args: Args<'_>) -> Result {
    let key = args.key()?;
    db.view().hash(key)?; // as in Redis, another type is refused before the arguments are looked at
    let fields = fields::listed(&mut args, NOT_POSITIVE)?;
    let mut hash = db.hash(key)?;
    let mut take = |field: &[u8]| {
        let value = hash.as_mut().and_then(|hash| hash.remove(field));
        Reply::or_null(value.map(|value| Reply::Bulk(value.to_bytes())))
    };
    Ok(Reply::Array(fields.iter().map(|field| take(field)).collect()))
}
