//! `ARCOUNT key`, and `ARLEN key`, which counts the gaps too.

use latchkey_keyspace::value::Array;
use latchkey_protocol::Reply;

use super::unsigned;
use crate::Arity::Exactly;
use crate::Keys::At;
use crate::{Args, Read, Result, Spec};

pub(super) const ARCOUNT: Spec =
    spec("ARCOUNT", arcount).summary("Returns how many elements an array has.").example(
        r#"> ARMSET readings 0 20.5 9 21
(integer) 2
> ARCOUNT readings
(integer) 2
> ARCOUNT missing
(integer) 0"#,
    );

pub(super) const ARLEN: Spec = spec("ARLEN", arlen)
    .summary("Returns the number behind the last place of an array that is used.")
    .example(
        r#"> ARMSET readings 0 20.5 9 21
(integer) 2
> ARLEN readings
(integer) 10"#,
    );

/// What the two have in common.
const fn spec(name: &'static str, handler: fn(&mut Read<'_>, Args<'_>) -> Result) -> Spec {
    Spec::read(name, handler).since("8.8.0").arity(Exactly(2)).keys(At(1)).fast()
}

fn arcount(db: &mut Read<'_>, mut args: Args<'_>) -> Result {
    Ok(Reply::count(db.array(args.key()?)?.map_or(0, Array::len)))
}

fn arlen(db: &mut Read<'_>, mut args: Args<'_>) -> Result {
    Ok(unsigned(db.array(args.key()?)?.map_or(0, Array::span)))
}
