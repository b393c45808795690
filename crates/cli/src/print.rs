//! Replies as text: with types and quotes for people, as they are for programs, or as JSON.

use std::fmt::Write;

use crate::reply::{List, Value};

/// How replies are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// As `redis-cli` does on a terminal.
    Typed,
    /// Only what they hold, an item a line.
    Raw,
    /// One JSON value a line.
    Json,
}

/// Appends a reply and the end of its line.
pub(crate) fn write_reply(out: &mut Vec<u8>, reply: &Value, form: Form) {
    match form {
        Form::Typed => out.extend_from_slice(typed(reply, "").as_bytes()),
        Form::Raw => write_raw(out, reply),
        Form::Json => write_json(out, reply),
    }
    out.push(b'\n');
}

/// Lines after the first begin with `indent`.
fn typed(value: &Value, indent: &str) -> String {
    match value {
        Value::Status(text) | Value::Verbatim(text) => String::from_utf8_lossy(text).into_owned(),
        Value::Error(text) => format!("(error) {}", String::from_utf8_lossy(text)),
        Value::Bulk(bytes) => quote(bytes),
        Value::Int(number) => format!("(integer) {number}"),
        Value::Double(digits) => format!("(double) {}", String::from_utf8_lossy(digits)),
        Value::Big(digits) => format!("(big number) {}", String::from_utf8_lossy(digits)),
        Value::Bool(yes) => format!("({yes})"),
        Value::Null => "(nil)".into(),
        Value::List(List::Array, items) => typed_items(items, "(empty array)", ')', indent, typed),
        Value::List(List::Set, items) => typed_items(items, "(empty set)", '~', indent, typed),
        Value::List(List::Push, items) => typed_items(items, "(empty push)", '>', indent, typed),
        Value::Map(entries) => typed_items(entries, "(empty hash)", '#', indent, typed_entry),
    }
}

/// What has several items of its own begins on a line of its own.
fn typed_entry((name, value): &(Value, Value), indent: &str) -> String {
    let items = match value {
        Value::List(_, items) => items.len(),
        Value::Map(entries) => entries.len(),
        _ => 1,
    };
    let line_end = if items > 1 { format!("\n{indent}") } else { String::new() };
    format!("{} => {line_end}{}", typed(name, indent), typed(value, indent))
}

/// Items with numbers, aligned to the right.
fn typed_items<T>(
    items: &[T],
    empty: &str,
    mark: char,
    indent: &str,
    show: impl Fn(&T, &str) -> String,
) -> String {
    if items.is_empty() {
        return empty.into();
    }
    let width = items.len().to_string().len();
    let inner = format!("{indent}{}", " ".repeat(width + 2));
    let mut text = String::new();
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            text.push('\n');
            text.push_str(indent);
        }
        write!(text, "{:>width$}{mark} {}", at + 1, show(item, &inner)).expect("a string takes all text");
    }
    text
}

/// In double quotes, with the escapes that a line typed in may have.
pub(crate) fn quote(bytes: &[u8]) -> String {
    let mut quoted = String::with_capacity(bytes.len() + 2);
    quoted.push('"');
    for &byte in bytes {
        match byte {
            b'"' | b'\\' => quoted.extend(['\\', char::from(byte)]),
            b'\n' => quoted.push_str("\\n"),
            b'\r' => quoted.push_str("\\r"),
            b'\t' => quoted.push_str("\\t"),
            0x07 => quoted.push_str("\\a"),
            0x08 => quoted.push_str("\\b"),
            b' '..=b'~' => quoted.push(char::from(byte)),
            _ => write!(quoted, "\\x{byte:02x}").expect("a string takes all text"),
        }
    }
    quoted.push('"');
    quoted
}

fn write_raw(out: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Status(text)
        | Value::Error(text)
        | Value::Bulk(text)
        | Value::Verbatim(text)
        | Value::Double(text)
        | Value::Big(text) => out.extend_from_slice(text),
        Value::Int(number) => out.extend_from_slice(number.to_string().as_bytes()),
        Value::Bool(yes) => out.extend_from_slice(yes.to_string().as_bytes()),
        Value::Null => {}
        Value::List(_, items) => separated(out, b'\n', items, write_raw),
        Value::Map(entries) => separated(out, b'\n', entries, |out, (name, value)| {
            write_raw(out, name);
            out.push(b'\n');
            write_raw(out, value);
        }),
    }
}

