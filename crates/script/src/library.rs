//! Function libraries: what the first line of one says, and what it registers.

use bytes::Bytes;
use latchkey_protocol::ReplyError;

use crate::flags::Flags;

/// A library that was run once, to see what it registers. Made by
/// [`Scripts::load_library`](crate::Scripts::load_library).
#[derive(Clone, Debug)]
pub struct Library {
    /// What distinguishes it from all others that these [`Scripts`](crate::Scripts) have loaded.
    pub(crate) id: u64,
    /// Its name.
    pub name: String,
    /// Its program, as it was sent.
    pub code: Bytes,
    /// Its functions, in the order in which they were registered.
    pub functions: Vec<Registered>,
}

/// A function as its library registered it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registered {
    /// Its name. Upper and lower case are the same to callers.
    pub name: String,
    /// What it says of itself.
    pub description: Option<Bytes>,
    /// What it promises.
    pub flags: Flags,
}

/// The name that a library gives itself in its first line, `#!lua name=<name>`.
pub fn library_name(code: &[u8]) -> Result<String, ReplyError> {
    let (line, _) = first_line(code)?;
    let line = String::from_utf8_lossy(line);
    let mut words = line.split_ascii_whitespace();
    let engine = words.next().unwrap_or("");
    let mut name = None;
    for word in words {
        let Some(value) = word.get(..5).filter(|start| start.eq_ignore_ascii_case("name=")) else {
            return Err(refusal("Invalid metadata value given: ", word, ""));
        };
        if name.replace(&word[value.len()..]).is_some() {
            let twice = "ERR Invalid metadata value, name argument was given multiple times";
            return Err(ReplyError::fixed(twice));
        }
    }
    let name = name.ok_or(ReplyError::fixed("ERR Library name was not given"))?;
    if !is_name(name.as_bytes()) {
        return Err(ReplyError::fixed(BAD_NAME));
    }
    if !engine.eq_ignore_ascii_case("lua") {
        return Err(refusal("Engine '", engine, "' not found"));
    }
    Ok(name.to_owned())
}

/// The program after the first line, whose end is kept so that lines keep their numbers.
pub(crate) fn body(code: &[u8]) -> &[u8] {
    first_line(code).map_or(code, |(_, body)| body)
}

/// What is wrong with a name, of a library or of a function.
pub(crate) const BAD_NAME: &str = "ERR Library names can only contain letters, numbers, or underscores(_) and must be at least one character long";

/// Whether a library or a function may be called so.
pub(crate) fn is_name(name: &[u8]) -> bool {
    !name.is_empty() && name.iter().all(|&byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn first_line(code: &[u8]) -> Result<(&[u8], &[u8]), ReplyError> {
    let rest = code.strip_prefix(b"#!").ok_or(ReplyError::fixed("ERR Missing library metadata"))?;
    let end = rest.iter().position(|&byte| byte == b'\n');
    let end = end.ok_or(ReplyError::fixed("ERR Invalid library metadata"))?;
    Ok(rest.split_at(end))
}

fn refusal(before: &str, word: &str, after: &str) -> ReplyError {
    let word: String = word.chars().filter(|c| !c.is_control()).take(64).collect();
    ReplyError::new(format!("ERR {before}{word}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_names_the_library() {
        assert_eq!(library_name(b"#!lua name=mylib\nreturn"), Ok("mylib".into()));
        assert_eq!(library_name(b"#!LUA  NAME=a_1 \n"), Ok("a_1".into()));
        assert_eq!(body(b"#!lua name=x\nreturn 1"), b"\nreturn 1");
    }

    /// The texts of Redis, as a real one (7.0) gave them.
    #[test]
    fn a_first_line_that_is_wrong_is_refused_as_in_redis() {
        for (code, why) in [
            ("return 1", "Missing library metadata"),
            ("#!lua name=x", "Invalid library metadata"),
            ("#!lua \n", "Library name was not given"),
            ("#!lua name=b name=c\n", "Invalid metadata value, name argument was given multiple times"),
            ("#!lua name=\n", &BAD_NAME[4..]),
            ("#!lua name=a-b\n", &BAD_NAME[4..]),
            ("#!py name=a-b\n", &BAD_NAME[4..]),
            ("#!lua foo=b\n", "Invalid metadata value given: foo=b"),
            ("#!lua foo\n", "Invalid metadata value given: foo"),
            ("#!lua n\u{e4}me=x\n", "Invalid metadata value given: n\u{e4}me=x"),
            ("#!py name=b\n", "Engine 'py' not found"),
        ] {
            let refusal = library_name(code.as_bytes()).expect_err(code);
            assert_eq!(refusal.text(), format!("ERR {why}"), "{code:?}");
        }
    }
}
