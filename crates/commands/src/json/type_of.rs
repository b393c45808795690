//! `JSON.TYPE key [path]`

use latchkey_protocol::Reply;

use super::document::{self, optional_path};
use crate::Arity::AtLeast;
use crate::Keys::At;
use crate::{Args, Cost, Read, Result, Spec};

pub(super) const TYPE: Spec = Spec::read("JSON.TYPE", type_of)
    .summary("Returns the types of values in a JSON document.")
    .since("8.0.0")
    .arity(AtLeast(2))
    .keys(At(1))
    .cost(Cost::Values)
    .example(
        r#"> JSON.SET doc $ {"a":1,"b":1.5,"c":[true]}
OK
> JSON.TYPE doc $.*
1) "integer"
2) "number"
3) "array"
> JSON.TYPE doc
"object""#,
    );

fn type_of(db: &mut Read<'_>, mut args: Args<'_>) -> Result {
    let (key, path) = (args.key()?, optional_path(&mut args)?);
    args.done()?;
    let Some(json) = db.json(key)? else { return Ok(Reply::Null) };
    let found = document::read(json, &path, "any", |node| Ok(Some(Reply::bulk(node.type_name()))))?;
    Ok(Reply::or_null(found))
}
