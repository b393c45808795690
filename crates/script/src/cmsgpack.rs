//! The library `cmsgpack`: MessagePack.

use std::sync::Arc;

use mlua::{Lua, MultiValue, Table, Value};

use crate::arguments::Arguments;
use crate::meter::{CALL_STEPS, Meter};
use crate::raise::raise;
use crate::text::check_size;

/// Tables that are nested deeper are packed as nil, as Redis does.
const PACKED_DEPTH_MAX: usize = 16;

/// So deep may packed values be nested that are read.
const READ_DEPTH_MAX: usize = 128;

/// What a value costs besides its bytes.
const VALUE_STEPS: usize = 30;

pub(crate) fn library(lua: &Lua, meter: &Arc<Meter>) -> mlua::Result<Table> {
    let cmsgpack = lua.create_table()?;
    let define = |name: &'static str, function: fn(&Arguments<'_>, &Meter) -> mlua::Result<MultiValue>| {
        let meter = Arc::clone(meter);
        let function = lua.create_function(move |lua, values: MultiValue| {
            meter.charge(CALL_STEPS)?;
            function(&Arguments::new(lua, name, &values), &meter)
        })?;
        cmsgpack.raw_set(name, function)
    };
    define("pack", pack)?;
    define("unpack", |arguments, meter| {
        let (values, _) = unpack(arguments, meter, usize::MAX, 0)?;
        Ok(MultiValue::from_vec(values))
    })?;
    define("unpack_one", |arguments, meter| {
        let offset = arguments.int_or(2, 0)?;
        unpack_some(arguments, meter, 1, offset)
    })?;
    define("unpack_limit", |arguments, meter| {
        let (limit, offset) = (arguments.int(2)?, arguments.int_or(3, 0)?);
        unpack_some(arguments, meter, limit, offset)
    })?;
    Ok(cmsgpack)
}

fn pack(arguments: &Arguments<'_>, meter: &Meter) -> mlua::Result<MultiValue> {
    if arguments.len() == 0 {
        return Err(arguments.bad(0, "MessagePack pack needs input."));
    }
    let mut out = Vec::new();
    for at in 1..=arguments.len() {
        Packer { lua: arguments.lua, meter, out: &mut out }.value(arguments.value(at), 0)?;
    }
    Ok(MultiValue::from_vec(vec![Value::String(arguments.lua.create_string(out)?)]))
}

struct Packer<'a> {
    lua: &'a Lua,
    meter: &'a Meter,
    out: &'a mut Vec<u8>,
}

