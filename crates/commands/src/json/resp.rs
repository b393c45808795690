//! `JSON.RESP key [path]`

use latchkey_keyspace::value::json::{Node, Number};
use latchkey_protocol::Reply;

use super::document::{Room, missing, optional_path};
use crate::Arity::AtLeast;
use crate::Keys::At;
use crate::{Args, Cost, Read, Result, Spec};

pub(super) const RESP: Spec = Spec::read("JSON.RESP", resp)
    .summary("Returns values in a JSON document in the protocol's own types.")
    .since("8.0.0")
    .arity(AtLeast(2))
    .keys(At(1))
    .cost(Cost::Values)
    .example(
        r#"> JSON.SET doc $ {"a":1,"b":[true,null,1.5]}
OK
> JSON.RESP doc
1) "{"
2) "a"
3) (integer) 1
4) "b"
5) 1) "["
   2) true
   3) (nil)
   4) "1.5""#,
    );

fn resp(db: &mut Read<'_>, mut args: Args<'_>) -> Result {
    let (key, path) = (args.key()?, optional_path(&mut args)?);
    args.done()?;
    let Some(json) = db.json(key)? else { return Ok(Reply::Null) };
    let room = Room::of_parts();
    if path.is_legacy() {
        let node = path.first(json.root())?.ok_or_else(|| missing(&path))?;
        return as_reply(node, &room);
    }
    let nodes = path.nodes(json.root())?;
    Ok(Reply::Array(nodes.into_iter().map(|node| as_reply(node, &room)).collect::<Result<_>>()?))
}

/// Arrays and objects begin with their bracket. What no integer of the protocol can say is text.
fn as_reply(node: &Node, room: &Room) -> Result {
    room.take(1)?;
    Ok(match node {
        Node::Null => Reply::Null,
        Node::Bool(true) => Reply::status("true"),
        Node::Bool(false) => Reply::status("false"),
        Node::Number(Number::Int(value)) => Reply::Int(*value),
        Node::Number(_) => super::document::text(node),
        Node::Text(text) => Reply::Bulk(text.to_bytes()),
        Node::Array(array) => {
            let mut items = vec![Reply::bulk("[")];
            for element in array.iter() {
                items.push(as_reply(element, room)?);
            }
            Reply::Array(items)
        }
        Node::Object(object) => {
            let mut items = vec![Reply::bulk("{")];
            for (name, value) in object.iter() {
                items.extend([Reply::Bulk(name.to_bytes()), as_reply(value, room)?]);
            }
            Reply::Array(items)
        }
    })
}
