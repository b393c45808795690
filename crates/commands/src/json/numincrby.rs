//! `JSON.NUMINCRBY key path value`, `JSON.NUMMULTBY key path value`

use latchkey_keyspace::value::json::{JsonEffect, Layout, Node, Number};
use latchkey_protocol::{Reply, ReplyError};

use super::document;
use super::path::Path;
use crate::Arity::Exactly;
use crate::Keys::At;
use crate::{Args, Cost, Result, Spec, Write};

pub(super) const NUMINCRBY: Spec = Spec::write("JSON.NUMINCRBY", numincrby)
    .summary("Adds to numbers in a JSON document and returns the text of the results.")
    .since("8.0.0")
    .arity(Exactly(4))
    .keys(At(1))
    .cost(Cost::Values)
    .example(
        r#"> JSON.SET doc $ {"a":"text","b":2,"c":2.5}
OK
> JSON.NUMINCRBY doc $.* 2
"[null,4,4.5]"
> JSON.NUMINCRBY doc .b -1
"3""#,
    );

pub(super) const NUMMULTBY: Spec = Spec::write("JSON.NUMMULTBY", nummultby)
    .summary("Multiplies numbers in a JSON document and returns the text of the results.")
    .since("8.0.0")
    .arity(Exactly(4))
    .keys(At(1))
    .cost(Cost::Values)
    .example(
        r#"> JSON.SET doc $ {"a":"text","b":2,"c":2.5}
OK
> JSON.NUMMULTBY doc $.* 2
"[null,4,5.0]""#,
    );

fn numincrby(db: &mut Write<'_>, args: Args<'_>) -> Result {
    calculate(db, args, Number::plus)
}

fn nummultby(db: &mut Write<'_>, args: Args<'_>) -> Result {
    calculate(db, args, Number::times)
}

/// A number takes the same bytes whatever it is, so the document does not grow.
fn calculate(
    db: &mut Write<'_>,
    mut args: Args<'_>,
    operation: fn(Number, Number) -> Option<Number>,
) -> Result {
    const NO_NUMBER: ReplyError = ReplyError::fixed("ERR value is not a number");
    const NO_RESULT: ReplyError = ReplyError::fixed("ERR result is not a number");
    let (key, path) = (args.key()?, Path::parse(args.next()?)?);
    let Node::Number(operand) = document::value(args.next()?)? else { return Err(NO_NUMBER.into()) };
    let answers = document::change(db, key, &path, 0, |at, node| {
        let Node::Number(number) = node else { return Ok(None) };
        let result = operation(*number, operand).ok_or(NO_RESULT)?;
        let change = JsonEffect::Set { at: at.clone(), node: Node::Number(result) };
        Ok(Some((result, Some(change))))
    })?;
    if path.is_legacy() {
        let result = document::last(&path, answers, "does not contains a number")?;
        return Ok(document::text(&Node::Number(result)));
    }
    Ok(list(answers))
}

fn list(answers: Vec<Option<Number>>) -> Reply {
    let mut out = Vec::new();
    Layout::default().print_list(&mut out, b"[]", 0, answers.into_iter(), |out, answer| match answer {
        Some(number) => number.print(out),
        None => out.extend(b"null"),
    });
    Reply::Bulk(out.into())
}
