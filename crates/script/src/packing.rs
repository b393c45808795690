//! The library `struct`: values in the layouts of C.

use std::sync::Arc;

use mlua::{Lua, MultiValue, Table, Value};

use crate::arguments::Arguments;
use crate::meter::{CALL_STEPS, Meter};
use crate::raise::raise;
use crate::text::check_size;

/// No integer is wider.
const INT_BYTES_MAX: usize = 8;

pub(crate) fn library(lua: &Lua, meter: &Arc<Meter>) -> mlua::Result<Table> {
    let library = lua.create_table()?;
    let define = |name: &'static str, function: fn(&Arguments<'_>, &Meter) -> mlua::Result<MultiValue>| {
        let meter = Arc::clone(meter);
        let function = lua.create_function(move |lua, values: MultiValue| {
            meter.charge(CALL_STEPS)?;
            function(&Arguments::new(lua, name, &values), &meter)
        })?;
        library.raw_set(name, function)
    };
    define("pack", pack)?;
    define("unpack", unpack)?;
    define("size", size)?;
    Ok(library)
}

/// What one letter of a format stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Item {
    Padding,
    Signed(usize),
    Unsigned(usize),
    Float,
    Double,
    /// So many bytes; 0 for as many as there are, or as the value before says.
    Bytes(usize),
    /// Up to a zero byte.
    Text,
}

/// A format on its way: its letters are read one after the other.
struct Format<'a> {
    lua: &'a Lua,
    rest: &'a [u8],
    is_little: bool,
    align_max: usize,
}

impl<'a> Format<'a> {
    fn new(lua: &'a Lua, rest: &'a [u8]) -> Self {
        Self { lua, rest, is_little: true, align_max: 1 }
    }

    /// The next item; what only changes how others are read is taken on the way.
    fn next(&mut self) -> mlua::Result<Option<Item>> {
        while let Some((&letter, rest)) = self.rest.split_first() {
            self.rest = rest;
            match letter {
                b' ' => {}
                b'<' | b'=' => self.is_little = true,
                b'>' => self.is_little = false,
                b'!' => self.align_max = self.alignment()?,
                _ => return self.item(letter).map(Some),
            }
        }
        Ok(None)
    }

    fn item(&mut self, letter: u8) -> mlua::Result<Item> {
        Ok(match letter {
            b'x' => Item::Padding,
            b'b' => Item::Signed(1),
            b'B' => Item::Unsigned(1),
            b'h' => Item::Signed(2),
            b'H' => Item::Unsigned(2),
            b'i' => Item::Signed(self.int_bytes()?),
            b'I' => Item::Unsigned(self.int_bytes()?),
            b'l' => Item::Signed(8),
            b'L' | b'T' => Item::Unsigned(8),
            b'f' => Item::Float,
            b'd' => Item::Double,
            b'c' => Item::Bytes(self.count()?.unwrap_or(1)),
            b's' => Item::Text,
            _ => return Err(raise(self.lua, format!("invalid format option '{}'", letter as char))),
        })
    }

    fn count(&mut self) -> mlua::Result<Option<usize>> {
        let digits = self.rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if digits == 0 {
            return Ok(None);
        }
        let text = String::from_utf8_lossy(&self.rest[..digits]);
        let count = text.parse::<u32>().map_err(|_| raise(self.lua, "integral size overflow"))?;
        self.rest = &self.rest[digits..];
        Ok(Some(count as usize))
    }

    fn int_bytes(&mut self) -> mlua::Result<usize> {
        match self.count()?.unwrap_or(4) {
            bytes @ 1..=INT_BYTES_MAX => Ok(bytes),
            bytes => {
                let why = format!("integral size {bytes} is larger than limit of {INT_BYTES_MAX}");
                Err(raise(self.lua, why))
            }
        }
    }

    fn alignment(&mut self) -> mlua::Result<usize> {
        let align = self.count()?.unwrap_or(8);
        if align.is_power_of_two() {
            Ok(align)
        } else {
            Err(raise(self.lua, "alignment is not a power of 2"))
        }
    }

    /// How many bytes of padding go before an item that would begin at `at`.
    fn padding(&self, at: usize, item: Item) -> usize {
        let align = item.align().min(self.align_max);
        at.next_multiple_of(align.next_power_of_two().max(1)) - at
    }

    fn ordered(&self, little: &[u8]) -> Vec<u8> {
        if self.is_little { little.to_vec() } else { little.iter().rev().copied().collect() }
    }
}

impl Item {
    fn bytes(self) -> usize {
        match self {
            Self::Padding => 1,
            Self::Signed(bytes) | Self::Unsigned(bytes) | Self::Bytes(bytes) => bytes,
            Self::Float => 4,
            Self::Double => 8,
            Self::Text => 0,
        }
    }

    fn align(self) -> usize {
        if matches!(self, Self::Bytes(_)) { 1 } else { self.bytes().max(1) }
    }
}

