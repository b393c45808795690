//! `JSON.ARRINDEX key path value [start [stop]]`

use latchkey_keyspace::cost;
use latchkey_keyspace::value::json::{Array, Node};
use latchkey_protocol::Reply;

use super::document::{self, NO_KEY, Room, missing};
use super::path::Path;
use crate::Arity::AtLeast;
use crate::Keys::At;
use crate::{Args, Cost, Read, Result, Spec};

pub(super) const ARRINDEX: Spec = Spec::read("JSON.ARRINDEX", arrindex)
    .summary("Returns where a value is first found in arrays of a JSON document; -1 where it is not.")
    .since("8.0.0")
    .arity(AtLeast(4))
    .keys(At(1))
    .cost(Cost::Values)
    .example(
        r#"> JSON.SET doc $ {"a":[5,7,7],"b":[1],"c":7}
OK
> JSON.ARRINDEX doc $.* 7
1) (integer) 1
2) (integer) -1
3) (nil)
> JSON.ARRINDEX doc .a 7 2
(integer) 2"#,
    );

fn arrindex(db: &mut Read<'_>, mut args: Args<'_>) -> Result {
    let (key, path, value) = (args.key()?, Path::parse(args.next()?)?, document::value(args.next()?)?);
    let start = if args.is_empty() { 0 } else { args.int()? };
    let stop = if args.is_empty() { 0 } else { args.int()? };
    args.done()?;
    let json = db.json(key)?.ok_or(NO_KEY)?;
    // A comparison looks at no more values than the wanted one has.
    let (room, comparison) = (Room::of_values(), (value.bytes() / cost::JSON_VALUE) as usize);
    let found = document::read(json, &path, "array", |node| match node {
        Node::Array(array) => {
            room.take(array.len().saturating_mul(comparison))?;
            Ok(Some(position_of(&value, array, start, stop)))
        }
        _ => Ok(None),
    })?;
    Ok(found.ok_or_else(|| missing(&path))?)
}

/// Looks from `start` to before `stop`, where 0 is the end and negative numbers count from there.
fn position_of(value: &Node, array: &Array, start: i64, stop: i64) -> Reply {
    let len = array.len() as i64;
    let bound = |index: i64| if index < 0 { index.saturating_add(len) } else { index }.clamp(0, len) as usize;
    let (start, stop) = (bound(start), if stop == 0 { array.len() } else { bound(stop) });
    let found = (start..stop).find(|&position| array.get(position) == Some(value));
    found.map_or(Reply::Int(-1), Reply::count)
}
