//! Reading the arguments of a library function.

use mlua::{Lua, LuaString, MultiValue, Value};

use crate::raise::raise;

/// The arguments that a script called a function with.
pub(crate) struct Arguments<'a> {
    pub(crate) lua: &'a Lua,
    function: &'static str,
    values: &'a MultiValue,
}

impl<'a> Arguments<'a> {
    pub(crate) fn new(lua: &'a Lua, function: &'static str, values: &'a MultiValue) -> Self {
        Self { lua, function, values }
    }

    pub(crate) fn len(&self) -> usize {
        self.values.len()
    }

    /// The value at a place that counts from 1; nil where there is none.
    pub(crate) fn value(&self, at: usize) -> &'a Value {
        self.values.get(at - 1).unwrap_or(&Value::Nil)
    }

    pub(crate) fn is_absent(&self, at: usize) -> bool {
        self.value(at).is_nil()
    }

    /// A string, or a number as Lua writes it.
    pub(crate) fn text(&self, at: usize) -> mlua::Result<LuaString> {
        match self.value(at) {
            Value::String(text) => Ok(text.clone()),
            number @ (Value::Integer(_) | Value::Number(_)) => {
                let text = self.lua.coerce_string(number.clone())?;
                text.ok_or_else(|| self.expected(at, "string"))
            }
            _ => Err(self.expected(at, "string")),
        }
    }

    /// A number, or a string that Lua reads as one.
    pub(crate) fn number(&self, at: usize) -> mlua::Result<f64> {
        match self.value(at) {
            Value::Integer(n) => Ok(*n as f64),
            Value::Number(n) => Ok(*n),
            text @ Value::String(_) => {
                let number = self.lua.coerce_number(text.clone())?;
                number.ok_or_else(|| self.expected(at, "number"))
            }
            _ => Err(self.expected(at, "number")),
        }
    }

    /// A number, cut to an integer.
    pub(crate) fn int(&self, at: usize) -> mlua::Result<i64> {
        Ok(self.number(at)? as i64)
    }

    pub(crate) fn int_or(&self, at: usize, default: i64) -> mlua::Result<i64> {
        if self.is_absent(at) { Ok(default) } else { self.int(at) }
    }

    /// An error about an argument, in Lua's words.
    pub(crate) fn bad(&self, at: usize, why: &str) -> mlua::Error {
        raise(self.lua, format!("bad argument #{at} to '{}' ({why})", self.function))
    }

    fn expected(&self, at: usize, kind: &str) -> mlua::Error {
        let got = if at > self.values.len() { "no value" } else { self.value(at).type_name() };
        let got = if got == "integer" { "number" } else { got };
        self.bad(at, &format!("{kind} expected, got {got}"))
    }
}
