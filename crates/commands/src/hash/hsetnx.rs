//! `HSETNX key field value`

use latchkey_protocol::Reply;

use crate::Arity::Exactly;
use crate::Keys::At;
use crate::{Args, Result, Spec, Write};

pub(super) const HSETNX: Spec = Spec::write("HSETNX", hsetnx)
    .event("hset")
    .summary("Sets a field of a hash, unless the field exists.")
    .since("2.0.0")
    .arity(Exactly(4))
    .keys(At(1))
    .grows()
    .fast()
    .example(
        r#"> HSETNX job owner alice
(integer) 1
> HSETNX job owner bob
(integer) 0
> HGET job owner
"alice""#,
    );

fn hsetnx(db: &mut Write<'_>, mut args: Args<'_>) -> Result {
    let (key, field, value) = (args.key()?, args.next()?, args.next()?);
    let mut hash = db.hash_or_new(key)?;
    let is_free = hash.get(field, hash.now()).is_none();
    if is_free {
        hash.put(field, value, None);
    }
    Ok(Reply::flag(is_free))
}