/// `struct.pack(format, values …)`
fn pack(arguments: &Arguments<'_>, meter: &Meter) -> mlua::Result<MultiValue> {
    let text = arguments.text(1)?;
    let text = text.as_bytes();
    meter.charge(text.len())?;
    let mut format = Format::new(arguments.lua, &text);
    let (mut out, mut at) = (Vec::new(), 1);
    while let Some(item) = format.next()? {
        out.resize(out.len() + format.padding(out.len(), item), 0);
        if item == Item::Padding {
            out.push(0);
        } else {
            at += 1;
            pack_one(arguments, at, &format, item, &mut out)?;
        }
        check_size(arguments.lua, out.len())?;
    }
    meter.charge(out.len() / 8)?;
    Ok(MultiValue::from_vec(vec![Value::String(arguments.lua.create_string(out)?)]))
}

fn pack_one(
    arguments: &Arguments<'_>,
    at: usize,
    format: &Format<'_>,
    item: Item,
    out: &mut Vec<u8>,
) -> mlua::Result<()> {
    match item {
        Item::Signed(bytes) => out.extend(format.ordered(&arguments.int(at)?.to_le_bytes()[..bytes])),
        Item::Unsigned(bytes) => {
            let n = arguments.number(at)?;
            let n = if n < 0.0 { n as i64 as u64 } else { n as u64 };
            out.extend(format.ordered(&n.to_le_bytes()[..bytes]));
        }
        Item::Float => out.extend(format.ordered(&(arguments.number(at)? as f32).to_le_bytes())),
        Item::Double => out.extend(format.ordered(&arguments.number(at)?.to_le_bytes())),
        Item::Text | Item::Bytes(_) => {
            let text = arguments.text(at)?;
            let text = text.as_bytes();
            let len = if item.bytes() == 0 { text.len() } else { item.bytes() };
            out.extend_from_slice(text.get(..len).ok_or_else(|| arguments.bad(at, "string too short"))?);
            out.extend(matches!(item, Item::Text).then_some(0));
        }
        Item::Padding => {}
    }
    Ok(())
}

/// `struct.unpack(format, text [, position])`: the values, then the position after them.
fn unpack(arguments: &Arguments<'_>, meter: &Meter) -> mlua::Result<MultiValue> {
    let (text, data) = (arguments.text(1)?, arguments.text(2)?);
    let (text, data) = (text.as_bytes(), data.as_bytes());
    meter.charge(text.len())?;
    let mut at = usize::try_from(arguments.int_or(3, 1)? - 1)
        .map_err(|_| arguments.bad(3, "offset must be 1 or greater"))?;
    let mut format = Format::new(arguments.lua, &text);
    let mut values: Vec<Value> = Vec::new();
    let too_short = || raise(arguments.lua, "data string too short");
    while let Some(item) = format.next()? {
        at = at.saturating_add(format.padding(at, item));
        let rest = data.get(at..).ok_or_else(too_short)?;
        let len = match item {
            Item::Text => rest.iter().position(|&byte| byte == 0).ok_or_else(too_short)?,
            Item::Bytes(0) => counted_by(arguments, values.pop())?,
            _ => item.bytes(),
        };
        meter.charge(1 + len / 8)?;
        let bytes = rest.get(..len).ok_or_else(too_short)?;
        at += len + usize::from(item == Item::Text);
        values.extend(unpack_one(arguments.lua, &format, item, bytes)?);
    }
    values.push(Value::Integer(at as i64 + 1));
    Ok(MultiValue::from_vec(values))
}

fn counted_by(arguments: &Arguments<'_>, value: Option<Value>) -> mlua::Result<usize> {
    let count = match value {
        Some(Value::Integer(n)) => usize::try_from(n).ok(),
        Some(Value::Number(n)) => Some(n as usize),
        _ => None,
    };
    count.ok_or_else(|| raise(arguments.lua, "format 'c0' needs a previous size"))
}

fn unpack_one(lua: &Lua, format: &Format<'_>, item: Item, bytes: &[u8]) -> mlua::Result<Option<Value>> {
    let little = |bytes: &[u8]| -> [u8; 8] {
        let mut word = [0; 8];
        word[..bytes.len()].copy_from_slice(&format.ordered(bytes));
        word
    };
    Ok(Some(match item {
        Item::Padding => return Ok(None),
        Item::Unsigned(_) => Value::Number(u64::from_le_bytes(little(bytes)) as f64),
        Item::Signed(width) => {
            let unused = 64 - 8 * width as u32;
            let n = i64::from_le_bytes(little(bytes)) << unused >> unused;
            Value::Number(n as f64)
        }
        Item::Float => Value::Number(f64::from(f32::from_bits(u64::from_le_bytes(little(bytes)) as u32))),
        Item::Double => Value::Number(f64::from_le_bytes(little(bytes))),
        Item::Bytes(_) | Item::Text => Value::String(lua.create_string(bytes)?),
    }))
}

/// `struct.size(format)`
fn size(arguments: &Arguments<'_>, meter: &Meter) -> mlua::Result<MultiValue> {
    let text = arguments.text(1)?;
    let text = text.as_bytes();
    meter.charge(text.len())?;
    let mut format = Format::new(arguments.lua, &text);
    let mut bytes = 0_usize;
    while let Some(item) = format.next()? {
        if matches!(item, Item::Text | Item::Bytes(0)) {
            return Err(arguments.bad(1, "variable-size format in struct.size"));
        }
        bytes = bytes.saturating_add(format.padding(bytes, item) + item.bytes());
    }
    Ok(MultiValue::from_vec(vec![Value::Integer(bytes as i64)]))
}
