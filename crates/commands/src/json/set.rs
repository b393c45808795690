//! `JSON.SET key path value [NX | XX]`

use latchkey_keyspace::value::Json;
use latchkey_keyspace::value::json::{JsonEffect, Location, Node};
use latchkey_keyspace::{Contents, cost};
use latchkey_protocol::Reply;

use super::document::{self, NO_ROOT, check_depth, check_elements_depth, check_growth, outermost};
use super::path::Path;
use crate::Arity::AtLeast;
use crate::Keys::At;
use crate::{Args, Cost, Result, Spec, Write};

pub(super) const SET: Spec = Spec::write("JSON.SET", set)
    .summary("Sets values in a JSON document, or a whole document. Levels in between are not created.")
    .since("8.0.0")
    .arity(AtLeast(4))
    .keys(At(1))
    .grows_freely()
    .cost(Cost::Values)
    .example(
        r#"> JSON.SET doc $ {"a":1}
OK
> JSON.SET doc $.b [2] NX
OK
> JSON.SET doc $.c 3 XX
(nil)
> JSON.GET doc
"{\"a\":1,\"b\":[2]}""#,
    );

fn set(db: &mut Write<'_>, mut args: Args<'_>) -> Result {
    let (key, path, value) = (args.key()?, Path::parse(args.next()?)?, document::value(args.next()?)?);
    let condition = Condition::parse(&mut args)?;
    let changes = changes(db, db.view().json(key)?, &path, value, condition)?;
    let Some(changes) = changes else { return Ok(Reply::Null) };
    let mut json = db.json_or_new(key)?;
    changes.into_iter().for_each(|change| json.change(change));
    Ok(Reply::OK)
}

/// Whether the place has to exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Condition {
    None,
    IfAbsent,
    IfPresent,
}

impl Condition {
    fn parse(args: &mut Args<'_>) -> Result<Self> {
        let condition = if args.option("NX") {
            Self::IfAbsent
        } else if args.option("XX") {
            Self::IfPresent
        } else {
            Self::None
        };
        args.done()?;
        Ok(condition)
    }
}

/// What sets a path's places in a document, or creates the one that it names; in the order in which it has to be done.
/// `None` if the condition does not hold, or if there is no object where a new member would go.
pub(super) fn changes(
    db: &Write<'_>,
    json: Option<&Json>,
    path: &Path,
    value: Node,
    condition: Condition,
) -> Result<Option<Vec<JsonEffect>>> {
    let root = match json {
        Some(json) if !path.is_root() => json,
        None if !path.is_root() && condition != Condition::IfPresent => return Err(NO_ROOT.into()),
        _ => return whole(db, json.is_some(), value, condition),
    };
    let places = path.locations(root.root())?;
    match (places.is_empty(), condition) {
        (false, Condition::IfAbsent) | (true, Condition::IfPresent) => Ok(None),
        (false, _) => replace(db, root, places, &value).map(Some),
        (true, _) => create(db, root, path, value),
    }
}

fn whole(db: &Write<'_>, exists: bool, value: Node, condition: Condition) -> Result<Option<Vec<JsonEffect>>> {
    let wanted = if exists { Condition::IfPresent } else { Condition::IfAbsent };
    if condition != Condition::None && condition != wanted {
        return Ok(None);
    }
    db.check_record_bytes(value.bytes())?;
    Ok(Some(vec![JsonEffect::Set { at: Location::new(), node: value }]))
}

/// The last place first: then what lies in another is set before the other takes it away.
fn replace(db: &Write<'_>, json: &Json, mut places: Vec<Location>, value: &Node) -> Result<Vec<JsonEffect>> {
    places.sort_unstable_by(|one, other| other.cmp(one));
    places.dedup();
    let replaced = outermost(places.clone()).iter().filter_map(|at| json.at(at)).map(Node::bytes).sum();
    let new = value.bytes().saturating_mul(places.len() as u64);
    db.check_record_bytes(json.bytes().saturating_sub(replaced).saturating_add(new))?;
    let set = |at: Location| {
        check_depth(&at, value)?;
        Ok(JsonEffect::Set { at, node: value.clone() })
    };
    places.into_iter().map(set).collect()
}

fn create(db: &Write<'_>, json: &Json, path: &Path, value: Node) -> Result<Option<Vec<JsonEffect>>> {
    let (parents, name) = path.parents(json.root())?;
    let Some(at) = parents.into_iter().next() else { return Ok(None) };
    let Some(Node::Object(object)) = json.at(&at) else { return Ok(None) };
    check_growth(db, json, 1, cost::JSON_MEMBER + name.len() as u64 + value.bytes())?;
    check_elements_depth(&at, std::slice::from_ref(&value))?;
    let members = vec![(object.len(), name.clone(), value)];
    Ok(Some(vec![JsonEffect::InsertMembers { at, members }]))
}