impl Packer<'_> {
    fn value(&mut self, value: &Value, depth: usize) -> mlua::Result<()> {
        self.meter.charge(VALUE_STEPS)?;
        check_size(self.lua, self.out.len())?;
        match value {
            Value::Boolean(yes) => self.out.push(if *yes { 0xc3 } else { 0xc2 }),
            Value::Integer(n) => self.int(*n),
            Value::Number(n) => self.number(*n),
            Value::String(text) => self.text(&text.as_bytes())?,
            Value::Table(table) if depth < PACKED_DEPTH_MAX => self.table(table, depth + 1)?,
            _ => self.out.push(0xc0),
        }
        Ok(())
    }

    fn int(&mut self, n: i64) {
        match n {
            0..=0x7f => self.out.push(n as u8),
            -0x20..0 => self.out.push(n as i8 as u8),
            0x80..=0xff => self.tagged(0xcc, &(n as u8).to_be_bytes()),
            0x100..=0xffff => self.tagged(0xcd, &(n as u16).to_be_bytes()),
            0x1_0000..=0xffff_ffff => self.tagged(0xce, &(n as u32).to_be_bytes()),
            0x1_0000_0000.. => self.tagged(0xcf, &n.to_be_bytes()),
            -0x80..-0x20 => self.tagged(0xd0, &(n as i8).to_be_bytes()),
            -0x8000..-0x80 => self.tagged(0xd1, &(n as i16).to_be_bytes()),
            -0x8000_0000..-0x8000 => self.tagged(0xd2, &(n as i32).to_be_bytes()),
            _ => self.tagged(0xd3, &n.to_be_bytes()),
        }
    }

    fn number(&mut self, n: f64) {
        if n == n.trunc() && n.abs() < 2_f64.powi(63) {
            self.int(n as i64);
        } else if f64::from(n as f32) == n {
            self.tagged(0xca, &(n as f32).to_be_bytes());
        } else {
            self.tagged(0xcb, &n.to_be_bytes());
        }
    }

    fn text(&mut self, text: &[u8]) -> mlua::Result<()> {
        self.meter.charge(text.len() / 8)?;
        check_size(self.lua, self.out.len() + text.len())?;
        match text.len() {
            len @ 0..32 => self.out.push(0xa0 | len as u8),
            len @ 32..0x100 => self.tagged(0xd9, &[len as u8]),
            len @ 0x100..0x1_0000 => self.tagged(0xda, &(len as u16).to_be_bytes()),
            len => self.tagged(0xdb, &(len as u32).to_be_bytes()),
        }
        self.out.extend_from_slice(text);
        Ok(())
    }

    /// A table whose keys are 1, 2, … is an array, any other a map.
    fn table(&mut self, table: &Table, depth: usize) -> mlua::Result<()> {
        let (mut most, mut count, mut is_array) = (0, 0_usize, true);
        for pair in table.pairs::<Value, Value>() {
            self.meter.charge(1)?;
            count += 1;
            match pair?.0 {
                Value::Integer(at) if at > 0 => most = most.max(at as usize),
                _ => is_array = false,
            }
        }
        if is_array && most == count {
            self.head(0x90, 0xdc, count);
            return (1..=count).try_for_each(|at| self.value(&table.raw_get(at)?, depth));
        }
        self.head(0x80, 0xde, count);
        for pair in table.pairs::<Value, Value>() {
            let (name, value) = pair?;
            self.value(&name, depth)?;
            self.value(&value, depth)?;
        }
        Ok(())
    }

    fn head(&mut self, short: u8, long: u8, count: usize) {
        match count {
            0..16 => self.out.push(short | count as u8),
            16..0x1_0000 => self.tagged(long, &(count as u16).to_be_bytes()),
            _ => self.tagged(long + 1, &(count as u32).to_be_bytes()),
        }
    }

    fn tagged(&mut self, tag: u8, bytes: &[u8]) {
        self.out.push(tag);
        self.out.extend_from_slice(bytes);
    }
}

/// As `unpack_one` and `unpack_limit` answer: where to go on, -1 at the end, then the values.
fn unpack_some(
    arguments: &Arguments<'_>,
    meter: &Meter,
    limit: i64,
    offset: i64,
) -> mlua::Result<MultiValue> {
    let offset = usize::try_from(offset).map_err(|_| raise(arguments.lua, "Invalid request to unpack"))?;
    let limit = usize::try_from(limit).map_err(|_| raise(arguments.lua, "Invalid request to unpack"))?;
    let (values, rest) = unpack(arguments, meter, if limit == 0 { usize::MAX } else { limit }, offset)?;
    let next = rest.map_or(-1, |at| at as i64);
    Ok(std::iter::once(Value::Integer(next)).chain(values).collect())
}

/// Up to `limit` values from `offset` on, and where the next one begins, if there is one.
fn unpack(
    arguments: &Arguments<'_>,
    meter: &Meter,
    limit: usize,
    offset: usize,
) -> mlua::Result<(Vec<Value>, Option<usize>)> {
    /// No function returns more values.
    const VALUES_MAX: usize = 4000;
    let packed = arguments.text(1)?;
    let packed = packed.as_bytes();
    if offset > packed.len() {
        return Err(raise(
            arguments.lua,
            format!("Start offset {offset} greater than input length {}.", packed.len()),
        ));
    }
    let mut reader = Reader { lua: arguments.lua, meter, packed: &packed, at: offset };
    let mut values = Vec::new();
    while values.len() < limit && reader.at < packed.len() {
        if values.len() == VALUES_MAX {
            return Err(raise(arguments.lua, "too many results to unpack"));
        }
        values.push(reader.value(0)?);
    }
    Ok((values, Some(reader.at).filter(|&at| at < packed.len())))
}

