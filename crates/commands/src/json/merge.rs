//! `JSON.MERGE key path value`

use latchkey_keyspace::Str;
use latchkey_keyspace::value::Json;
use latchkey_keyspace::value::json::{JsonEffect, Location, Node, Object};
use latchkey_protocol::Reply;

use super::del;
use super::document::{self, check_depth, check_growth, outermost};
use super::path::Path;
use super::set::{self, Condition};
use crate::Arity::Exactly;
use crate::Keys::At;
use crate::{Args, Cost, Result, Spec, Write};

pub(super) const MERGE: Spec = Spec::write("JSON.MERGE", merge)
    .summary("Merges a value into values of a JSON document by RFC 7386: members that are null go.")
    .since("8.0.0")
    .arity(Exactly(4))
    .keys(At(1))
    .grows_freely()
    .cost(Cost::Values)
    .example(
        r#"> JSON.SET doc $ {"a":1,"b":{"c":2,"d":3}}
OK
> JSON.MERGE doc $ {"a":null,"b":{"d":4},"e":[5]}
OK
> JSON.GET doc
"{\"b\":{\"c\":2,\"d\":4},\"e\":[5]}""#,
    );

fn merge(db: &mut Write<'_>, mut args: Args<'_>) -> Result {
    let (key, path, patch) = (args.key()?, Path::parse(args.next()?)?, document::value(args.next()?)?);
    let json = db.view().json(key)?;
    let places = json.map_or(Ok(Vec::new()), |json| path.locations(json.root()))?;
    let Some(json) = json.filter(|_| !places.is_empty()) else {
        let Some(changes) = created(db, json, &path, &patch)? else { return Ok(Reply::Null) };
        let mut json = db.json_or_new(key)?;
        changes.into_iter().for_each(|change| json.change(change));
        return Ok(Reply::OK);
    };
    if matches!(patch, Node::Null) && !path.is_root() {
        del::remove(db, key, outermost(places))?;
        return Ok(Reply::OK);
    }
    check_growth(db, json, places.len(), patch.bytes())?;
    places.iter().try_for_each(|at| check_depth(at, &patch))?;
    merge_into(db, key, places, &patch)?;
    Ok(Reply::OK)
}

/// Merges a patch into what is at these places: the last first, and each on what the others have left, for they may lie
/// in each other.
fn merge_into(db: &mut Write<'_>, key: &[u8], mut places: Vec<Location>, patch: &Node) -> Result<()> {
    places.sort_unstable();
    places.dedup();
    let Some(mut json) = db.json(key)? else { return Ok(()) };
    for mut at in places.into_iter().rev() {
        let mut changes = Vec::new();
        if let Some(target) = json.at(&at) {
            Merge { changes: &mut changes }.value(&mut at, target, patch);
        }
        changes.into_iter().for_each(|change| json.change(change));
    }
    Ok(())
}

/// What puts the patch where nothing is yet; `None` if there is no object where it would go.
fn created(
    db: &Write<'_>,
    json: Option<&Json>,
    path: &Path,
    patch: &Node,
) -> Result<Option<Vec<JsonEffect>>> {
    if json.is_some() && matches!(patch, Node::Null) {
        return Ok(Some(Vec::new()));
    }
    set::changes(db, json, path, without_nulls(patch), Condition::None)
}

/// Collects what a merge changes, in the order in which it has to be done.
struct Merge<'a> {
    changes: &'a mut Vec<JsonEffect>,
}

impl Merge<'_> {
    /// Merges a patch into the value at a place.
    fn value(&mut self, at: &mut Location, target: &Node, patch: &Node) {
        match (target, patch) {
            (Node::Object(target), Node::Object(patch)) => self.object(at, target, patch),
            _ => self.changes.push(JsonEffect::Set { at: at.clone(), node: without_nulls(patch) }),
        }
    }

    /// What is changed comes first, then what goes, then what is new: so no position is wrong when its turn comes.
    fn object(&mut self, at: &mut Location, target: &Object, patch: &Object) {
        let (mut gone, mut new) = (Vec::new(), Vec::new());
        for (name, value) in patch.iter() {
            match (target.get(name), value) {
                (Some((position, _)), Node::Null) => gone.push(position),
                (Some((position, known)), value) => {
                    at.push(position);
                    self.value(at, known, value);
                    at.pop();
                }
                (None, Node::Null) => {}
                (None, value) => new.push((name, value)),
            }
        }
        let kept = target.len() - gone.len();
        if !gone.is_empty() {
            gone.sort_unstable();
            self.changes.push(JsonEffect::Remove { at: at.clone(), positions: gone });
        }
        if !new.is_empty() {
            self.changes.push(JsonEffect::InsertMembers { at: at.clone(), members: behind(kept, new) });
        }
    }
}

/// New members behind `count` others.
fn behind(count: usize, new: Vec<(&Str, &Node)>) -> Vec<(usize, Str, Node)> {
    let member = |(i, (name, value)): (usize, (&Str, &Node))| (count + i, name.clone(), without_nulls(value));
    new.into_iter().enumerate().map(member).collect()
}

/// What merging a value into nothing gives: the value without the members that are null, at any depth of objects.
fn without_nulls(patch: &Node) -> Node {
    let Node::Object(object) = patch else { return patch.clone() };
    let kept = object.iter().filter(|(_, value)| !matches!(value, Node::Null));
    Node::object(kept.map(|(name, value)| (name.clone(), without_nulls(value))).collect())
}
