//! `HGET key field`

use latchkey_protocol::Reply;

use crate::Arity::Exactly;
use crate::Keys::At;
use crate::{Args, Read, Result, Spec};

pub(super) const HGET: Spec = Spec::read("HGET", hget)
    .summary("Returns the value of a field of a hash.")
    .since("2.0.0")
    .arity(Exactly(3))
    .keys(At(1))
    .fast()
    .example(
        r#"> HSET user name Ada
(integer) 1
> HGET user name
"Ada"
> HGET user age
(nil)"#,
    );

fn hget(db: &mut Read<'_>, mut args: Args<'_>) -> Result {
    let (hash, field) = (db.hash(args.key()?)?, args.next()?);
    let value = hash.and_then(|hash| hash.get(field, db.now()));
    Ok(Reply::or_null(value.map(|value| Reply::Bulk(value.to_bytes()))))
}
