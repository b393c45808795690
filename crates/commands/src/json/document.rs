//! What the JSON commands share: refusals, shapes of replies, and changing what a path leads to.

use std::cell::Cell;

use latchkey_keyspace::Contents;
use latchkey_keyspace::value::Json;
use latchkey_keyspace::value::json::{self, DEPTH_MAX, JsonEffect, Location, Node};
use latchkey_protocol::{Reply, ReplyError};

use super::path::Path;
use crate::{Args, Result, Write};

/// A command needs a document and there is none.
pub(super) const NO_KEY: ReplyError =
    ReplyError::fixed("ERR could not perform this operation on a key that doesn't exist");
/// A path into a document that does not exist.
pub(super) const NO_ROOT: ReplyError = ReplyError::fixed("ERR new objects must be created at the root");

/// Reads an argument that is JSON text.
pub(super) fn value(word: &[u8]) -> Result<Node> {
    json::parse(word).map_err(|malformed| ReplyError::new(format!("ERR {malformed}")).into())
}

/// Reads all arguments that are left, each of which is JSON text.
pub(super) fn values(args: &mut Args<'_>) -> Result<Vec<Node>> {
    args.rest().iter().map(|word| value(word)).collect()
}

/// Reads the next argument, a path, which may be left out; then it is the whole document.
pub(super) fn optional_path(args: &mut Args<'_>) -> Result<Path> {
    if args.is_empty() { Ok(Path::legacy_root()) } else { Path::parse(args.next()?) }
}

/// A legacy path leads nowhere.
pub(super) fn missing(path: &Path) -> ReplyError {
    ReplyError::new(format!("ERR Path '{}' does not exist", path.text()))
}

/// A legacy path leads to a value of another type than the command is for.
fn wrong_type(expected: &str, node: &Node) -> ReplyError {
    let found = node.type_name();
    ReplyError::new(format!("WRONGTYPE wrong type of path value - expected {expected} but found {found}"))
}

/// What a reading command answers: to a JSONPath a list with `answer` for every match, null where it has none; to a
/// legacy path the answer for the first match, and `None` if there is no match.
pub(super) fn read(
    json: &Json,
    path: &Path,
    expected: &str,
    answer: impl Fn(&Node) -> Result<Option<Reply>>,
) -> Result<Option<Reply>> {
    if !path.is_legacy() {
        let nodes = path.nodes(json.root())?;
        let answers = nodes.into_iter().map(|node| answer(node).map(Reply::or_null));
        return Ok(Some(Reply::Array(answers.collect::<Result<_>>()?)));
    }
    let Some(node) = path.first(json.root())? else { return Ok(None) };
    Ok(Some(answer(node)?.ok_or_else(|| wrong_type(expected, node))?))
}

/// The text of a value, as a reply.
pub(super) fn text(node: &Node) -> Reply {
    let mut out = Vec::new();
    node.print(&mut out);
    Reply::Bulk(out.into())
}

/// No text is longer that a command answers.
pub(super) const REPLY_BYTES_MAX: usize = 256 * 1024 * 1024;

/// Refuses to answer more text than that.
pub(super) fn check_reply_bytes(bytes: usize) -> Result<()> {
    Room(Cell::new(REPLY_BYTES_MAX)).take(bytes)
}

/// How much may still be done for an answer. Matches may lie in each other or repeat, so it may be far more than the
/// document is large.
#[derive(Debug)]
pub(super) struct Room(Cell<usize>);

impl Room {
    /// For texts: the bytes that may still be answered.
    pub(super) fn of_bytes() -> Self {
        Self(Cell::new(REPLY_BYTES_MAX))
    }

    /// For a reply of many parts: how many may still be answered.
    pub(super) fn of_parts() -> Self {
        Self(Cell::new(1 << 22))
    }

    /// For what looks at all values inside a match: how many may still be looked at.
    pub(super) fn of_values() -> Self {
        Self(Cell::new(1 << 26))
    }

    /// Takes some; a refusal if there is too little left.
    pub(super) fn take(&self, amount: usize) -> Result<()> {
        const NO_ROOM: ReplyError = ReplyError::fixed("ERR the reply would be too long or take too long");
        self.0.set(self.0.get().checked_sub(amount).ok_or(NO_ROOM)?);
        Ok(())
    }
}

