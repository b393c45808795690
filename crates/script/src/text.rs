//! The functions of `string` that could take long, written so that they cannot.

use std::sync::Arc;

use mlua::{Lua, LuaString, MultiValue, Table, Value};

use crate::arguments::Arguments;
use crate::format::format;
use crate::meter::{CALL_STEPS, Meter};
use crate::pattern::{self, Capture, Failure, Match};
use crate::raise::raise;

/// No library function makes a longer string.
pub(crate) const STRING_BYTES_MAX: usize = 16 << 20;

/// Replaces what takes long in the library's own table, and removes what makes bytecode.
pub(crate) fn install(lua: &Lua, meter: &Arc<Meter>) -> mlua::Result<()> {
    let string: Table = lua.globals().raw_get("string")?;
    let tostring: mlua::Function = lua.globals().raw_get("tostring")?;
    for name in ["dump", "gfind"] {
        string.raw_set(name, Value::Nil)?;
    }
    let define = |name: &'static str, function: fn(&Arguments<'_>, &Meter) -> mlua::Result<MultiValue>| {
        let meter = Arc::clone(meter);
        let function = lua.create_function(move |lua, values: MultiValue| {
            meter.charge(CALL_STEPS)?;
            function(&Arguments::new(lua, name, &values), &meter)
        })?;
        string.raw_set(name, function)
    };
    define("find", |arguments, meter| search(arguments, meter, true))?;
    define("match", |arguments, meter| search(arguments, meter, false))?;
    define("gsub", substitute)?;
    define("locate", locate)?;
    define("rep", repeat)?;
    define("lower", |arguments, meter| map(arguments, meter, |text| text.make_ascii_lowercase()))?;
    define("upper", |arguments, meter| map(arguments, meter, |text| text.make_ascii_uppercase()))?;
    define("reverse", |arguments, meter| map(arguments, meter, |text| text.reverse()))?;
    define("sub", slice)?;
    let meter = Arc::clone(meter);
    let format = lua.create_function(move |lua, values: MultiValue| {
        meter.charge(CALL_STEPS)?;
        format(&Arguments::new(lua, "format", &values), &meter, &tostring)
    })?;
    string.raw_set("format", format)
}

/// Refuses a string that would be too long, before memory is taken for it.
pub(crate) fn check_size(lua: &Lua, bytes: usize) -> mlua::Result<()> {
    if bytes > STRING_BYTES_MAX { Err(raise(lua, "resulting string too large")) } else { Ok(()) }
}

/// `string.find(s, pattern [, init [, plain]])`, and `string.match(s, pattern [, init])`.
fn search(arguments: &Arguments<'_>, meter: &Meter, is_find: bool) -> mlua::Result<MultiValue> {
    let (source, pattern) = (arguments.text(1)?, arguments.text(2)?);
    let (source, pattern) = (source.as_bytes(), pattern.as_bytes());
    let init = arguments.int_or(3, 1)?;
    // Lua 5.1 looks at the end of the string for what lies beyond it.
    let from = start_of(init, source.len()).min(source.len());
    let is_plain = is_find
        && (arguments.value(4).as_boolean().unwrap_or(!arguments.is_absent(4))
            || pattern::is_plain(&pattern));
    if is_plain {
        let found = find_plain(meter, &source[from..], &pattern)?;
        return Ok(found.map_or_else(nothing, |at| span(from + at, from + at + pattern.len())));
    }
    let found =
        pattern::find(meter, &source, &pattern, from).map_err(|failure| refusal(arguments.lua, failure))?;
    let Some(found) = found else { return Ok(nothing()) };
    let mut values = if is_find { span(found.start, found.end) } else { MultiValue::new() };
    values.extend(captures(arguments.lua, &source, &found, !is_find)?);
    Ok(values)
}

/// `string.locate(s, pattern, from, is_tied)`: where the next match is and what it captured, or all of it. What
/// `gmatch` and `gsub` in the prelude are made of; scripts do not see it.
fn locate(arguments: &Arguments<'_>, meter: &Meter) -> mlua::Result<MultiValue> {
    let (source, pattern) = (arguments.text(1)?, arguments.text(2)?);
    let (source, pattern) = (source.as_bytes(), pattern.as_bytes());
    let from = arguments.int(3)?.max(1) as usize - 1;
    if from > source.len() {
        return Ok(nothing());
    }
    let found = if arguments.value(4).as_boolean().unwrap_or(false) {
        pattern::find(meter, &source, &pattern, from)
    } else {
        pattern::find_unanchored(meter, &source, &pattern, from, false)
    };
    let Some(found) = found.map_err(|failure| refusal(arguments.lua, failure))? else { return Ok(nothing()) };
    let mut values = span(found.start, found.end);
    values.extend(captures(arguments.lua, &source, &found, true)?);
    Ok(values)
}

/// `string.gsub(s, pattern, text [, n])`: the form whose replacement is a string.
fn substitute(arguments: &Arguments<'_>, meter: &Meter) -> mlua::Result<MultiValue> {
    let lua = arguments.lua;
    let (source, pattern, with) = (arguments.text(1)?, arguments.text(2)?, arguments.text(3)?);
    let (source, pattern, with) = (source.as_bytes(), pattern.as_bytes(), with.as_bytes());
    let limit = arguments.int_or(4, i64::MAX)?;
    let is_anchored = pattern.first() == Some(&b'^');
    let (mut out, mut from, mut count) = (Vec::new(), 0, 0);
    while count < limit {
        let found = pattern::find(meter, &source, &pattern, from).map_err(|failure| refusal(lua, failure))?;
        let Some(found) = found else { break };
        count += 1;
        out.extend_from_slice(&source[from..found.start]);
        expand(arguments, meter, &mut out, &source, &found, &with)?;
        from = found.end;
        if found.start == found.end {
            let Some(&byte) = source.get(from) else { break };
            out.push(byte);
            from += 1;
        }
        if is_anchored {
            break;
        }
    }
    out.extend_from_slice(&source[from.min(source.len())..]);
    check_size(lua, out.len())?;
    Ok(MultiValue::from_vec(vec![Value::String(lua.create_string(out)?), Value::Integer(count)]))
}

