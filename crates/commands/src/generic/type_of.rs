//! `TYPE key`

use latchkey_keyspace::Kind;
use latchkey_protocol::Reply;

use crate::Arity::Exactly;
use crate::Keys::At;
use crate::{Args, Read, Result, Spec};

pub(super) const TYPE: Spec = Spec::read("TYPE", type_of)
    .summary("Returns the type of the value of a key.")
    .since("1.0.0")
    .arity(Exactly(2))
    .keys(At(1))
    .fast()
    .example(
        "> SET greeting hello
OK
> TYPE greeting
string
> TYPE farewell
none",
    );

fn type_of(db: &mut Read<'_>, mut args: Args<'_>) -> Result {
    let kind = db.look(args.key()?).map(|entry| entry.value().kind());
    Ok(Reply::status(kind.map_or("none", Kind::name)))
}
