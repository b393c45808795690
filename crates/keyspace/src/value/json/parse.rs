//! Reading JSON text, strictly by RFC 8259.

use std::fmt;

use super::{DEPTH_MAX, Node, Number};
use crate::Str;

/// Reads a whole text. What is not JSON is refused, and so are lone surrogates, numbers beyond a double's range and
/// nesting beyond [`DEPTH_MAX`]. Of a name that an object has twice, the last value counts.
pub fn parse(text: &[u8]) -> Result<Node, Malformed> {
    if let Err(error) = str::from_utf8(text) {
        return Err(Malformed::new(text, error.valid_up_to(), "invalid unicode code point"));
    }
    let mut reader = Reader { text, at: 0, depth: 0 };
    let node = reader.document();
    node.map_err(|what| Malformed::new(text, reader.at, what))
}

/// Why and where a text is not JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed {
    what: &'static str,
    line: usize,
    column: usize,
}

impl Malformed {
    fn new(text: &[u8], at: usize, what: &'static str) -> Self {
        let before = &text[..at.min(text.len())];
        let line_start = before.iter().rposition(|&byte| byte == b'\n').map_or(0, |newline| newline + 1);
        let line = 1 + before.iter().filter(|&&byte| byte == b'\n').count();
        Self { what, line, column: 1 + before.len() - line_start }
    }
}

/// As `expected value at line 1 column 5`.
impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at line {} column {}", self.what, self.line, self.column)
    }
}

impl std::error::Error for Malformed {}

type Read<T> = Result<T, &'static str>;

const NO_VALUE: &str = "expected value";
const NO_NUMBER: &str = "invalid number";
const NO_ESCAPE: &str = "invalid escape";
const LONE_SURROGATE: &str = "lone surrogate in hex escape";
const ENDS: &str = "EOF while parsing";

/// A text that is known to be UTF-8, read from `at` on.
struct Reader<'a> {
    text: &'a [u8],
    at: usize,
    depth: usize,
}

