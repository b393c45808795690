//! `JSON.DEL key [path]`, `JSON.FORGET key [path]`

use std::collections::BTreeMap;

use latchkey_keyspace::Class;
use latchkey_keyspace::value::json::{JsonEffect, Location};
use latchkey_protocol::Reply;

use super::document::{optional_path, outermost};
use crate::Arity::AtLeast;
use crate::Keys::At;
use crate::{Args, Cost, Result, Spec, Write};

pub(super) const DEL: Spec = Spec::write("JSON.DEL", del)
    .summary("Removes values from a JSON document, or the whole document. Returns how many it removed.")
    .since("8.0.0")
    .arity(AtLeast(2))
    .keys(At(1))
    .cost(Cost::Values)
    .example(
        r#"> JSON.SET doc $ {"a":1,"nested":{"a":2,"b":3}}
OK
> JSON.DEL doc $..a
(integer) 2
> JSON.GET doc
"{\"nested\":{\"b\":3}}"
> JSON.DEL doc
(integer) 1"#,
    );

pub(super) const FORGET: Spec = Spec::write("JSON.FORGET", del)
    .event("json.del")
    .summary("Does what JSON.DEL does.")
    .since("8.0.0")
    .arity(AtLeast(2))
    .keys(At(1))
    .cost(Cost::Values)
    .example(
        r#"> JSON.SET doc $ [1,2,3]
OK
> JSON.FORGET doc $[0,2]
(integer) 2
> JSON.GET doc
"[2]""#,
    );

fn del(db: &mut Write<'_>, mut args: Args<'_>) -> Result {
    let (key, path) = (args.key()?, optional_path(&mut args)?);
    args.done()?;
    let Some(json) = db.view().json(key)? else { return Ok(Reply::Int(0)) };
    if path.is_root() {
        db.remove_as(Class::Json, "json.del", key);
        return Ok(Reply::Int(1));
    }
    let found = outermost(path.locations(json.root())?);
    let count = found.len();
    remove(db, key, found)?;
    Ok(Reply::count(count))
}

/// Removes what is at these places, none of which lies in another: container by container, so that each is gone through
/// once, and the last first, so that the places of the others stay what they are.
pub(super) fn remove(db: &mut Write<'_>, key: &[u8], places: Vec<Location>) -> Result<()> {
    let mut containers: BTreeMap<Location, Vec<usize>> = BTreeMap::new();
    for mut at in places {
        if let Some(position) = at.pop() {
            containers.entry(at).or_default().push(position);
        }
    }
    if let Some(mut json) = db.json(key)? {
        for (at, positions) in containers.into_iter().rev() {
            json.change(JsonEffect::Remove { at, positions });
        }
    }
    Ok(())
}
