//! `JSON.TOGGLE key path`

use latchkey_keyspace::value::json::{JsonEffect, Node};
use latchkey_protocol::Reply;

use super::document;
use super::path::Path;
use crate::Arity::Exactly;
use crate::Keys::At;
use crate::{Args, Cost, Result, Spec, Write};

pub(super) const TOGGLE: Spec = Spec::write("JSON.TOGGLE", toggle)
    .summary("Turns true into false and false into true in a JSON document.")
    .since("8.0.0")
    .arity(Exactly(3))
    .keys(At(1))
    .cost(Cost::Values)
    .example(
        r#"> JSON.SET doc $ {"a":true,"b":1}
OK
> JSON.TOGGLE doc $.*
1) (integer) 0
2) (nil)
> JSON.TOGGLE doc .a
"true""#,
    );

fn toggle(db: &mut Write<'_>, mut args: Args<'_>) -> Result {
    let (key, path) = (args.key()?, Path::parse(args.next()?)?);
    let is_legacy = path.is_legacy();
    let answers = document::change(db, key, &path, 0, |at, node| {
        let Node::Bool(value) = node else { return Ok(None) };
        let answer = if is_legacy { document::text(&Node::Bool(!value)) } else { Reply::flag(!value) };
        Ok(Some((answer, Some(JsonEffect::Set { at: at.clone(), node: Node::Bool(!value) }))))
    })?;
    document::reply(&path, answers, "not a bool")
}
