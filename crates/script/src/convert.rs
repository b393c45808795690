//! Replies as Lua values, and back, by Redis's rules for RESP2 and RESP3.

use std::borrow::Cow;

use bytes::Bytes;
use latchkey_protocol::resp::Version;
use latchkey_protocol::{Reply, ReplyError, Words, number as protocol_number};
use mlua::{Lua, LuaString, MultiValue, Table, Value};

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
pub(crate) fn to_lua(lua: &Lua, meter: &Meter, version: Version, reply: Reply) -> mlua::Result<Value> {
    meter.charge(VALUE_STEPS)?;
    let is_rich = version == Version::Resp3;
    match reply {
        Reply::Status(status) => named(lua, meter, "ok", text(lua, meter, status.as_bytes())?),
        Reply::Error(error) => named(lua, meter, "err", text(lua, meter, error.text().as_bytes())?),
        Reply::Double(n) if is_rich => named(lua, meter, "double", Value::Number(n)),
        Reply::Number(digits) if is_rich => named(lua, meter, "double", Value::Number(double(&digits))),
        Reply::BigNumber(digits) if is_rich => named(lua, meter, "big_number", text(lua, meter, &digits)?),
        Reply::Verbatim(bytes) if is_rich => {
            let marked = lua.create_table_with_capacity(0, 2)?;
            marked.raw_set("format", "txt")?;
            marked.raw_set("string", text(lua, meter, &bytes)?)?;
            named(lua, meter, "verbatim_string", Value::Table(marked))
        }
        Reply::Bulk(bytes) | Reply::Number(bytes) | Reply::BigNumber(bytes) | Reply::Verbatim(bytes) => {
            text(lua, meter, &bytes)
        }
        Reply::Int(n) => Ok(Value::Number(n as f64)),
        Reply::Null | Reply::NullArray if is_rich => Ok(Value::Nil),
        Reply::Null | Reply::NullArray => Ok(Value::Boolean(false)),
        Reply::Double(n) => text(lua, meter, protocol_number::format_double(n).as_bytes()),
        Reply::Bool(yes) if is_rich => Ok(Value::Boolean(yes)),
        Reply::Bool(yes) => Ok(Value::Integer(i64::from(yes))),
        Reply::Map(pairs) | Reply::NestedMap(pairs) if is_rich => map(lua, meter, pairs),
        Reply::Set(items) if is_rich => set(lua, meter, items),
        Reply::Array(items) | Reply::Set(items) => list(lua, meter, version, items),
        Reply::Pairs(pairs) | Reply::Map(pairs) if !is_rich => {
            list(lua, meter, version, pairs.into_iter().flat_map(|(name, value)| [name, value]).collect())
        }
        Reply::Pairs(pairs) | Reply::Map(pairs) | Reply::NestedMap(pairs) => {
            let pair = |(name, value)| Reply::Array(vec![name, value]);
            list(lua, meter, version, pairs.into_iter().map(pair).collect())
        }
    }
}

fn text(lua: &Lua, meter: &Meter, text: &[u8]) -> mlua::Result<Value> {
    meter.charge(text.len() / 8)?;
    Ok(Value::String(lua.create_string(text)?))
}

/// The digits that commands answer are those of a number.
fn double(digits: &[u8]) -> f64 {
    std::str::from_utf8(digits).ok().and_then(|digits| digits.parse().ok()).unwrap_or(f64::NAN)
}

/// `{map = {name = value, …}}`
fn map(lua: &Lua, meter: &Meter, pairs: Vec<(Reply, Reply)>) -> mlua::Result<Value> {
    meter.charge(TABLE_STEPS)?;
    let table = lua.create_table_with_capacity(0, pairs.len())?;
    for (name, value) in pairs {
        let name = to_lua(lua, meter, Version::Resp3, name)?;
        // Nothing can be kept under nil, and no command answers a map with such a name.
        if !name.is_nil() {
            table.raw_set(name, to_lua(lua, meter, Version::Resp3, value)?)?;
        }
    }
    named(lua, meter, "map", Value::Table(table))
}

/// `{set = {member = true, …}}`
fn set(lua: &Lua, meter: &Meter, members: Vec<Reply>) -> mlua::Result<Value> {
    meter.charge(TABLE_STEPS)?;
    let table = lua.create_table_with_capacity(0, members.len())?;
    for member in members {
        let member = to_lua(lua, meter, Version::Resp3, member)?;
        if !member.is_nil() {
            table.raw_set(member, true)?;
        }
    }
    named(lua, meter, "set", Value::Table(table))
}

