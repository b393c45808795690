//! A JSON reader that hands out slices of its input.

use std::fmt;

use bytes::Bytes;
use memchr::memchr2;

/// Deepest nesting of a value that is skipped. Also the width of the skipper's stack, one bit a level.
const DEPTH_MAX: u32 = 128;

/// Where a text stops being JSON, and why. Says nothing of the content, which may be secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JsonError {
    /// What is wrong.
    pub problem: JsonProblem,
    /// Offset of the first byte that is wrong.
    pub at: usize,
}

/// What is wrong with a text that should be JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JsonProblem {
    /// Bytes that are not UTF-8, which JSON must be.
    Encoding,
    /// A character that cannot stand here.
    Character,
    /// The text ends within a value.
    End,
    /// A backslash that starts no escape.
    Escape,
    /// An unescaped control character within a string.
    Control,
    /// Something after the end of the value.
    Trailing,
    /// Arrays and objects within one another beyond any use.
    Depth,
}

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let problem = match self.problem {
            JsonProblem::Encoding => "invalid UTF-8",
            JsonProblem::Character => "unexpected character",
            JsonProblem::End => "unexpected end of input",
            JsonProblem::Escape => "invalid escape",
            JsonProblem::Control => "control character in a string",
            JsonProblem::Trailing => "trailing characters",
            JsonProblem::Depth => "nested too deeply",
        };
        write!(f, "{problem} at byte {}", self.at)
    }
}

impl std::error::Error for JsonError {}

/// A value whose parts are not looked into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    /// A string, unescaped; a slice of the input where nothing was escaped.
    Text(Bytes),
    /// A number, `true` or `false`, as it was written.
    Literal(Bytes),
    Null,
    Array,
    Object,
}

/// Reads JSON from front to back. Never recurses, and looks at each byte a bounded number of times.
pub(super) struct Scanner<'a> {
    input: &'a Bytes,
    at: usize,
}

impl<'a> Scanner<'a> {
    /// Starts at the first byte that is not white space. The whole input must be UTF-8: slices of it are handed out
    /// without another check.
    pub(super) fn new(input: &'a Bytes) -> Result<Self, JsonError> {
        str::from_utf8(input)
            .map_err(|error| JsonError { problem: JsonProblem::Encoding, at: error.valid_up_to() })?;
        let mut scanner = Self { input, at: 0 };
        scanner.skip_space();
        Ok(scanner)
    }

    /// The byte that comes next, `None` at the end. Never white space.
    pub(super) fn peek(&self) -> Option<u8> {
        self.input.get(self.at).copied()
    }

