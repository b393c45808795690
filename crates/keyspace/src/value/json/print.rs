//! Writing JSON text.

use std::io::Write;

use super::{Node, Number};

/// What to put between the parts of a text, and how long it may get. The default is nothing, and no limit.
#[derive(Clone, Copy, Debug)]
pub struct Layout<'a> {
    /// Once for each level, at the beginning of a line.
    pub indent: &'a [u8],
    /// At the end of a line.
    pub newline: &'a [u8],
    /// Between a name's colon and the value.
    pub space: &'a [u8],
    /// Soon after so many bytes printing ends, wherever it is.
    pub bytes_max: usize,
}

impl Default for Layout<'_> {
    fn default() -> Self {
        Self { indent: b"", newline: b"", space: b"", bytes_max: usize::MAX }
    }
}

impl Node {
    /// Appends the text without spaces.
    pub fn print(&self, out: &mut Vec<u8>) {
        self.print_at(out, Layout::default(), 0);
    }

    /// Appends the text, where this value lies `level` levels deep in what is printed.
    pub fn print_at(&self, out: &mut Vec<u8>, layout: Layout<'_>, level: usize) {
        if out.len() > layout.bytes_max {
            return;
        }
        match self {
            Self::Null => out.extend(b"null"),
            Self::Bool(true) => out.extend(b"true"),
            Self::Bool(false) => out.extend(b"false"),
            Self::Number(number) => number.print(out),
            Self::Text(text) => print_text(out, text),
            Self::Array(array) => {
                layout.print_list(out, b"[]", level, array.iter(), |out, element| {
                    element.print_at(out, layout, level + 1);
                });
            }
            Self::Object(object) => {
                layout.print_list(out, b"{}", level, object.iter(), |out, (name, value)| {
                    layout.print_name(out, name);
                    value.print_at(out, layout, level + 1);
                });
            }
        }
    }
}

impl Layout<'_> {
    /// Appends items in brackets, which lie `level` levels deep.
    pub fn print_list<T>(
        self,
        out: &mut Vec<u8>,
        brackets: &[u8; 2],
        level: usize,
        items: impl Iterator<Item = T>,
        mut print: impl FnMut(&mut Vec<u8>, T),
    ) {
        out.push(brackets[0]);
        let mut is_empty = true;
        for item in items {
            if out.len() > self.bytes_max {
                return;
            }
            if !is_empty {
                out.push(b',');
            }
            is_empty = false;
            self.break_line(out, level + 1);
            print(out, item);
        }
        if !is_empty {
            self.break_line(out, level);
        }
        out.push(brackets[1]);
    }

    /// Appends a member's name with the colon.
    pub fn print_name(self, out: &mut Vec<u8>, name: &[u8]) {
        print_text(out, name);
        out.push(b':');
        out.extend(self.space);
    }

    fn break_line(self, out: &mut Vec<u8>, level: usize) {
        out.extend(self.newline);
        for _ in 0..level {
            if out.len() > self.bytes_max {
                return;
            }
            out.extend(self.indent);
        }
    }
}

impl Number {
    /// Appends the number: integers in full, others in the shortest form that reads back the same, always with a point
    /// or an exponent, so that they stay what they are.
    pub fn print(self, out: &mut Vec<u8>) {
        match self {
            Self::Int(value) => write!(out, "{value}").expect("a vector takes all"),
            Self::Uint(value) => write!(out, "{value}").expect("a vector takes all"),
            Self::Float(value) => print_float(out, value),
        }
    }
}

/// Without an exponent from 0.00001 up to below 10^16, as RedisJSON prints. The standard library's debug form does the
/// same but from 0.0001 on.
fn print_float(out: &mut Vec<u8>, value: f64) {
    if (1e-5..1e-4).contains(&value.abs()) {
        write!(out, "{value}").expect("a vector takes all");
    } else {
        write!(out, "{value:?}").expect("a vector takes all");
    }
}

/// Appends a string in quotes. Only what has to be escaped is.
fn print_text(out: &mut Vec<u8>, text: &[u8]) {
    out.push(b'"');
    let mut plain = text;
    while let Some(at) = plain.iter().position(|&byte| byte < b' ' || byte == b'"' || byte == b'\\') {
        out.extend(&plain[..at]);
        print_escape(out, plain[at]);
        plain = &plain[at + 1..];
    }
    out.extend(plain);
    out.push(b'"');
}

fn print_escape(out: &mut Vec<u8>, byte: u8) {
    match byte {
        b'"' | b'\\' => out.extend([b'\\', byte]),
        b'\n' => out.extend(b"\\n"),
        b'\r' => out.extend(b"\\r"),
        b'\t' => out.extend(b"\\t"),
        0x08 => out.extend(b"\\b"),
        0x0c => out.extend(b"\\f"),
        _ => write!(out, "\\u{byte:04x}").expect("a vector takes all"),
    }
}
