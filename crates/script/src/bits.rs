//! The library `bit`: 32-bit integers, by BitOp's rules.

use std::sync::Arc;

use mlua::{Lua, MultiValue, Table, Value};

use crate::arguments::Arguments;
use crate::meter::{CALL_STEPS, Meter};

pub(crate) fn library(lua: &Lua, meter: &Arc<Meter>) -> mlua::Result<Table> {
    let bit = lua.create_table()?;
    let define = |name: &'static str, function: fn(&Arguments<'_>) -> mlua::Result<Value>| {
        let meter = Arc::clone(meter);
        let function = lua.create_function(move |lua, values: MultiValue| {
            meter.charge(CALL_STEPS)?;
            function(&Arguments::new(lua, name, &values))
        })?;
        bit.raw_set(name, function)
    };
    define("tobit", |arguments| number(word(arguments, 1)?))?;
    define("bnot", |arguments| number(!word(arguments, 1)?))?;
    define("bswap", |arguments| number(word(arguments, 1)?.swap_bytes()))?;
    define("band", |arguments| fold(arguments, |a, b| a & b))?;
    define("bor", |arguments| fold(arguments, |a, b| a | b))?;
    define("bxor", |arguments| fold(arguments, |a, b| a ^ b))?;
    define("lshift", |arguments| shift(arguments, u32::wrapping_shl))?;
    define("rshift", |arguments| shift(arguments, u32::wrapping_shr))?;
    define("arshift", |arguments| shift(arguments, |n, by| (n as i32).wrapping_shr(by) as u32))?;
    define("rol", |arguments| shift(arguments, |n, by| n.rotate_left(by & 31)))?;
    define("ror", |arguments| shift(arguments, |n, by| n.rotate_right(by & 31)))?;
    define("tohex", tohex)?;
    Ok(bit)
}

/// A number modulo 2³², rounded as adding 2⁵² + 2⁵¹ to it rounds.
fn word(arguments: &Arguments<'_>, at: usize) -> mlua::Result<u32> {
    let n = arguments.number(at)?.round_ties_even();
    Ok(n.rem_euclid(4_294_967_296.0) as u32)
}

/// Results are signed.
fn number(word: u32) -> mlua::Result<Value> {
    Ok(Value::Integer(i64::from(word as i32)))
}

fn fold(arguments: &Arguments<'_>, with: fn(u32, u32) -> u32) -> mlua::Result<Value> {
    let first = word(arguments, 1)?;
    number(
        (2..=arguments.len()).try_fold(first, |all, at| mlua::Result::Ok(with(all, word(arguments, at)?)))?,
    )
}

/// Only the lower five bits of the distance count, which is what the wrapping shifts do.
fn shift(arguments: &Arguments<'_>, by: fn(u32, u32) -> u32) -> mlua::Result<Value> {
    number(by(word(arguments, 1)?, word(arguments, 2)?))
}

/// `bit.tohex(x [, digits])`: a negative number of digits asks for upper case.
fn tohex(arguments: &Arguments<'_>) -> mlua::Result<Value> {
    let digits = arguments.int_or(2, 8)?;
    let count = digits.unsigned_abs().min(8) as usize;
    let hex = format!("{:08x}", word(arguments, 1)?);
    let hex = &hex[8 - count..];
    let hex = if digits < 0 { hex.to_ascii_uppercase() } else { hex.to_owned() };
    Ok(Value::String(arguments.lua.create_string(hex)?))
}
