//! The library `cjson`: JSON by the rules of lua-cjson as Redis configures it.

use std::sync::Arc;

use mlua::{Lua, MultiValue, Table, Value};

use crate::arguments::Arguments;
use crate::meter::{CALL_STEPS, Meter};
use crate::number;
use crate::raise::raise;
use crate::text::check_size;

/// So deep may values be nested. lua-cjson allows 1000; here the stack is that of a thread that serves others too.
const DEPTH_MAX: usize = 128;

/// What a value costs besides its bytes.
const VALUE_STEPS: usize = 30;

/// An array may have so many holes: up to this index any, beyond it as many as elements.
const SPARSE_INDEX_MAX: i64 = 10;
const SPARSE_RATIO: i64 = 2;

pub(crate) fn library(lua: &Lua, meter: &Arc<Meter>) -> mlua::Result<Table> {
    let cjson = lua.create_table()?;
    cjson.raw_set("null", Value::NULL)?;
    let encoding = Arc::clone(meter);
    let encode = lua.create_function(move |lua, values: MultiValue| {
        encoding.charge(CALL_STEPS)?;
        if values.len() != 1 {
            return Err(raise(lua, "bad argument #1 to 'encode' (expected 1 argument)"));
        }
        let mut out = Vec::new();
        Encoder { lua, meter: &encoding, out: &mut out }.value(&values[0], 0)?;
        lua.create_string(out)
    })?;
    cjson.raw_set("encode", encode)?;
    let decoding = Arc::clone(meter);
    let decode = lua.create_function(move |lua, values: MultiValue| {
        decoding.charge(CALL_STEPS)?;
        let text = Arguments::new(lua, "decode", &values).text(1)?;
        let text = text.as_bytes();
        Decoder { lua, meter: &decoding, text: &text, at: 0 }.whole()
    })?;
    cjson.raw_set("decode", decode)?;
    Ok(cjson)
}

struct Encoder<'a> {
    lua: &'a Lua,
    meter: &'a Meter,
    out: &'a mut Vec<u8>,
}

