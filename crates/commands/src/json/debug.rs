//! `JSON.DEBUG MEMORY key [path]`, `JSON.DEBUG HELP`

use latchkey_keyspace::cost;
use latchkey_protocol::Reply;

use super::document::{self, Room, missing, optional_path};
use crate::Arity::{AtLeast, Exactly};
use crate::Keys::At;
use crate::{Args, Cost, Read, Result, Spec};

pub(super) const DEBUG: Spec = Spec::container("JSON.DEBUG", &[HELP, MEMORY])
    .summary("Tells how many bytes values in JSON documents take.")
    .since("8.0.0");

const HELP: Spec = Spec::read("HELP", help)
    .summary("Lists the subcommands of JSON.DEBUG.")
    .since("8.0.0")
    .arity(Exactly(2))
    .example(
        r#"> JSON.DEBUG HELP
1) "MEMORY <key> [path] - reports memory usage"
2) "HELP                - this message""#,
    );

/// Answers stored bytes by the formula of [`cost`](latchkey_keyspace::cost), which quotas and bills are written in.
const MEMORY: Spec = Spec::read("MEMORY", memory)
    .summary("Returns the stored bytes that values in a JSON document count for.")
    .since("8.0.0")
    .arity(AtLeast(3))
    .keys(At(2))
    .cost(Cost::Values)
    .example(
        r#"> JSON.SET doc $ {"a":1,"b":"text"}
OK
> JSON.DEBUG MEMORY doc
(integer) 126
> JSON.DEBUG MEMORY doc $.*
1) (integer) 24
2) (integer) 28"#,
    );

fn help(_: &mut Read<'_>, _: Args<'_>) -> Result {
    let lines = ["MEMORY <key> [path] - reports memory usage", "HELP                - this message"];
    Ok(Reply::Array(lines.iter().map(Reply::bulk).collect()))
}

fn memory(db: &mut Read<'_>, mut args: Args<'_>) -> Result {
    let (key, path) = (args.key()?, optional_path(&mut args)?);
    args.done()?;
    let Some(json) = db.json(key)? else {
        return Ok(if path.is_legacy() { Reply::Int(0) } else { Reply::Array(Vec::new()) });
    };
    let room = Room::of_values();
    let found = document::read(json, &path, "any", |node| {
        let bytes = node.bytes();
        room.take((bytes / cost::JSON_VALUE) as usize)?;
        Ok(Some(Reply::Int(i64::try_from(bytes).unwrap_or(i64::MAX))))
    })?;
    Ok(found.ok_or_else(|| missing(&path))?)
}
