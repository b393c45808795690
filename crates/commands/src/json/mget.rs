//! `JSON.MGET key [key …] path`

use latchkey_keyspace::value::Json;
use latchkey_keyspace::value::json::Layout;
use latchkey_protocol::{Reply, ReplyError};

use super::document::{self, Room};
use super::path::Path;
use crate::Arity::AtLeast;
use crate::Keys::Range;
use crate::{Args, Cost, Read, Result, Spec};

pub(super) const MGET: Spec = Spec::read("JSON.MGET", mget)
    .summary(
        "Returns the text of what one path leads to in several JSON documents; null for a key without one.",
    )
    .since("8.0.0")
    .arity(AtLeast(3))
    .keys(Range { first: 1, last: -2, step: 1 })
    .cost(Cost::Values)
    .example(
        r#"> JSON.MSET one $ {"a":1} two $ {"a":2,"b":3}
OK
> JSON.MGET one two three $.a
1) "[1]"
2) "[2]"
3) (nil)
> JSON.MGET one two .b
1) (nil)
2) "3""#,
    );

fn mget(db: &mut Read<'_>, mut args: Args<'_>) -> Result {
    let (path, keys) = args.rest().split_last().ok_or(ReplyError::SYNTAX)?;
    let (path, room) = (Path::parse(path)?, Room::of_bytes());
    let texts = keys.iter().map(|key| match db.json(key) {
        Ok(Some(json)) => text(json, &path, &room),
        // A key of another type is no error here.
        Ok(None) | Err(_) => Ok(Reply::Null),
    });
    Ok(Reply::Array(texts.collect::<Result<_>>()?))
}

fn text(json: &Json, path: &Path, room: &Room) -> Result {
    let layout = Layout { bytes_max: document::REPLY_BYTES_MAX, ..Layout::default() };
    let mut out = Vec::new();
    if path.is_legacy() {
        let Some(node) = path.first(json.root())? else { return Ok(Reply::Null) };
        node.print_at(&mut out, layout, 0);
    } else {
        let nodes = path.nodes(json.root())?;
        layout.print_list(&mut out, b"[]", 0, nodes.into_iter(), |out, node| node.print_at(out, layout, 1));
    }
    room.take(out.len())?;
    Ok(Reply::Bulk(out.into()))
}