impl Encoder<'_> {
    fn value(&mut self, value: &Value, depth: usize) -> mlua::Result<()> {
        self.meter.charge(VALUE_STEPS)?;
        check_size(self.lua, self.out.len())?;
        match value {
            Value::Nil => self.out.extend(b"null"),
            Value::LightUserData(pointer) if pointer.0.is_null() => self.out.extend(b"null"),
            Value::Boolean(yes) => self.out.extend(yes.to_string().bytes()),
            Value::Integer(n) => self.number(*n as f64)?,
            Value::Number(n) => self.number(*n)?,
            Value::String(text) => self.text(&text.as_bytes())?,
            Value::Table(table) => self.table(table, depth + 1)?,
            other => {
                let kind = other.type_name();
                return Err(raise(self.lua, format!("Cannot serialise {kind}: type not supported")));
            }
        }
        Ok(())
    }

    fn number(&mut self, n: f64) -> mlua::Result<()> {
        if !n.is_finite() {
            return Err(raise(self.lua, "Cannot serialise number: must not be NaN or Inf"));
        }
        self.out.extend(number::lua_text(n).bytes());
        Ok(())
    }

    fn text(&mut self, text: &[u8]) -> mlua::Result<()> {
        self.meter.charge(text.len() / 2)?;
        check_size(self.lua, self.out.len() + text.len())?;
        self.out.push(b'"');
        for &byte in text {
            match byte {
                b'"' | b'\\' | b'/' => self.out.extend([b'\\', byte]),
                0x08 => self.out.extend(b"\\b"),
                b'\t' => self.out.extend(b"\\t"),
                b'\n' => self.out.extend(b"\\n"),
                0x0c => self.out.extend(b"\\f"),
                b'\r' => self.out.extend(b"\\r"),
                0..0x20 | 0x7f => self.out.extend(format!("\\u{byte:04x}").bytes()),
                _ => self.out.push(byte),
            }
        }
        self.out.push(b'"');
        Ok(())
    }

    fn table(&mut self, table: &Table, depth: usize) -> mlua::Result<()> {
        if depth > DEPTH_MAX {
            return Err(raise(self.lua, format!("Cannot serialise, excessive depth ({depth})")));
        }
        match self.array_len(table)? {
            Some(len) => self.array(table, len, depth),
            None => self.object(table, depth),
        }
    }

    /// How long a table is that has only whole positive numbers as keys, and at least one.
    fn array_len(&self, table: &Table) -> mlua::Result<Option<i64>> {
        let (mut most, mut count) = (0, 0);
        for pair in table.pairs::<Value, Value>() {
            self.meter.charge(1)?;
            match pair?.0 {
                Value::Integer(at) if at > 0 => (most, count) = (most.max(at), count + 1),
                _ => return Ok(None),
            }
        }
        if most > SPARSE_INDEX_MAX && most > count * SPARSE_RATIO {
            return Err(raise(self.lua, "Cannot serialise table: excessively sparse array"));
        }
        Ok((count > 0).then_some(most))
    }

    fn array(&mut self, table: &Table, len: i64, depth: usize) -> mlua::Result<()> {
        self.out.push(b'[');
        for at in 1..=len {
            if at > 1 {
                self.out.push(b',');
            }
            self.value(&table.raw_get(at)?, depth)?;
        }
        self.out.push(b']');
        Ok(())
    }

    fn object(&mut self, table: &Table, depth: usize) -> mlua::Result<()> {
        self.out.push(b'{');
        for (at, pair) in table.pairs::<Value, Value>().enumerate() {
            let (name, value) = pair?;
            if at > 0 {
                self.out.push(b',');
            }
            match &name {
                Value::String(name) => self.text(&name.as_bytes())?,
                Value::Integer(n) => self.out.extend(format!("\"{}\"", number::lua_text(*n as f64)).bytes()),
                Value::Number(n) => self.out.extend(format!("\"{}\"", number::lua_text(*n)).bytes()),
                _ => {
                    let why = "Cannot serialise table: table key must be a number or string";
                    return Err(raise(self.lua, why));
                }
            }
            self.out.push(b':');
            self.value(&value, depth)?;
        }
        self.out.push(b'}');
        Ok(())
    }
}

struct Decoder<'a> {
    lua: &'a Lua,
    meter: &'a Meter,
    text: &'a [u8],
    at: usize,
}

