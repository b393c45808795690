//! `JSON.STRAPPEND key [path] value`

use latchkey_keyspace::Str;
use latchkey_keyspace::value::json::{JsonEffect, Node};
use latchkey_protocol::{Reply, ReplyError};

use super::document;
use super::path::Path;
use crate::Arity::AtLeast;
use crate::Keys::At;
use crate::{Args, Cost, Result, Spec, Write};

pub(super) const STRAPPEND: Spec = Spec::write("JSON.STRAPPEND", strappend)
    .summary("Appends a string to strings in a JSON document.")
    .since("8.0.0")
    .arity(AtLeast(3))
    .keys(At(1))
    .grows_freely()
    .cost(Cost::Values)
    .example(
        r#"> JSON.SET doc $ {"a":"foo","b":1}
OK
> JSON.STRAPPEND doc $.* "\"bar\""
1) (integer) 6
2) (nil)
> JSON.GET doc .a
"\"foobar\"""#,
    );

fn strappend(db: &mut Write<'_>, mut args: Args<'_>) -> Result {
    const NO_STRING: ReplyError = ReplyError::fixed("ERR value is not a JSON string");
    let key = args.key()?;
    let path = if args.len() > 1 { Path::parse(args.next()?)? } else { Path::legacy_root() };
    let Node::Text(tail) = document::value(args.next()?)? else { return Err(NO_STRING.into()) };
    args.done()?;
    let answers = document::change(db, key, &path, tail.len() as u64, |at, node| {
        let Node::Text(text) = node else { return Ok(None) };
        let longer = Str::from([&text[..], &tail[..]].concat());
        let length = Reply::count(longer.len());
        Ok(Some((length, Some(JsonEffect::Set { at: at.clone(), node: Node::Text(longer) }))))
    })?;
    document::reply(&path, answers, "not a string")
}
