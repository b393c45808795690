//! Errors that a script's calls raise, and where in the script that was.

use std::fmt;

use mlua::{Error, Lua, Value};

use crate::meter::Stopped;

/// The name of a script's chunk. Lua drops the first `@`; the second is part of the name, as Upstash's texts have it.
pub(crate) const CHUNK_NAME: &str = "@@user_script";

/// As the same name stands in error texts.
const SHOWN_NAME: &str = "@user_script";

/// The name of our own Lua code, which error texts show as they show native functions.
pub(crate) const NATIVE_NAME: &str = "=[G]";

/// As the same name stands in what Lua tells of a frame.
const SHOWN_NATIVE: &str = "[G]";

/// So many frames are looked at, and shown in a traceback.
const FRAMES_MAX: usize = 32;

/// An error reply that `redis.call` raised. `pcall` gives it to the script as a table with `err`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RaisedReply {
    pub(crate) text: String,
    pub(crate) line: Option<usize>,
}

impl fmt::Display for RaisedReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{SHOWN_NAME}:{line}: {}", self.text),
            None => f.write_str(&self.text),
        }
    }
}

impl std::error::Error for RaisedReply {}

/// An error with the place in the script that the running function was called from.
pub(crate) fn raise(lua: &Lua, text: impl fmt::Display) -> Error {
    match script_line(lua) {
        Some(line) => Error::runtime(format!("{SHOWN_NAME}:{line}: {text}")),
        None => Error::runtime(text),
    }
}

/// An error reply, raised at the place in the script that the running function was called from.
pub(crate) fn raise_reply(lua: &Lua, text: impl Into<String>) -> Error {
    Error::external(RaisedReply { text: text.into(), line: script_line(lua) })
}

/// What an error was before it went through our functions.
pub(crate) fn root(error: &Error) -> &Error {
    match error {
        Error::CallbackError { cause, .. } | Error::WithContext { cause, .. } => root(cause),
        _ => error,
    }
}

/// Whether the error is the end of the budget.
pub(crate) fn is_stop(error: &Error) -> bool {
    root(error).downcast_ref::<Stopped>().is_some()
}

/// An error's text, without what the library adds to it.
pub(crate) fn text_of(error: &Error) -> String {
    match root(error) {
        Error::RuntimeError(text) | Error::MemoryError(text) => text.clone(),
        Error::SyntaxError { message, .. } => message.clone(),
        Error::ExternalError(inner) => inner.to_string(),
        other => other.to_string(),
    }
}

/// What a script's `pcall` gives it for an error that came out of one of our functions.
pub(crate) fn explain(lua: &Lua, error: &Error) -> mlua::Result<Value> {
    let Some(raised) = root(error).downcast_ref::<RaisedReply>() else {
        return Ok(Value::String(lua.create_string(text_of(error))?));
    };
    let table = lua.create_table()?;
    table.raw_set("err", raised.text.as_str())?;
    table.raw_set("source", SHOWN_NAME)?;
    table.raw_set("line", raised.line)?;
    Ok(Value::Table(table))
}

/// The frames above the running function in the form of Upstash's error texts, as far as the script's main chunk.
pub(crate) fn traceback(lua: &Lua) -> String {
    let mut lines = vec!["stack traceback:".to_owned()];
    let mut native: Option<String> = None;
    for level in 1..FRAMES_MAX {
        let Some(frame) = lua.inspect_stack(level, Frame::of) else { break };
        if frame.is_native {
            native =
                Some(frame.name.map_or("[G]: ?".to_owned(), |name| format!("[G]: in function '{name}'")));
            continue;
        }
        lines.extend(native.take());
        lines.push(frame.shown());
        if frame.is_main {
            break;
        }
    }
    lines.push("[G]: ?".to_owned());
    lines.join("\n\t")
}

struct Frame {
    name: Option<String>,
    line: usize,
    defined_at: usize,
    is_main: bool,
    is_native: bool,
}

impl Frame {
    fn of(debug: &mlua::debug::Debug<'_>) -> Self {
        let source = debug.source();
        Self {
            name: debug.names().name.map(|name| name.into_owned()),
            line: debug.current_line().unwrap_or(0),
            defined_at: source.line_defined.unwrap_or(0),
            is_main: source.what == "main",
            is_native: source.what == "C" || source.short_src.as_deref() == Some(SHOWN_NATIVE),
        }
    }

    fn shown(&self) -> String {
        let place = format!("{SHOWN_NAME}:{}: in", self.line);
        match &self.name {
            _ if self.is_main => format!("{place} main chunk"),
            Some(name) => format!("{place} function '{name}'"),
            None => format!("{place} function <{SHOWN_NAME}:{}>", self.defined_at),
        }
    }
}

fn script_line(lua: &Lua) -> Option<usize> {
    let line_of = |debug: &mlua::debug::Debug<'_>| {
        let is_script = debug.source().short_src.as_deref() == Some(SHOWN_NAME);
        is_script.then(|| debug.current_line()).flatten()
    };
    (1..FRAMES_MAX).map_while(|level| lua.inspect_stack(level, line_of)).flatten().next()
}
