//! `JSON.CLEAR key [path]`

use latchkey_keyspace::value::json::{JsonEffect, Node, Number};
use latchkey_protocol::Reply;

use super::document::{NO_KEY, optional_path, outermost};
use crate::Arity::AtLeast;
use crate::Keys::At;
use crate::{Args, Cost, Result, Spec, Write};

pub(super) const CLEAR: Spec = Spec::write("JSON.CLEAR", clear)
    .summary(
        "Empties arrays and objects and sets numbers to 0 in a JSON document. Returns how many it changed.",
    )
    .since("8.0.0")
    .arity(AtLeast(2))
    .keys(At(1))
    .cost(Cost::Values)
    .example(
        r#"> JSON.SET doc $ {"obj":{"a":1},"arr":[1],"str":"s","bool":true,"int":1,"float":1.5}
OK
> JSON.CLEAR doc $.*
(integer) 4
> JSON.GET doc
"{\"obj\":{},\"arr\":[],\"str\":\"s\",\"bool\":true,\"int\":0,\"float\":0}""#,
    );

fn clear(db: &mut Write<'_>, mut args: Args<'_>) -> Result {
    let (key, path) = (args.key()?, optional_path(&mut args)?);
    args.done()?;
    let json = db.view().json(key)?.ok_or(NO_KEY)?;
    let changes: Vec<_> = outermost(path.locations(json.root())?)
        .into_iter()
        .filter_map(|at| Some(JsonEffect::Set { node: cleared(json.at(&at)?)?, at }))
        .collect();
    let count = changes.len();
    if let Some(mut json) = db.json(key)? {
        changes.into_iter().for_each(|change| json.change(change));
    }
    Ok(Reply::count(count))
}

/// What clearing makes of a value; `None` if nothing.
fn cleared(node: &Node) -> Option<Node> {
    match node {
        Node::Array(array) if !array.is_empty() => Some(Node::array(Vec::new())),
        Node::Object(object) if !object.is_empty() => Some(Node::object(Vec::new())),
        Node::Number(number) if number.compare(Number::Int(0)).is_ne() => Some(Node::int(0)),
        _ => None,
    }
}
