//! The table `redis`.

use std::sync::Arc;

use latchkey_protocol::resp::Version;
use mlua::{Lua, MultiValue, Table, Value};
use sha1::{Digest as _, Sha1};

use crate::arguments::Arguments;
use crate::bridge::Bridge;
use crate::convert::named;
use crate::meter::{CALL_STEPS, Meter};
use crate::raise::raise;

/// The version of Redis whose behaviour scripts can rely on.
const REDIS_VERSION: (&str, u32) = ("8.2.0", 0x0008_0200);

const CONSTANTS: [(&str, i64); 9] = [
    ("LOG_DEBUG", 0),
    ("LOG_VERBOSE", 1),
    ("LOG_NOTICE", 2),
    ("LOG_WARNING", 3),
    ("REPL_NONE", 0),
    ("REPL_AOF", 1),
    ("REPL_SLAVE", 2),
    ("REPL_REPLICA", 2),
    ("REPL_ALL", 3),
];

pub(crate) fn library(lua: &Lua, meter: &Arc<Meter>, bridge: &Arc<Bridge>) -> mlua::Result<Table> {
    let redis = lua.create_table()?;
    CONSTANTS.iter().try_for_each(|&(name, value)| redis.raw_set(name, value))?;
    redis.raw_set("REDIS_VERSION", REDIS_VERSION.0)?;
    redis.raw_set("REDIS_VERSION_NUM", REDIS_VERSION.1)?;
    let define = |name: &'static str, function: fn(&Arguments<'_>, &Meter) -> mlua::Result<Value>| {
        let meter = Arc::clone(meter);
        let function = lua.create_function(move |lua, values: MultiValue| {
            meter.charge(CALL_STEPS)?;
            function(&Arguments::new(lua, name, &values), &meter)
        })?;
        redis.raw_set(name, function)
    };
    define("sha1hex", sha1hex)?;
    define("error_reply", error_reply)?;
    define("status_reply", |arguments, meter| reply(arguments, meter, "ok", &only_text(arguments)?))?;
    define("log", log)?;
    // Effects are what is recorded, always: these two ask for what is so.
    define("replicate_commands", |_, _| Ok(Value::Boolean(true)))?;
    define("set_repl", |_, _| Ok(Value::Nil))?;
    bridge.install(lua, meter, &redis)?;
    let (metered, bridge) = (Arc::clone(meter), Arc::clone(bridge));
    let setresp = lua.create_function(move |lua, values: MultiValue| {
        metered.charge(CALL_STEPS)?;
        bridge.set_version(version(&Arguments::new(lua, "setresp", &values))?);
        Ok(Value::Nil)
    })?;
    redis.raw_set("setresp", setresp)?;
    Ok(redis)
}

fn sha1hex(arguments: &Arguments<'_>, meter: &Meter) -> mlua::Result<Value> {
    if arguments.len() != 1 {
        return Err(raise(arguments.lua, "wrong number of arguments"));
    }
    let text = arguments.text(1)?;
    let text = text.as_bytes();
    meter.charge(text.len())?;
    let hex: String = Sha1::digest(&text).iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(Value::String(arguments.lua.create_string(hex)?))
}

/// A text of one word has no error code, so it gets one.
fn error_reply(arguments: &Arguments<'_>, meter: &Meter) -> mlua::Result<Value> {
    let text = only_text(arguments)?;
    let text = text.strip_prefix('-').unwrap_or(&text);
    let text = if text.contains(' ') { text.to_owned() } else { format!("ERR {text}") };
    reply(arguments, meter, "err", &text)
}

fn reply(arguments: &Arguments<'_>, meter: &Meter, name: &str, text: &str) -> mlua::Result<Value> {
    named(arguments.lua, meter, name, Value::String(arguments.lua.create_string(text)?))
}

/// There is no log that a tenant could read, so a line that is well formed goes nowhere.
fn log(arguments: &Arguments<'_>, _: &Meter) -> mlua::Result<Value> {
    if arguments.len() < 2 {
        return Err(raise(arguments.lua, "redis.log() requires two arguments or more."));
    }
    match arguments.value(1) {
        Value::Integer(0..=3) => Ok(Value::Nil),
        Value::Integer(_) | Value::Number(_) => Err(raise(arguments.lua, "Invalid log level.")),
        _ => Err(raise(arguments.lua, "First argument must be a number (log level).")),
    }
}

/// What `redis.setresp(2)` and `redis.setresp(3)` ask for.
fn version(arguments: &Arguments<'_>) -> mlua::Result<Version> {
    if arguments.len() != 1 {
        return Err(raise(arguments.lua, "redis.setresp() requires one argument."));
    }
    match arguments.int(1)? {
        2 => Ok(Version::Resp2),
        3 => Ok(Version::Resp3),
        _ => Err(raise(arguments.lua, "RESP version must be 2 or 3.")),
    }
}

fn only_text(arguments: &Arguments<'_>) -> mlua::Result<String> {
    match arguments.value(1) {
        Value::String(text) if arguments.len() == 1 => Ok(text.to_string_lossy()),
        _ => Err(raise(arguments.lua, "wrong number or type of arguments")),
    }
}
