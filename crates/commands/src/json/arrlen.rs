//! `JSON.ARRLEN key [path]`

use latchkey_keyspace::value::json::Node;
use latchkey_protocol::Reply;

use super::document::{self, NO_KEY, missing, optional_path};
use crate::Arity::AtLeast;
use crate::Keys::At;
use crate::{Args, Cost, Read, Result, Spec};

pub(super) const ARRLEN: Spec = Spec::read("JSON.ARRLEN", arrlen)
    .summary("Returns the number of elements of arrays in a JSON document.")
    .since("8.0.0")
    .arity(AtLeast(2))
    .keys(At(1))
    .cost(Cost::Values)
    .example(
        r#"> JSON.SET doc $ {"a":[1,2],"b":"text"}
OK
> JSON.ARRLEN doc $.*
1) (integer) 2
2) (nil)
> JSON.ARRLEN doc .a
(integer) 2"#,
    );

fn arrlen(db: &mut Read<'_>, mut args: Args<'_>) -> Result {
    let (key, path) = (args.key()?, optional_path(&mut args)?);
    args.done()?;
    let Some(json) = db.json(key)? else {
        return if path.is_legacy() { Ok(Reply::Null) } else { Err(NO_KEY.into()) };
    };
    let found = document::read(json, &path, "array", |node| match node {
        Node::Array(array) => Ok(Some(Reply::count(array.len()))),
        _ => Ok(None),
    })?;
    Ok(found.ok_or_else(|| missing(&path))?)
}
