//! `JSON.OBJLEN key [path]`

use latchkey_keyspace::value::json::Node;
use latchkey_protocol::Reply;

use super::document::{self, optional_path};
use crate::Arity::AtLeast;
use crate::Keys::At;
use crate::{Args, Cost, Read, Result, Spec};

pub(super) const OBJLEN: Spec = Spec::read("JSON.OBJLEN", objlen)
    .summary("Returns the number of members of objects in a JSON document.")
    .since("8.0.0")
    .arity(AtLeast(2))
    .keys(At(1))
    .cost(Cost::Values)
    .example(
        r#"> JSON.SET doc $ {"a":{"x":1,"y":2},"b":1}
OK
> JSON.OBJLEN doc $.*
1) (integer) 2
2) (nil)
> JSON.OBJLEN doc
(integer) 2"#,
    );

fn objlen(db: &mut Read<'_>, mut args: Args<'_>) -> Result {
    let (key, path) = (args.key()?, optional_path(&mut args)?);
    args.done()?;
    let Some(json) = db.json(key)? else { return Ok(Reply::Null) };
    let found = document::read(json, &path, "object", |node| match node {
        Node::Object(object) => Ok(Some(Reply::count(object.len()))),
        _ => Ok(None),
    })?;
    Ok(Reply::or_null(found))
}
