//! `JSON.OBJKEYS key [path]`

use latchkey_keyspace::value::json::{Node, Object};
use latchkey_protocol::Reply;

use super::document::{self, Room, optional_path};
use crate::Arity::AtLeast;
use crate::Keys::At;
use crate::{Args, Cost, Read, Result, Spec};

pub(super) const OBJKEYS: Spec = Spec::read("JSON.OBJKEYS", objkeys)
    .summary("Returns the names of the members of objects in a JSON document.")
    .since("8.0.0")
    .arity(AtLeast(2))
    .keys(At(1))
    .cost(Cost::Values)
    .example(
        r#"> JSON.SET doc $ {"a":{"x":1,"y":2},"b":1}
OK
> JSON.OBJKEYS doc $.*
1) 1) "x"
   2) "y"
2) (nil)
> JSON.OBJKEYS doc
1) "a"
2) "b""#,
    );

fn objkeys(db: &mut Read<'_>, mut args: Args<'_>) -> Result {
    let (key, path) = (args.key()?, optional_path(&mut args)?);
    args.done()?;
    let Some(json) = db.json(key)? else { return Ok(Reply::Null) };
    let room = Room::of_parts();
    let found = document::read(json, &path, "object", |node| match node {
        Node::Object(object) => {
            room.take(object.len())?;
            Ok(Some(names(object)))
        }
        _ => Ok(None),
    })?;
    Ok(Reply::or_null(found))
}

fn names(object: &Object) -> Reply {
    Reply::Array(object.iter().map(|(name, _)| Reply::Bulk(name.to_bytes())).collect())
}