impl Decoder<'_> {
    fn whole(mut self) -> mlua::Result<Value> {
        self.meter.charge(self.text.len())?;
        let value = self.value(0)?;
        self.skip_space();
        if self.at < self.text.len() { Err(self.unexpected("the end")) } else { Ok(value) }
    }

    fn value(&mut self, depth: usize) -> mlua::Result<Value> {
        self.meter.charge(VALUE_STEPS)?;
        if depth > DEPTH_MAX {
            return Err(raise(self.lua, format!("Found too many nested data structures ({depth})")));
        }
        self.skip_space();
        match self.text.get(self.at) {
            Some(b'{') => self.object(depth),
            Some(b'[') => self.array(depth),
            Some(b'"') => Ok(Value::String(self.lua.create_string(self.string()?)?)),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => self.word(),
        }
    }

    fn word(&mut self) -> mlua::Result<Value> {
        let words: [(&[u8], Value); 3] =
            [(b"null", Value::NULL), (b"true", Value::Boolean(true)), (b"false", Value::Boolean(false))];
        for (word, value) in words {
            if self.text[self.at..].starts_with(word) {
                self.at += word.len();
                return Ok(value);
            }
        }
        Err(self.unexpected("value"))
    }

    fn number(&mut self) -> mlua::Result<Value> {
        let rest = &self.text[self.at..];
        let len = rest
            .iter()
            .take_while(|byte| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E'))
            .count();
        let number = std::str::from_utf8(&rest[..len]).ok().and_then(|text| text.parse::<f64>().ok());
        let number = number.ok_or_else(|| self.unexpected("value"))?;
        self.at += len;
        Ok(Value::Number(number))
    }

    fn array(&mut self, depth: usize) -> mlua::Result<Value> {
        let table = self.lua.create_table()?;
        self.at += 1;
        if self.takes(b']') {
            return Ok(Value::Table(table));
        }
        for at in 1.. {
            let value = self.value(depth + 1)?;
            table.raw_set(at, value)?;
            if self.takes(b']') {
                break;
            }
            self.must_take(b',', "comma or array end")?;
        }
        Ok(Value::Table(table))
    }

    fn object(&mut self, depth: usize) -> mlua::Result<Value> {
        let table = self.lua.create_table()?;
        self.at += 1;
        if self.takes(b'}') {
            return Ok(Value::Table(table));
        }
        loop {
            self.skip_space();
            if self.text.get(self.at) != Some(&b'"') {
                return Err(self.unexpected("object key string"));
            }
            let name = self.lua.create_string(self.string()?)?;
            self.must_take(b':', "colon")?;
            let value = self.value(depth + 1)?;
            table.raw_set(name, value)?;
            if self.takes(b'}') {
                return Ok(Value::Table(table));
            }
            self.must_take(b',', "comma or object end")?;
        }
    }

    fn string(&mut self) -> mlua::Result<Vec<u8>> {
        self.at += 1;
        let mut out = Vec::new();
        loop {
            let rest = &self.text[self.at..];
            let plain =
                rest.iter().take_while(|&&byte| byte != b'"' && byte != b'\\' && byte >= 0x20).count();
            out.extend_from_slice(&rest[..plain]);
            self.at += plain;
            match rest.get(plain) {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(out);
                }
                Some(b'\\') => self.escape(&mut out)?,
                _ => return Err(self.unexpected("string end")),
            }
        }
    }

    fn escape(&mut self, out: &mut Vec<u8>) -> mlua::Result<()> {
        let Some(&kind) = self.text.get(self.at + 1) else { return Err(self.unexpected("escape")) };
        let byte = match kind {
            b'"' | b'\\' | b'/' => kind,
            b'b' => 0x08,
            b'f' => 0x0c,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'u' => return self.unicode(out),
            _ => return Err(self.unexpected("escape")),
        };
        out.push(byte);
        self.at += 2;
        Ok(())
    }

    /// `\uXXXX`, or two of them for what lies beyond the first 65,536 characters.
    fn unicode(&mut self, out: &mut Vec<u8>) -> mlua::Result<()> {
        let high = self.hex_at(self.at).ok_or_else(|| self.unexpected("unicode escape"))?;
        let (units, len) = match (high, self.hex_at(self.at + 6)) {
            (0xd800..0xdc00, Some(low)) => (vec![high, low], 12),
            _ => (vec![high], 6),
        };
        let text = String::from_utf16(&units).map_err(|_| self.unexpected("unicode escape"))?;
        out.extend_from_slice(text.as_bytes());
        self.at += len;
        Ok(())
    }

    fn hex_at(&self, at: usize) -> Option<u16> {
        let digits = self.text.get(at..at + 6)?.strip_prefix(b"\\u")?;
        let is_hex = digits.iter().all(u8::is_ascii_hexdigit);
        u16::from_str_radix(std::str::from_utf8(digits).ok().filter(|_| is_hex)?, 16).ok()
    }

    fn takes(&mut self, byte: u8) -> bool {
        self.skip_space();
        let found = self.text.get(self.at) == Some(&byte);
        self.at += usize::from(found);
        found
    }

    fn must_take(&mut self, byte: u8, what: &str) -> mlua::Result<()> {
        if self.takes(byte) { Ok(()) } else { Err(self.unexpected(what)) }
    }

    fn skip_space(&mut self) {
        let rest = &self.text[self.at..];
        self.at += rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r')).count();
    }

    fn unexpected(&self, wanted: &str) -> mlua::Error {
        let found = if self.at >= self.text.len() { "T_END" } else { "invalid token" };
        raise(self.lua, format!("Expected {wanted} but found {found} at character {}", self.at + 1))
    }
}
