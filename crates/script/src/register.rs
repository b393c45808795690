//! `redis.register_function`, which a library calls while it is loaded.

use std::sync::Arc;

use bytes::Bytes;
use mlua::{Error, Function, Lua, MultiValue, Table, Value};
use parking_lot::Mutex;

use crate::flags::Flags;
use crate::library::{BAD_NAME, Registered, is_name};
use crate::meter::Meter;
use crate::raise::raise_reply;

/// So many functions may one library have, …
pub(crate) const FUNCTIONS_MAX: usize = 500;
/// … with so many bytes of names and descriptions together: they are kept outside of the interpreter's memory.
pub(crate) const DESCRIBED_BYTES_MAX: usize = 64 << 10;

/// What it costs to register a function.
const REGISTER_STEPS: usize = 500;

/// Where what a library registers is gathered, while one is being loaded.
pub(crate) type Register = Arc<Mutex<Option<Gathered>>>;

/// What a library has registered so far.
#[derive(Default)]
pub(crate) struct Gathered {
    pub(crate) functions: Vec<Registered>,
    /// What to call, in the same order.
    pub(crate) callbacks: Vec<Function>,
    bytes: usize,
}

/// The function that libraries see.
pub(crate) fn function(lua: &Lua, meter: &Arc<Meter>, register: &Register) -> mlua::Result<Function> {
    let (meter, register) = (Arc::clone(meter), Arc::clone(register));
    lua.create_function(move |lua, values: MultiValue| {
        meter.charge(REGISTER_STEPS)?;
        let outside = "ERR redis.register_function can only be called on FUNCTION LOAD command";
        let mut register = register.lock();
        let gathered = register.as_mut().ok_or(outside);
        let done = gathered.and_then(|gathered| {
            let (registered, callback) = read(&values)?;
            gathered.add(registered, callback)
        });
        done.map_err(|why| raise_reply(lua, why))
    })
}

impl Gathered {
    fn add(&mut self, registered: Registered, callback: Function) -> Result<(), &'static str> {
        let name = &registered.name;
        if self.functions.iter().any(|known| known.name.eq_ignore_ascii_case(name)) {
            return Err("ERR Function already exists in the library");
        }
        self.bytes += name.len() + registered.description.as_ref().map_or(0, Bytes::len);
        if self.functions.len() == FUNCTIONS_MAX || self.bytes > DESCRIBED_BYTES_MAX {
            return Err(
                "ERR The library registers too many functions, or describes them at too great length",
            );
        }
        self.functions.push(registered);
        self.callbacks.push(callback);
        Ok(())
    }
}

/// `register_function(name, callback)`, or one table with named arguments.
fn read(values: &MultiValue) -> Result<(Registered, Function), &'static str> {
    let values: Vec<&Value> = values.iter().collect();
    match values[..] {
        [Value::Table(named)] => read_named(named),
        [_] => {
            Err("ERR calling redis.register_function with a single argument is only applicable to Lua table \
                    (representing named arguments).")
        }
        [name, callback] => {
            let name = text(name).ok_or("ERR first argument to redis.register_function must be a string")?;
            let Value::Function(callback) = callback else {
                return Err("ERR second argument to redis.register_function must be a function");
            };
            let registered = Registered { name: checked(&name)?, description: None, flags: Flags::default() };
            Ok((registered, callback.clone()))
        }
        _ => Err("ERR wrong number of arguments to redis.register_function"),
    }
}

fn read_named(arguments: &Table) -> Result<(Registered, Function), &'static str> {
    const UNKNOWN: &str = "ERR unknown argument given to redis.register_function";
    let (mut name, mut callback, mut description, mut flags) = (None, None, None, Flags::default());
    for pair in arguments.pairs::<Value, Value>() {
        let (Value::String(argument), value) = pair.map_err(|_| UNKNOWN)? else { return Err(UNKNOWN) };
        match &argument.as_bytes()[..] {
            b"function_name" => {
                let given = text(&value);
                name =
                    Some(given.ok_or(
                        "ERR function_name argument given to redis.register_function must be a string",
                    )?);
            }
            b"description" => {
                let given = text(&value);
                description =
                    Some(given.ok_or(
                        "ERR description argument given to redis.register_function must be a string",
                    )?);
            }
            b"callback" => {
                let Value::Function(given) = value else {
                    return Err("ERR callback argument given to redis.register_function must be a function");
                };
                callback = Some(given);
            }
            b"flags" => {
                let Value::Table(given) = value else {
                    return Err(
                        "ERR flags argument to redis.register_function must be a table representing function flags",
                    );
                };
                flags = read_flags(&given)?;
            }
            _ => return Err(UNKNOWN),
        }
    }
    let name = name.ok_or("ERR redis.register_function must get a function name argument")?;
    let callback = callback.ok_or("ERR redis.register_function must get a callback argument")?;
    Ok((Registered { name: checked(&name)?, description, flags }, callback))
}

fn read_flags(given: &Table) -> Result<Flags, &'static str> {
    let one = |flags: Flags, name: Result<Value, Error>| match name {
        Ok(Value::String(name)) => flags.with(&name.as_bytes()),
        _ => None,
    };
    given.sequence_values::<Value>().try_fold(Flags::default(), one).ok_or("ERR unknown flag given")
}

/// Lua counts numbers as strings where it can. One that is too long to be kept is cut, and refused when it is added.
fn text(value: &Value) -> Option<Bytes> {
    match value {
        Value::String(text) => {
            let text = text.as_bytes();
            Some(Bytes::copy_from_slice(&text[..text.len().min(DESCRIBED_BYTES_MAX + 1)]))
        }
        Value::Integer(n) => Some(Bytes::from(n.to_string())),
        Value::Number(n) => Some(Bytes::from(crate::number::lua_text(*n))),
        _ => None,
    }
}

fn checked(name: &[u8]) -> Result<String, &'static str> {
    let name = Some(name).filter(|name| is_name(name)).ok_or(BAD_NAME)?;
    Ok(String::from_utf8_lossy(name).into_owned())
}