/// Writes a replacement, `%0` to `%9` being what was matched.
fn expand(
    arguments: &Arguments<'_>,
    meter: &Meter,
    out: &mut Vec<u8>,
    source: &[u8],
    found: &Match,
    with: &[u8],
) -> mlua::Result<()> {
    let mut bytes = with.iter();
    while let Some(&byte) = bytes.next() {
        let before = out.len();
        match (byte, if byte == b'%' { bytes.next() } else { None }) {
            (b'%', Some(b'0')) => out.extend_from_slice(&source[found.start..found.end]),
            (b'%', Some(digit)) if digit.is_ascii_digit() => {
                let at = (digit - b'1') as usize;
                match found.captures.get(at) {
                    Some(Capture::Span(start, end)) => out.extend_from_slice(&source[*start..*end]),
                    Some(Capture::Position(at)) => out.extend_from_slice((at + 1).to_string().as_bytes()),
                    None if at == 0 => out.extend_from_slice(&source[found.start..found.end]),
                    _ => return Err(raise(arguments.lua, "invalid capture index")),
                }
            }
            (b'%', Some(&other)) => out.push(other),
            _ => out.push(byte),
        }
        meter.charge(1 + (out.len() - before) / 8)?;
        check_size(arguments.lua, out.len())?;
    }
    Ok(())
}

/// `string.rep(s, n)`
fn repeat(arguments: &Arguments<'_>, meter: &Meter) -> mlua::Result<MultiValue> {
    let text = arguments.text(1)?;
    let text = text.as_bytes();
    let times = usize::try_from(arguments.int(2)?).unwrap_or(0);
    let bytes = text.len().saturating_mul(times);
    check_size(arguments.lua, bytes)?;
    meter.charge(bytes / 8)?;
    one(arguments.lua.create_string(text.repeat(if text.is_empty() { 0 } else { times }))?)
}

/// `string.sub(s, i [, j])`
fn slice(arguments: &Arguments<'_>, meter: &Meter) -> mlua::Result<MultiValue> {
    let text = arguments.text(1)?;
    let text = text.as_bytes();
    let start = start_of(arguments.int(2)?, text.len());
    let end = match arguments.int_or(3, -1)? {
        last if last < 0 => text.len().saturating_add_signed(last.saturating_add(1) as isize),
        last => (last as usize).min(text.len()),
    };
    let cut = text.get(start..end).unwrap_or(&[]);
    meter.charge(cut.len() / 8)?;
    one(arguments.lua.create_string(cut)?)
}

fn map(arguments: &Arguments<'_>, meter: &Meter, change: fn(&mut Vec<u8>)) -> mlua::Result<MultiValue> {
    let mut text = arguments.text(1)?.as_bytes().to_vec();
    meter.charge(text.len() / 4)?;
    change(&mut text);
    one(arguments.lua.create_string(text)?)
}

/// Where a position that counts from 1, or from the end if it is negative, is from 0 on.
fn start_of(position: i64, len: usize) -> usize {
    match position {
        0 => 0,
        position if position > 0 => usize::try_from(position - 1).unwrap_or(usize::MAX),
        position => len.saturating_add_signed(position as isize),
    }
}

fn find_plain(meter: &Meter, source: &[u8], wanted: &[u8]) -> mlua::Result<Option<usize>> {
    let Some(&first) = wanted.first() else { return Ok(Some(0)) };
    meter.charge(source.len() / 8)?;
    let last = source.len().saturating_sub(wanted.len());
    for at in (0..=last).filter(|&at| source.get(at) == Some(&first)) {
        let same = source[at..].iter().zip(wanted).take_while(|(a, b)| a == b).count();
        meter.charge(1 + same / 4)?;
        if same == wanted.len() {
            return Ok(Some(at));
        }
    }
    Ok(None)
}

/// What a match captured; all of it, if it captured nothing and `or_whole`.
fn captures(lua: &Lua, source: &[u8], found: &Match, or_whole: bool) -> mlua::Result<Vec<Value>> {
    if found.captures.is_empty() && or_whole {
        return Ok(vec![Value::String(lua.create_string(&source[found.start..found.end])?)]);
    }
    let value = |capture: &Capture| match *capture {
        Capture::Span(start, end) => Ok(Value::String(lua.create_string(&source[start..end])?)),
        Capture::Position(at) => Ok(Value::Integer(at as i64 + 1)),
        Capture::Open(_) => Err(raise(lua, "unfinished capture")),
    };
    found.captures.iter().map(value).collect()
}

fn span(start: usize, end: usize) -> MultiValue {
    MultiValue::from_vec(vec![Value::Integer(start as i64 + 1), Value::Integer(end as i64)])
}

fn nothing() -> MultiValue {
    MultiValue::from_vec(vec![Value::Nil])
}

fn one(text: LuaString) -> mlua::Result<MultiValue> {
    Ok(MultiValue::from_vec(vec![Value::String(text)]))
}

fn refusal(lua: &Lua, failure: Failure) -> mlua::Error {
    match failure {
        Failure::Malformed(text) => raise(lua, text),
        Failure::Stopped => crate::meter::Stopped.into(),
    }
}