/// What is to happen at one match: what is answered for it, and how the document changes, if it does.
pub(super) type Decision<A> = (A, Option<JsonEffect>);

/// Changes what a path leads to. `decide` is asked for every match before anything changes, and says `None` where the
/// value is of another type than the command is for; each match makes the document larger by `growth_bytes` at most. The
/// answers are in the order of the matches.
pub(super) fn change<A>(
    db: &mut Write<'_>,
    key: &[u8],
    path: &Path,
    growth_bytes: u64,
    mut decide: impl FnMut(&Location, &Node) -> Result<Option<Decision<A>>>,
) -> Result<Vec<Option<A>>> {
    let json = db.view().json(key)?.ok_or(NO_KEY)?;
    let locations = path.locations(json.root())?;
    check_growth(db, json, locations.len(), growth_bytes)?;
    let (mut answers, mut changes) = (Vec::with_capacity(locations.len()), Vec::new());
    for at in locations {
        let node = json.at(&at).expect("a match is in the document");
        let (answer, change) = decide(&at, node)?.unzip();
        answers.push(answer);
        changes.extend(change.flatten().map(|change| (at, change)));
    }
    apply(db, key, changes)?;
    Ok(answers)
}

/// Makes changes at places, each place once, the last first: so none moves a place that is still to come, not even if
/// one lies in the other.
fn apply(db: &mut Write<'_>, key: &[u8], mut changes: Vec<(Location, JsonEffect)>) -> Result<()> {
    changes.sort_by(|(one, _), (other, _)| other.cmp(one));
    changes.dedup_by(|(one, _), (other, _)| one == other);
    if let Some(mut json) = db.json(key)? {
        changes.into_iter().for_each(|(_, change)| json.change(change));
    }
    Ok(())
}

/// The reply to a changing command: to a JSONPath all answers, null where the type did not fit; to a legacy path the last
/// answer. `otherwise` ends the error text when a legacy path leads to nothing that fits.
pub(super) fn reply(path: &Path, answers: Vec<Option<Reply>>, otherwise: &str) -> Result {
    if !path.is_legacy() {
        return Ok(Reply::Array(answers.into_iter().map(Reply::or_null).collect()));
    }
    Ok(last(path, answers, otherwise)?)
}

/// The last answer; an error that ends in `otherwise` if there is none.
pub(super) fn last<A>(
    path: &Path,
    answers: Vec<Option<A>>,
    otherwise: &str,
) -> std::result::Result<A, ReplyError> {
    answers
        .into_iter()
        .flatten()
        .next_back()
        .ok_or_else(|| ReplyError::new(format!("ERR Path '{}' does not exist or {otherwise}", path.text())))
}

/// Refuses to let a document grow beyond what the plan allows under one key, before memory is taken for it. A document
/// that is too large already may still be made smaller.
pub(super) fn check_growth(db: &Write<'_>, json: &Json, matches: usize, growth_bytes: u64) -> Result<()> {
    let growth_bytes = growth_bytes.saturating_mul(matches as u64);
    if growth_bytes == 0 {
        return Ok(());
    }
    db.check_record_bytes(growth_bytes.saturating_add(json.bytes()))
}

/// Refuses a value that would make the document too deep where it is put.
pub(super) fn check_depth(at: &[usize], node: &Node) -> Result<()> {
    check_levels(at.len() + node.depth())
}

/// Refuses values that would make the document too deep in the array where they are put.
pub(super) fn check_elements_depth(at: &[usize], elements: &[Node]) -> Result<()> {
    check_levels(at.len() + 1 + elements.iter().map(Node::depth).max().unwrap_or(0))
}

fn check_levels(levels: usize) -> Result<()> {
    if levels > DEPTH_MAX {
        return Err(ReplyError::new(format!("ERR document would have more than {DEPTH_MAX} levels")).into());
    }
    Ok(())
}

/// Sorts places in the order of the document, and drops those that lie in others.
pub(super) fn outermost(mut locations: Vec<Location>) -> Vec<Location> {
    locations.sort_unstable();
    let mut kept: Vec<Location> = Vec::with_capacity(locations.len());
    for at in locations {
        if !kept.last().is_some_and(|known| at.starts_with(known)) {
            kept.push(at);
        }
    }
    kept
}