    /// Whether `byte` comes next; if so, steps over it and over white space.
    pub(super) fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        if found {
            self.at += 1;
            self.skip_space();
        }
        found
    }

    /// Steps over the comma before another element (`true`) or over the bracket that ends the array (`false`).
    pub(super) fn next_in_array(&mut self) -> Result<bool, JsonError> {
        if self.take(b',') {
            return Ok(true);
        }
        if self.take(b']') { Ok(false) } else { Err(self.unexpected()) }
    }

    /// Reads one value, and white space after it. What is in an array or object is checked and skipped.
    pub(super) fn value(&mut self) -> Result<Value, JsonError> {
        let value = match self.peek() {
            Some(b'[') => self.skip_nested().map(|()| Value::Array),
            Some(b'{') => self.skip_nested().map(|()| Value::Object),
            _ => self.scalar(),
        }?;
        self.skip_space();
        Ok(value)
    }

    /// Refuses anything but the end.
    pub(super) fn end(&self) -> Result<(), JsonError> {
        if self.at == self.input.len() { Ok(()) } else { Err(self.wrong(JsonProblem::Trailing)) }
    }

    /// The error of what comes next having no place here.
    pub(super) fn unexpected(&self) -> JsonError {
        let ended = self.at >= self.input.len();
        self.wrong(if ended { JsonProblem::End } else { JsonProblem::Character })
    }

    fn wrong(&self, problem: JsonProblem) -> JsonError {
        JsonError { problem, at: self.at }
    }

    fn skip_space(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.peek() {
            self.at += 1;
        }
    }

    fn scalar(&mut self) -> Result<Value, JsonError> {
        match self.peek() {
            Some(b'"') => self.string().map(Value::Text),
            Some(b'-' | b'0'..=b'9') => self.number().map(Value::Literal),
            Some(b't') => self.word("true").map(Value::Literal),
            Some(b'f') => self.word("false").map(Value::Literal),
            Some(b'n') => self.word("null").map(|_| Value::Null),
            _ => Err(self.unexpected()),
        }
    }

    fn word(&mut self, word: &str) -> Result<Bytes, JsonError> {
        let start = self.at;
        for byte in word.bytes() {
            self.expect(byte)?;
        }
        Ok(self.input.slice(start..self.at))
    }

    fn expect(&mut self, byte: u8) -> Result<(), JsonError> {
        if self.peek() != Some(byte) {
            return Err(self.unexpected());
        }
        self.at += 1;
        Ok(())
    }

    fn number(&mut self) -> Result<Bytes, JsonError> {
        let start = self.at;
        self.step_over(b"-");
        if !self.step_over(b"0") {
            self.digits()?;
        }
        if self.step_over(b".") {
            self.digits()?;
        }
        if self.step_over(b"eE") {
            self.step_over(b"+-");
            self.digits()?;
        }
        Ok(self.input.slice(start..self.at))
    }

    /// Steps over the next byte if it is one of `bytes`.
    fn step_over(&mut self, bytes: &[u8]) -> bool {
        let found = self.peek().is_some_and(|byte| bytes.contains(&byte));
        self.at += usize::from(found);
        found
    }

    /// Steps over one digit or more.
    fn digits(&mut self) -> Result<(), JsonError> {
        let digits = self.input[self.at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        if digits == 0 {
            return Err(self.unexpected());
        }
        self.at += digits;
        Ok(())
    }

    fn string(&mut self) -> Result<Bytes, JsonError> {
        let start = self.at + 1;
        self.at = start;
        let mut decoded = Vec::new();
        loop {
            let run = self.run()?;
            let ended = self.input[self.at] == b'"';
            self.at += 1;
            if ended && run.start == start {
                return Ok(self.input.slice(run));
            }
            decoded.extend_from_slice(&self.input[run]);
            if ended {
                return Ok(decoded.into());
            }
            self.escape(&mut decoded)?;
        }
    }

    /// Steps to the quote or backslash that ends a run of plain characters; answers where the run was.
    fn run(&mut self) -> Result<std::ops::Range<usize>, JsonError> {
        let start = self.at;
        let rest = &self.input[start..];
        let len = memchr2(b'"', b'\\', rest).unwrap_or(rest.len());
        if let Some(control) = rest[..len].iter().position(|byte| *byte < b' ') {
            return Err(JsonError { problem: JsonProblem::Control, at: start + control });
        }
        self.at = start + len;
        if len == rest.len() { Err(self.unexpected()) } else { Ok(start..self.at) }
    }

    /// Decodes the escape whose backslash was just passed.
    fn escape(&mut self, out: &mut Vec<u8>) -> Result<(), JsonError> {
        let Some(kind) = self.peek() else { return Err(self.unexpected()) };
        let plain = match kind {
            b'"' | b'\\' | b'/' => kind,
            b'b' => 0x08,
            b'f' => 0x0c,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'u' => return self.unicode(out),
            _ => return Err(self.wrong(JsonProblem::Escape)),
        };
        self.at += 1;
        out.push(plain);
        Ok(())
    }

    /// Decodes `uXXXX`, or two of them that are a surrogate pair. A surrogate without its partner is U+FFFD.
    fn unicode(&mut self, out: &mut Vec<u8>) -> Result<(), JsonError> {
        let first = self.code_unit()?;
        let mut character = char::from_u32(first.into());
        if is_high_surrogate(first) && self.input[self.at..].starts_with(b"\\u") {
            let before = self.at;
            self.at += 1;
            let second = self.code_unit()?;
            character = join_surrogates(first, second);
            if character.is_none() {
                self.at = before; // The second may itself be the start of a pair.
            }
        }
        let character = character.unwrap_or(char::REPLACEMENT_CHARACTER);
        out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
        Ok(())
    }

    /// Reads `uXXXX`.
    fn code_unit(&mut self) -> Result<u16, JsonError> {
        self.at += 1;
        let mut unit = 0;
        for _ in 0..4 {
            let byte = self.peek().ok_or_else(|| self.unexpected())?;
            let digit = char::from(byte).to_digit(16).ok_or_else(|| self.wrong(JsonProblem::Escape))?;
            unit = unit << 4 | digit as u16;
            self.at += 1;
        }
        Ok(unit)
    }

    /// Checks and steps over an array or object, keeping the open brackets in the bits of a number.
    fn skip_nested(&mut self) -> Result<(), JsonError> {
        let mut open = Open::default();
        loop {
            // Here a value begins.
            match self.peek() {
                Some(bracket @ (b'[' | b'{')) => {
                    self.open(&mut open, bracket)?;
                    if !self.close(&mut open) {
                        self.key(&open)?;
                        continue;
                    }
                }
                _ => drop(self.scalar()?),
            }
            // Here a value has ended: close what ends with it, then another value begins.
            self.skip_space();
            while !open.is_empty() && self.close(&mut open) {}
            if open.is_empty() {
                return Ok(());
            }
            if !self.take(b',') {
                return Err(self.unexpected());
            }
            self.key(&open)?;
        }
    }

    fn open(&mut self, open: &mut Open, bracket: u8) -> Result<(), JsonError> {
        if open.depth == DEPTH_MAX {
            return Err(self.wrong(JsonProblem::Depth));
        }
        open.push(bracket == b'{');
        self.take(bracket);
        Ok(())
    }

    /// Whether the innermost bracket closes here; if so, steps over it.
    fn close(&mut self, open: &mut Open) -> bool {
        let closes = self.take(if open.in_object() { b'}' } else { b']' });
        if closes {
            open.pop();
        }
        closes
    }

    /// Within an object, steps over a key and its colon.
    fn key(&mut self, open: &Open) -> Result<(), JsonError> {
        if !open.in_object() {
            return Ok(());
        }
        if self.peek() != Some(b'"') {
            return Err(self.unexpected());
        }
        self.string()?;
        self.skip_space();
        if self.take(b':') { Ok(()) } else { Err(self.unexpected()) }
    }
}

/// The brackets that are open: the lowest bit is the innermost, set for an object.
#[derive(Default)]
struct Open {
    objects: u128,
    depth: u32,
}

impl Open {
    fn push(&mut self, object: bool) {
        self.objects = self.objects << 1 | u128::from(object);
        self.depth += 1;
    }

    fn pop(&mut self) {
        self.objects >>= 1;
        self.depth -= 1;
    }

    fn in_object(&self) -> bool {
        self.objects & 1 == 1
    }

    fn is_empty(&self) -> bool {
        self.depth == 0
    }
}

fn is_high_surrogate(unit: u16) -> bool {
    (0xd800..0xdc00).contains(&unit)
}

fn join_surrogates(first: u16, second: u16) -> Option<char> {
    char::decode_utf16([first, second]).next()?.ok()
}
