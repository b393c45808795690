//! `HPERSIST key FIELDS numfields field [field …]`

use latchkey_protocol::Reply;

use super::fields::{self, NO_DEADLINE, NO_FIELD, NOT_POSITIVE};
use crate::Arity::AtLeast;
use crate::Keys::At;
use crate::{Args, Result, Spec, Write};

pub(super) const HPERSIST: Spec = Spec::write("HPERSIST", hpersist)
    .summary("Removes the expiration time of fields of a hash.")
    .since("7.4.0")
    .arity(AtLeast(5))
    .keys(At(1))
    .fast()
    .example(
        "> HSET session user ada token abc
(integer) 2
> HEXPIRE session 60 FIELDS 1 token
1) (integer) 1
> HPERSIST session FIELDS 3 token user nosuch
1) (integer) 1
2) (integer) -1
3) (integer) -2",
    );

/// The answer for a field that had a deadline.
const PERSISTED: i64 = 1;

fn hpersist(db: &mut Write<'_>, mut args: Args<'_>) -> Result {
    let key = args.key()?;
    db.view().hash(key)?; // as in Redis, another type is refused before the arguments are looked at
    let fields = fields::listed(&mut args, NOT_POSITIVE)?;
    let mut hash = db.hash(key)?;
    let mut persist = |field: &[u8]| {
        let Some(hash) = &mut hash else { return NO_FIELD };
        match hash.field(field, hash.now()).map(|field| field.expires_at_ms) {
            None => NO_FIELD,
            Some(None) => NO_DEADLINE,
            Some(Some(_)) => {
                hash.set_deadline(field, None);
                PERSISTED
            }
        }
    };
    Ok(Reply::Array(fields.iter().map(|field| Reply::Int(persist(field))).collect()))
}
