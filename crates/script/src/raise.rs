//! Errors that a script's calls raise, and where in the script that was.

use std::fmt;

use mlua::{Error, Lua, Value};

use crate::meter::Stopped;

/// The name of a script's chunk. Lua drops the first `@`; the second is part of the name, as Upstash's texts have it.
pub(crate) const CHUNK_NAME: &str = "@@user_script";

/// The name of a library's chunk. Its errors are Redis's own, whose texts lack the `@`.
pub(crate) const LIBRARY_NAME: &str = "@user_function";

/// As the names of chunks stand in error texts.
const SHOWN_NAMES: [&str; 2] = ["@user_script", "user_function"];

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
    pub(crate) place: Option<Place>,
}

/// A line of a script or a library.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    chunk: &'static str,
    line: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.chunk, self.line)
    }
}

impl fmt::Display for RaisedReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.place {
            Some(place) => write!(f, "{place}: {}", self.text),
            None => f.write_str(&self.text),
        }
    }
}

impl std::error::Error for RaisedReply {}

/// An error with the place in the script that the running function was called from.
pub(crate) fn raise(lua: &Lua, text: impl fmt::Display) -> Error {
    match place(lua) {
        Some(place) => Error::runtime(format!("{place}: {text}")),
        None => Error::runtime(text),
    }
}

/// An error reply, raised at the place in the script that the running function was called from.
pub(crate) fn raise_reply(lua: &Lua, text: impl Into<String>) -> Error {
    Error::external(RaisedReply { text: text.into(), place: place(lua) })
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
    table.raw_set("source", raised.place.map(|place| place.chunk))?;
    table.raw_set("line", raised.place.map(|place| place.line))?;
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
    chunk: Option<&'static str>,
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
            chunk: shown_name(source.short_src.as_deref()),
            line: debug.current_line().unwrap_or(0),
            defined_at: source.line_defined.unwrap_or(0),
            is_main: source.what == "main",
            is_native: source.what == "C" || source.short_src.as_deref() == Some(SHOWN_NATIVE),
        }
    }

    fn shown(&self) -> String {
        let chunk = self.chunk.unwrap_or("?");
        let place = format!("{chunk}:{}: in", self.line);
        match &self.name {
            _ if self.is_main => format!("{place} main chunk"),
            Some(name) => format!("{place} function '{name}'"),
            None => format!("{place} function <{chunk}:{}>", self.defined_at),
        }
    }
}

/// The line that the innermost frame of a script or a library is at.
fn place(lua: &Lua) -> Option<Place> {
    let place_of = |debug: &mlua::debug::Debug<'_>| {
        let chunk = shown_name(debug.source().short_src.as_deref())?;
        Some(Place { chunk, line: debug.current_line()? })
    };
    (1..FRAMES_MAX).map_while(|level| lua.inspect_stack(level, place_of)).flatten().next()
}

fn shown_name(source: Option<&str>) -> Option<&'static str> {
    SHOWN_NAMES.into_iter().find(|&name| source == Some(name))
}