/// Maps become objects, errors `{"error":…}`; a number that JSON does not know becomes a string.
fn write_json(out: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Status(text) | Value::Bulk(text) | Value::Verbatim(text) => write_json_text(out, text),
        Value::Error(text) => {
            out.extend_from_slice(b"{\"error\":");
            write_json_text(out, text);
            out.push(b'}');
        }
        Value::Int(_) | Value::Bool(_) => write_raw(out, value),
        Value::Double(digits) | Value::Big(digits) => {
            let is_json = serde_json::from_slice::<serde_json::Number>(digits).is_ok();
            if is_json { out.extend_from_slice(digits) } else { write_json_text(out, digits) }
        }
        Value::Null => out.extend_from_slice(b"null"),
        Value::List(_, items) => {
            out.push(b'[');
            separated(out, b',', items, write_json);
            out.push(b']');
        }
        Value::Map(entries) => {
            out.push(b'{');
            separated(out, b',', entries, |out, (name, value)| {
                write_json_name(out, name);
                out.push(b':');
                write_json(out, value);
            });
            out.push(b'}');
        }
    }
}

/// The name of an object's member has to be a string, whatever the reply has.
fn write_json_name(out: &mut Vec<u8>, name: &Value) {
    let mut text = Vec::new();
    match name {
        Value::List(..) | Value::Map(_) => write_json(&mut text, name),
        _ => write_raw(&mut text, name),
    }
    write_json_text(out, &text);
}

fn write_json_text(out: &mut Vec<u8>, text: &[u8]) {
    serde_json::to_writer(out, &String::from_utf8_lossy(text)).expect("memory takes all text");
}

fn separated<T>(out: &mut Vec<u8>, separator: u8, items: &[T], write: impl Fn(&mut Vec<u8>, &T)) {
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            out.push(separator);
        }
        write(out, item);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reply::Decoder;

    fn printed(resp: &str, form: Form) -> String {
        let reply = Decoder::default().decode(&mut resp.into()).expect("well-formed").expect("whole");
        let mut out = Vec::new();
        write_reply(&mut out, &reply, form);
        String::from_utf8(out).expect("text").strip_suffix('\n').expect("a line").to_owned()
    }

    #[track_caller]
    fn check(resp: &str, typed: &str, raw: &str, json: &str) {
        assert_eq!(printed(resp, Form::Typed), typed, "typed {resp:?}");
        assert_eq!(printed(resp, Form::Raw), raw, "raw {resp:?}");
        assert_eq!(printed(resp, Form::Json), json, "JSON {resp:?}");
    }

    #[test]
    fn simple_replies() {
        check("+OK\r\n", "OK", "OK", r#""OK""#);
        check("-ERR no \"x\"\r\n", "(error) ERR no \"x\"", "ERR no \"x\"", r#"{"error":"ERR no \"x\""}"#);
        check(":1\r\n", "(integer) 1", "1", "1");
        check("_\r\n", "(nil)", "", "null");
        check("#t\r\n", "(true)", "true", "true");
        check(",1.5\r\n", "(double) 1.5", "1.5", "1.5");
        check(",-inf\r\n", "(double) -inf", "-inf", r#""-inf""#);
        check("=6\r\ntxt:a\n\r\n", "a\n", "a\n", r#""a\n""#);
        check("$7\r\na\"\\\n\x01é\r\n", r#""a\"\\\n\x01\xc3\xa9""#, "a\"\\\n\x01é", r#""a\"\\\n\u0001é""#);
    }

    #[test]
    fn lists_have_numbers_aligned_to_the_right() {
        check("*0\r\n", "(empty array)", "", "[]");
        check("~0\r\n", "(empty set)", "", "[]");
        check("%0\r\n", "(empty hash)", "", "{}");
        check("~1\r\n$1\r\na\r\n", "1~ \"a\"", "a", r#"["a"]"#);
        check(
            "*2\r\n*2\r\n$1\r\na\r\n:1\r\n$1\r\nb\r\n",
            "1) 1) \"a\"\n   2) (integer) 1\n2) \"b\"",
            "a\n1\nb",
            r#"[["a",1],"b"]"#,
        );
        let ten = format!("*10\r\n{}", ":7\r\n".repeat(10));
        let typed = printed(&ten, Form::Typed);
        assert!(
            typed.starts_with(" 1) (integer) 7\n 2) ") && typed.ends_with("\n10) (integer) 7"),
            "{typed}"
        );
    }

    #[test]
    fn maps_show_names_with_values() {
        check(
            "%2\r\n$1\r\nb\r\n*2\r\n:1\r\n:2\r\n:3\r\n,0.5\r\n",
            "1# \"b\" => \n   1) (integer) 1\n   2) (integer) 2\n2# (integer) 3 => (double) 0.5",
            "b\n1\n2\n3\n0.5",
            r#"{"b":[1,2],"3":0.5}"#,
        );
    }
}
