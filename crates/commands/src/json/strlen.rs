//! `JSON.STRLEN key [path]`

use latchkey_keyspace::value::json::Node;
use latchkey_protocol::Reply;

use super::document::{self, missing, optional_path};
use crate::Arity::AtLeast;
use crate::Keys::At;
use crate::{Args, Cost, Read, Result, Spec};

pub(super) const STRLEN: Spec = Spec::read("JSON.STRLEN", strlen)
    .summary("Returns the length in bytes of strings in a JSON document.")
    .since("8.0.0")
    .arity(AtLeast(2))
    .keys(At(1))
    .cost(Cost::Values)
    .example(
        r#"> JSON.SET doc $ {"a":"text","b":1}
OK
> JSON.STRLEN doc $.*
1) (integer) 4
2) (nil)
> JSON.STRLEN doc .a
(integer) 4"#,
    );

fn strlen(db: &mut Read<'_>, mut args: Args<'_>) -> Result {
    let (key, path) = (args.key()?, optional_path(&mut args)?);
    args.done()?;
    let Some(json) = db.json(key)? else { return Ok(Reply::Null) };
    let found = document::read(json, &path, "string", |node| match node {
        Node::Text(text) => Ok(Some(Reply::count(text.len()))),
        _ => Ok(None),
    })?;
    Ok(found.ok_or_else(|| missing(&path))?)
}
