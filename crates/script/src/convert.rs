//! Replies as Lua values, and back, by Redis's rules for RESP2.

use std::borrow::Cow;

use bytes::Bytes;
use latchkey_protocol::{Reply, ReplyError, Words, number as protocol_number};
use mlua::{Lua, MultiValue, Table, Value};

use crate::meter::Meter;
use crate::number;
use crate::raise::{raise, raise_reply};
use crate::text::check_size;

/// What a value of an answer costs, in time and in the memory that it takes outside of the interpreter.
const VALUE_STEPS: usize = 20;

/// What a table costs besides the values in it.
const TABLE_STEPS: usize = 200;

/// So deep may tables be nested in a script's answer.
const DEPTH_MAX: usize = 100;

/// A reply as a script sees it. An error becomes a table with `err`.
pub(crate) fn to_lua(lua: &Lua, meter: &Meter, reply: Reply) -> mlua::Result<Value> {
    meter.charge(VALUE_STEPS)?;
    let text = |text: &[u8]| -> mlua::Result<Value> {
        meter.charge(text.len() / 8)?;
        Ok(Value::String(lua.create_string(text)?))
    };
    match reply {
        Reply::Status(status) => {
            meter.charge(TABLE_STEPS)?;
            named(lua, "ok", &status)
        }
        Reply::Error(error) => {
            meter.charge(TABLE_STEPS)?;
            named(lua, "err", error.text())
        }
        Reply::Bulk(bytes) | Reply::Number(bytes) | Reply::Verbatim(bytes) => text(&bytes),
        Reply::Int(n) => Ok(Value::Number(n as f64)),
        Reply::Null | Reply::NullArray => Ok(Value::Boolean(false)),
        Reply::Double(n) => text(protocol_number::format_double(n).as_bytes()),
        Reply::Bool(yes) => Ok(Value::Integer(i64::from(yes))),
        Reply::Array(items) | Reply::Set(items) => list(lua, meter, items),
        Reply::Pairs(pairs) | Reply::Map(pairs) => {
            list(lua, meter, pairs.into_iter().flat_map(|(name, value)| [name, value]).collect())
        }
        Reply::NestedMap(pairs) => {
            list(lua, meter, pairs.into_iter().map(|(name, value)| Reply::Array(vec![name, value])).collect())
        }
    }
}

fn list(lua: &Lua, meter: &Meter, items: Vec<Reply>) -> mlua::Result<Value> {
    meter.charge(TABLE_STEPS)?;
    let table = lua.create_table_with_capacity(items.len(), 0)?;
    for (at, item) in items.into_iter().enumerate() {
        table.raw_set(at + 1, to_lua(lua, meter, item)?)?;
    }
    Ok(Value::Table(table))
}

/// `{err = text}` or `{ok = text}`.
pub(crate) fn named(lua: &Lua, name: &str, text: &str) -> mlua::Result<Value> {
    let table = lua.create_table_with_capacity(0, 1)?;
    table.raw_set(name, text)?;
    Ok(Value::Table(table))
}

/// A script's answer as a reply.
pub(crate) fn to_reply(meter: &Meter, value: &Value) -> mlua::Result<Reply> {
    to_reply_within(meter, value, 0)
}

fn to_reply_within(meter: &Meter, value: &Value, depth: usize) -> mlua::Result<Reply> {
    meter.charge(VALUE_STEPS)?;
    Ok(match value {
        Value::String(text) => {
            let text = text.as_bytes();
            // A table may have one string many times, each of which is copied: so many steps as bytes.
            meter.charge(text.len())?;
            Reply::Bulk(Bytes::copy_from_slice(&text))
        }
        Value::Integer(n) => Reply::Int(*n),
        Value::Number(n) => Reply::Int(*n as i64),
        Value::Boolean(true) => Reply::Int(1),
        Value::Table(_) if depth == DEPTH_MAX => {
            Reply::Error(ReplyError::fixed("ERR reached lua stack limit"))
        }
        Value::Table(table) => table_to_reply(meter, table, depth + 1)?,
        _ => Reply::Null,
    })
}

fn table_to_reply(meter: &Meter, table: &Table, depth: usize) -> mlua::Result<Reply> {
    meter.charge(TABLE_STEPS)?;
    if let Value::String(text) = table.raw_get::<Value>("err")? {
        return Ok(Reply::Error(ReplyError::new(one_line(&text.to_string_lossy()))));
    }
    if let Value::String(text) = table.raw_get::<Value>("ok")? {
        return Ok(Reply::Status(Cow::Owned(one_line(&text.to_string_lossy()))));
    }
    if let Value::Number(n) = table.raw_get::<Value>("double")? {
        return Ok(Reply::Double(n));
    }
    if let Value::Table(map) = table.raw_get::<Value>("map")? {
        let pair = |pair: mlua::Result<(Value, Value)>| {
            let (name, value) = pair?;
            Ok((to_reply_within(meter, &name, depth)?, to_reply_within(meter, &value, depth)?))
        };
        return Ok(Reply::Map(map.pairs().map(pair).collect::<mlua::Result<_>>()?));
    }
    if let Value::Table(set) = table.raw_get::<Value>("set")? {
        let member = |pair: mlua::Result<(Value, Value)>| to_reply_within(meter, &pair?.0, depth);
        return Ok(Reply::Set(set.pairs().map(member).collect::<mlua::Result<_>>()?));
    }
    let mut items = Vec::new();
    loop {
        match table.raw_get::<Value>(items.len() + 1)? {
            Value::Nil => return Ok(Reply::Array(items)),
            item => items.push(to_reply_within(meter, &item, depth)?),
        }
    }
}

/// A status or an error is one line.
pub(crate) fn one_line(text: &str) -> String {
    text.trim_end_matches(['\r', '\n']).replace(['\r', '\n'], " ")
}

/// The words that a script calls a command with: at most [`STRING_BYTES_MAX`](crate::text::STRING_BYTES_MAX) together. A
/// number is cut toward zero, as Upstash does.
pub(crate) fn to_words(lua: &Lua, meter: &Meter, values: &MultiValue) -> mlua::Result<Words> {
    if values.is_empty() {
        return Err(raise(lua, "Please specify at least one argument for this redis.call() call"));
    }
    let mut bytes = 0;
    let word = |value| {
        let word = to_word(lua, meter, value)?;
        // One long string, given many times, would be copied as often.
        bytes += word.len();
        check_size(lua, bytes)?;
        Ok(word)
    };
    values.iter().map(word).collect()
}

fn to_word(lua: &Lua, meter: &Meter, value: &Value) -> mlua::Result<Bytes> {
    match value {
        Value::String(text) => {
            let text = text.as_bytes();
            meter.charge(text.len() / 8)?;
            Ok(Bytes::copy_from_slice(&text))
        }
        Value::Integer(n) => Ok(Bytes::from(n.to_string())),
        Value::Number(n) => Ok(Bytes::from(truncated(*n))),
        _ => Err(raise_reply(lua, "ERR Lua redis lib command arguments must be strings or integers")),
    }
}

/// A number without its fraction. What no 64-bit integer can hold is written as it is.
fn truncated(n: f64) -> String {
    let limit = 2_f64.powi(63);
    if (-limit..limit).contains(&n) { (n as i64).to_string() } else { number::general(n, 17, false) }
}