struct Reader<'a> {
    lua: &'a Lua,
    meter: &'a Meter,
    packed: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn value(&mut self, depth: usize) -> mlua::Result<Value> {
        self.meter.charge(VALUE_STEPS)?;
        if depth > READ_DEPTH_MAX {
            return Err(self.malformed());
        }
        let [tag] = self.bytes()?;
        Ok(match tag {
            0x00..=0x7f => Value::Integer(i64::from(tag)),
            0xe0..=0xff => Value::Integer(i64::from(tag as i8)),
            0x80..=0x8f => self.map((tag & 0x0f) as usize, depth)?,
            0x90..=0x9f => self.array((tag & 0x0f) as usize, depth)?,
            0xa0..=0xbf => self.text((tag & 0x1f) as usize)?,
            0xc0 => Value::Nil,
            0xc2 => Value::Boolean(false),
            0xc3 => Value::Boolean(true),
            0xca => Value::Number(f64::from(f32::from_be_bytes(self.bytes()?))),
            0xcb => Value::Number(f64::from_be_bytes(self.bytes()?)),
            0xcc => Value::Integer(i64::from(u8::from_be_bytes(self.bytes()?))),
            0xcd => Value::Integer(i64::from(u16::from_be_bytes(self.bytes()?))),
            0xce => Value::Integer(i64::from(u32::from_be_bytes(self.bytes()?))),
            0xcf => Value::Number(u64::from_be_bytes(self.bytes()?) as f64),
            0xd0 => Value::Integer(i64::from(i8::from_be_bytes(self.bytes()?))),
            0xd1 => Value::Integer(i64::from(i16::from_be_bytes(self.bytes()?))),
            0xd2 => Value::Integer(i64::from(i32::from_be_bytes(self.bytes()?))),
            0xd3 => Value::Number(i64::from_be_bytes(self.bytes()?) as f64),
            0xc4 | 0xd9 => self.counted::<1>(Self::text)?,
            0xc5 | 0xda => self.counted::<2>(Self::text)?,
            0xc6 | 0xdb => self.counted::<4>(Self::text)?,
            0xdc => self.counted::<2>(|reader, count| reader.array(count, depth))?,
            0xdd => self.counted::<4>(|reader, count| reader.array(count, depth))?,
            0xde => self.counted::<2>(|reader, count| reader.map(count, depth))?,
            0xdf => self.counted::<4>(|reader, count| reader.map(count, depth))?,
            _ => return Err(self.malformed()),
        })
    }

    /// Reads a count of `N` bytes, then what it counts.
    fn counted<const N: usize>(
        &mut self,
        read: impl FnOnce(&mut Self, usize) -> mlua::Result<Value>,
    ) -> mlua::Result<Value> {
        let count = self.bytes::<N>()?.iter().fold(0, |count, &byte| count << 8 | byte as usize);
        read(self, count)
    }

    fn text(&mut self, len: usize) -> mlua::Result<Value> {
        self.meter.charge(len / 8)?;
        let end = self.at.checked_add(len);
        let text = end.and_then(|end| self.packed.get(self.at..end)).ok_or_else(|| self.missing())?;
        self.at += len;
        Ok(Value::String(self.lua.create_string(text)?))
    }

    fn array(&mut self, count: usize, depth: usize) -> mlua::Result<Value> {
        let table = self.lua.create_table()?;
        for at in 1..=count {
            table.raw_set(at, self.value(depth + 1)?)?;
        }
        Ok(Value::Table(table))
    }

    fn map(&mut self, count: usize, depth: usize) -> mlua::Result<Value> {
        let table = self.lua.create_table()?;
        for _ in 0..count {
            let name = self.value(depth + 1)?;
            let value = self.value(depth + 1)?;
            let is_key = !name.is_nil() && !matches!(name, Value::Number(n) if n.is_nan());
            if !is_key {
                return Err(self.malformed());
            }
            table.raw_set(name, value)?;
        }
        Ok(Value::Table(table))
    }

    fn bytes<const N: usize>(&mut self) -> mlua::Result<[u8; N]> {
        let bytes = self.packed[self.at..].first_chunk::<N>().copied().ok_or_else(|| self.missing())?;
        self.at += N;
        Ok(bytes)
    }

    fn missing(&self) -> mlua::Error {
        raise(self.lua, "Missing bytes in input.")
    }

    fn malformed(&self) -> mlua::Error {
        raise(self.lua, "Bad data format in input.")
    }
}