impl<'a> Reader<'a> {
    fn document(&mut self) -> Read<Node> {
        self.skip_spaces();
        let node = self.value()?;
        self.skip_spaces();
        if self.peek().is_some() { Err("trailing characters") } else { Ok(node) }
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn take_if(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn skip_spaces(&mut self) {
        self.skip_while(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r'));
    }

    fn skip_while(&mut self, wanted: fn(u8) -> bool) -> usize {
        let start = self.at;
        while self.peek().is_some_and(wanted) {
            self.at += 1;
        }
        self.at - start
    }

    fn value(&mut self) -> Read<Node> {
        match self.peek().ok_or(ENDS)? {
            b'n' => self.word(b"null", Node::Null),
            b't' => self.word(b"true", Node::Bool(true)),
            b'f' => self.word(b"false", Node::Bool(false)),
            b'"' => Ok(Node::Text(self.string()?)),
            b'[' => self.nested(Self::array),
            b'{' => self.nested(Self::object),
            b'-' | b'0'..=b'9' => Ok(Node::Number(self.number()?)),
            _ => Err(NO_VALUE),
        }
    }

    fn word(&mut self, word: &[u8], node: Node) -> Read<Node> {
        if !self.text[self.at..].starts_with(word) {
            return Err("expected ident");
        }
        self.at += word.len();
        Ok(node)
    }

    fn nested(&mut self, read: fn(&mut Self) -> Read<Node>) -> Read<Node> {
        if self.depth == DEPTH_MAX {
            return Err("recursion limit exceeded");
        }
        self.depth += 1;
        self.at += 1;
        let node = read(self)?;
        self.depth -= 1;
        Ok(node)
    }

    fn array(&mut self) -> Read<Node> {
        let mut elements = Vec::new();
        self.list(b']', "expected `,` or `]`", |reader| {
            elements.push(reader.value()?);
            Ok(())
        })?;
        Ok(Node::array(elements))
    }

    fn object(&mut self) -> Read<Node> {
        let mut members = Vec::new();
        self.list(b'}', "expected `,` or `}`", |reader| {
            members.push(reader.member()?);
            Ok(())
        })?;
        Ok(Node::object(members))
    }

    fn member(&mut self) -> Read<(Str, Node)> {
        if self.peek().ok_or(ENDS)? != b'"' {
            return Err("key must be a string");
        }
        let name = self.string()?;
        self.skip_spaces();
        if !self.take_if(b':') {
            return Err("expected `:`");
        }
        self.skip_spaces();
        Ok((name, self.value()?))
    }

    /// Reads items that are divided by commas, up to the end mark.
    fn list(
        &mut self,
        end: u8,
        no_end: &'static str,
        mut item: impl FnMut(&mut Self) -> Read<()>,
    ) -> Read<()> {
        self.skip_spaces();
        if self.take_if(end) {
            return Ok(());
        }
        loop {
            item(self)?;
            self.skip_spaces();
            if self.take_if(end) {
                return Ok(());
            }
            if !self.take_if(b',') {
                return Err(if self.peek().is_none() { ENDS } else { no_end });
            }
            self.skip_spaces();
        }
    }

    fn number(&mut self) -> Read<Number> {
        let start = self.at;
        let negative = self.take_if(b'-');
        self.integral_digits()?;
        let mut is_integer = true;
        if self.take_if(b'.') {
            is_integer = false;
            self.digits()?;
        }
        if self.take_if(b'e') || self.take_if(b'E') {
            is_integer = false;
            let _sign = self.take_if(b'+') || self.take_if(b'-');
            self.digits()?;
        }
        let text = str::from_utf8(&self.text[start..self.at]).expect("only digits and signs");
        to_number(text, is_integer, negative).ok_or("number out of range")
    }

    fn integral_digits(&mut self) -> Read<()> {
        let is_zero = self.peek() == Some(b'0');
        let count = self.digits()?;
        if is_zero && count > 1 { Err(NO_NUMBER) } else { Ok(()) }
    }

    fn digits(&mut self) -> Read<usize> {
        match self.skip_while(|byte| byte.is_ascii_digit()) {
            0 => Err(NO_NUMBER),
            count => Ok(count),
        }
    }

    fn string(&mut self) -> Read<Str> {
        self.at += 1;
        let plain = self.plain();
        if self.take_if(b'"') {
            return Ok(Str::from(plain));
        }
        let mut unescaped = plain.to_vec();
        loop {
            match self.peek().ok_or("EOF while parsing a string")? {
                b'"' => {
                    self.at += 1;
                    return Ok(Str::from(unescaped));
                }
                b'\\' => {
                    self.at += 1;
                    let mut utf8 = [0; 4];
                    unescaped.extend(self.escape()?.encode_utf8(&mut utf8).as_bytes());
                }
                _ => return Err("control character (\\u0000-\\u001F) found while parsing a string"),
            }
            unescaped.extend(self.plain());
        }
    }

    /// What needs no second look.
    fn plain(&mut self) -> &'a [u8] {
        let start = self.at;
        self.skip_while(|byte| byte >= b' ' && byte != b'"' && byte != b'\\');
        &self.text[start..self.at]
    }

    fn escape(&mut self) -> Read<char> {
        let letter = self.peek().ok_or("EOF while parsing a string")?;
        let escaped = match letter {
            b'"' | b'\\' | b'/' => char::from(letter),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                self.at += 1;
                return self.unicode();
            }
            _ => return Err(NO_ESCAPE),
        };
        self.at += 1;
        Ok(escaped)
    }

    /// What follows `\u`: four digits, or two times four for a character beyond 16 bits.
    fn unicode(&mut self) -> Read<char> {
        let first = self.hex()?;
        if !(0xd800..0xdc00).contains(&first) {
            return char::from_u32(first).ok_or(LONE_SURROGATE);
        }
        if !(self.take_if(b'\\') && self.take_if(b'u')) {
            return Err(LONE_SURROGATE);
        }
        let second = self.hex()?;
        if !(0xdc00..0xe000).contains(&second) {
            return Err(LONE_SURROGATE);
        }
        Ok(char::from_u32(0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00)).expect("within the planes"))
    }

    fn hex(&mut self) -> Read<u32> {
        let digits = self.text.get(self.at..self.at + 4).ok_or(NO_ESCAPE)?;
        let value =
            digits.iter().try_fold(0, |value, &digit| Some(value << 4 | char::from(digit).to_digit(16)?));
        self.at += 4;
        value.ok_or(NO_ESCAPE)
    }
}

/// A number of this text; `None` if it is beyond a double's range. Minus zero is no integer.
fn to_number(text: &str, is_integer: bool, negative: bool) -> Option<Number> {
    if is_integer && text != "-0" {
        if let Ok(value) = text.parse() {
            return Some(Number::Int(value));
        }
        if let (false, Ok(value)) = (negative, text.parse()) {
            return Some(Number::Uint(value));
        }
    }
    let value: f64 = text.parse().ok()?;
    value.is_finite().then_some(Number::Float(value))
}