fn list(lua: &Lua, meter: &Meter, version: Version, items: Vec<Reply>) -> mlua::Result<Value> {
    meter.charge(TABLE_STEPS)?;
    // Room made beforehand would change what `#` says of a list with holes.
    let room = if version == Version::Resp3 { 0 } else { items.len() };
    let table = lua.create_table_with_capacity(room, 0)?;
    for (at, item) in items.into_iter().enumerate() {
        table.raw_set(at + 1, to_lua(lua, meter, version, item)?)?;
    }
    Ok(Value::Table(table))
}

/// A table with one field, such as `{err = text}`.
pub(crate) fn named(lua: &Lua, meter: &Meter, name: &str, value: Value) -> mlua::Result<Value> {
    meter.charge(TABLE_STEPS)?;
    let table = lua.create_table_with_capacity(0, 1)?;
    table.raw_set(name, value)?;
    Ok(Value::Table(table))
}

/// A script's answer as a reply.
pub(crate) struct Answer<'a> {
    pub(crate) meter: &'a Meter,
    /// In which protocol the script speaks.
    pub(crate) version: Version,
}

impl Answer<'_> {
    pub(crate) fn to_reply(&self, value: &Value) -> mlua::Result<Reply> {
        self.at_depth(value, 0)
    }

    fn at_depth(&self, value: &Value, depth: usize) -> mlua::Result<Reply> {
        self.meter.charge(VALUE_STEPS)?;
        Ok(match value {
            Value::String(text) => Reply::Bulk(self.copied(text)?),
            Value::Integer(n) => Reply::Int(*n),
            Value::Number(n) => Reply::Int(*n as i64),
            Value::Boolean(yes) if self.version == Version::Resp3 => Reply::Bool(*yes),
            Value::Boolean(true) => Reply::Int(1),
            Value::Table(_) if depth == DEPTH_MAX => {
                Reply::Error(ReplyError::fixed("ERR reached lua stack limit"))
            }
            Value::Table(table) => self.table(table, depth + 1)?,
            _ => Reply::Null,
        })
    }

    /// A table may have one string many times, each of which is copied: so many steps as bytes.
    fn copied(&self, text: &LuaString) -> mlua::Result<Bytes> {
        let text = text.as_bytes();
        self.meter.charge(text.len())?;
        Ok(Bytes::copy_from_slice(&text))
    }

    /// What a table stands for is told by one of its fields, looked for in Redis's order; a list has none of them.
    fn table(&self, table: &Table, depth: usize) -> mlua::Result<Reply> {
        self.meter.charge(TABLE_STEPS)?;
        if let Value::String(text) = table.raw_get::<Value>("err")? {
            return Ok(Reply::Error(ReplyError::new(one_line(&text.to_string_lossy()))));
        }
        if let Value::String(text) = table.raw_get::<Value>("ok")? {
            return Ok(Reply::Status(Cow::Owned(one_line(&text.to_string_lossy()))));
        }
        match table.raw_get::<Value>("double")? {
            Value::Number(n) => return Ok(Reply::Double(n)),
            Value::Integer(n) => return Ok(Reply::Double(n as f64)),
            _ => {}
        }
        if let Value::Table(map) = table.raw_get::<Value>("map")? {
            return self.map(&map, depth);
        }
        if let Value::Table(set) = table.raw_get::<Value>("set")? {
            let member = |pair: mlua::Result<(Value, Value)>| self.at_depth(&pair?.0, depth);
            return Ok(Reply::Set(set.pairs().map(member).collect::<mlua::Result<_>>()?));
        }
        if let Value::String(digits) = table.raw_get::<Value>("big_number")? {
            self.meter.charge(digits.as_bytes().len())?;
            return Ok(Reply::BigNumber(one_line(&digits.to_string_lossy()).into()));
        }
        if let Value::Table(marked) = table.raw_get::<Value>("verbatim_string")?
            && let Value::String(text) = marked.raw_get::<Value>("string")?
            && marked.raw_get::<Value>("format")?.is_string()
        {
            return Ok(Reply::Verbatim(self.copied(&text)?));
        }
        self.list(table, depth)
    }

    fn map(&self, map: &Table, depth: usize) -> mlua::Result<Reply> {
        let pair = |pair: mlua::Result<(Value, Value)>| {
            let (name, value) = pair?;
            Ok((self.at_depth(&name, depth)?, self.at_depth(&value, depth)?))
        };
        Ok(Reply::Map(map.pairs().map(pair).collect::<mlua::Result<_>>()?))
    }

    fn list(&self, table: &Table, depth: usize) -> mlua::Result<Reply> {
        let mut items = Vec::new();
        loop {
            match table.raw_get::<Value>(items.len() + 1)? {
                Value::Nil => return Ok(Reply::Array(items)),
                item => items.push(self.at_depth(&item, depth)?),
            }
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
