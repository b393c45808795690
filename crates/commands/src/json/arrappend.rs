//! `JSON.ARRAPPEND key path value [value …]`

use latchkey_keyspace::value::json::{JsonEffect, Node};
use latchkey_protocol::Reply;

use super::document::{self, check_elements_depth};
use super::path::Path;
use crate::Arity::AtLeast;
use crate::Keys::At;
use crate::{Args, Cost, Result, Spec, Write};

pub(super) const ARRAPPEND: Spec = Spec::write("JSON.ARRAPPEND", arrappend)
    .summary("Appends values to arrays in a JSON document.")
    .since("8.0.0")
    .arity(AtLeast(4))
    .keys(At(1))
    .grows_freely()
    .cost(Cost::Values)
    .example(
        r#"> JSON.SET cart $ {"items":[1],"note":"none"}
OK
> JSON.ARRAPPEND cart $.* 2 {"id":3}
1) (integer) 3
2) (nil)
> JSON.GET cart .items
"[1,2,{\"id\":3}]""#,
    );

fn arrappend(db: &mut Write<'_>, mut args: Args<'_>) -> Result {
    let (key, path, values) = (args.key()?, Path::parse(args.next()?)?, document::values(&mut args)?);
    let growth_bytes = values.iter().map(Node::bytes).sum();
    let answers = document::change(db, key, &path, growth_bytes, |at, node| {
        let Node::Array(array) = node else { return Ok(None) };
        check_elements_depth(at, &values)?;
        let elements =
            values.iter().cloned().enumerate().map(|(i, value)| (array.len() + i, value)).collect();
        let change = JsonEffect::InsertElements { at: at.clone(), elements };
        Ok(Some((Reply::count(array.len() + values.len()), Some(change))))
    })?;
    document::reply(&path, answers, "not an array")
}
