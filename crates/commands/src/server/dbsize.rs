//! `DBSIZE`

use latchkey_protocol::Reply;

use crate::Arity::Exactly;
use crate::{Args, Category, Read, Result, Spec};

pub(super) const DBSIZE: Spec = Spec::read("DBSIZE", dbsize)
    .summary("Returns the number of keys.")
    .since("1.0.0")
    .arity(Exactly(1))
    .fast()
    .reaches_all()
    .category(Category::Keyspace)
    .example("> MSET one 1 two 2\nOK\n> DBSIZE\n(integer) 2");

fn dbsize(db: &mut Read<'_>, _: Args<'_>) -> Result {
    Ok(Reply::count(db.len()))
}
