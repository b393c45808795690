//! A JSON reader that hands out slices of its input.

use std::fmt;
use std::ops::Range;

use bytes::Bytes;

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
    /// The same bytes, at hand.
    text: &'a [u8],
    at: usize,
}

/// Where a string, number, truth value or null was.
enum Scalar {
    /// A string, without its quotes.
    Text {
        inside: Range<usize>,
        escaped: bool,
    },
    Literal(Range<usize>),
    Null,
}

impl<'a> Scanner<'a> {
    /// Starts at the first byte that is not white space. The whole input must be UTF-8: slices of it are handed out
    /// without another check.
    pub(super) fn new(input: &'a Bytes) -> Result<Self, JsonError> {
        str::from_utf8(input)
            .map_err(|error| JsonError { problem: JsonProblem::Encoding, at: error.valid_up_to() })?;
        let mut scanner = Self { input, text: input, at: 0 };
        scanner.skip_space();
        Ok(scanner)
    }

    /// The byte that comes next, `None` at the end. Never white space.
    pub(super) fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
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
            _ => self.scalar().map(|scalar| self.extract(scalar)),
        }?;
        self.skip_space();
        Ok(value)
    }

    /// Refuses anything but the end.
    pub(super) fn end(&self) -> Result<(), JsonError> {
        if self.at == self.text.len() { Ok(()) } else { Err(self.wrong(JsonProblem::Trailing)) }
    }

    /// The error of what comes next having no place here.
    pub(super) fn unexpected(&self) -> JsonError {
        let ended = self.at >= self.text.len();
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

    fn extract(&self, scalar: Scalar) -> Value {
        match scalar {
            Scalar::Text { inside, escaped: false } => Value::Text(self.input.slice(inside)),
            Scalar::Text { inside, escaped: true } => Value::Text(unescape(&self.text[inside])),
            Scalar::Literal(range) => Value::Literal(self.input.slice(range)),
            Scalar::Null => Value::Null,
        }
    }

    fn scalar(&mut self) -> Result<Scalar, JsonError> {
        match self.peek() {
            Some(b'"') => self.string(),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.word("true").map(Scalar::Literal),
            Some(b'f') => self.word("false").map(Scalar::Literal),
            Some(b'n') => self.word("null").map(|_| Scalar::Null),
            _ => Err(self.unexpected()),
        }
    }

    fn word(&mut self, word: &str) -> Result<Range<usize>, JsonError> {
        let start = self.at;
        for byte in word.bytes() {
            self.expect(byte)?;
        }
        Ok(start..self.at)
    }

    fn expect(&mut self, byte: u8) -> Result<(), JsonError> {
        if self.peek() != Some(byte) {
            return Err(self.unexpected());
        }
        self.at += 1;
        Ok(())
    }

    fn number(&mut self) -> Result<Scalar, JsonError> {
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
        Ok(Scalar::Literal(start..self.at))
    }

    /// Steps over the next byte if it is one of `bytes`.
    fn step_over(&mut self, bytes: &[u8]) -> bool {
        let found = self.peek().is_some_and(|byte| bytes.contains(&byte));
        self.at += usize::from(found);
        found
    }

    /// Steps over one digit or more.
    fn digits(&mut self) -> Result<(), JsonError> {
        let digits = self.text[self.at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        if digits == 0 {
            return Err(self.unexpected());
        }
        self.at += digits;
        Ok(())
    }

    fn string(&mut self) -> Result<Scalar, JsonError> {
        let start = self.at + 1;
        self.at = start;
        let mut escaped = false;
        loop {
            self.at += plain_len(&self.text[self.at..]);
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => self.escape()?,
                Some(_) => return Err(self.wrong(JsonProblem::Control)),
                None => return Err(self.unexpected()),
            }
            escaped = true;
        }
        let inside = start..self.at;
        self.at += 1;
        Ok(Scalar::Text { inside, escaped })
    }

    /// Checks and steps over a backslash and what belongs to it.
    fn escape(&mut self) -> Result<(), JsonError> {
        self.at += 1;
        let digits = if self.peek() == Some(b'u') { 4 } else { 0 };
        self.step_over_escaped(|byte| b"\"\\/bfnrtu".contains(&byte))?;
        for _ in 0..digits {
            self.step_over_escaped(|byte| byte.is_ascii_hexdigit())?;
        }
        Ok(())
    }

    fn step_over_escaped(&mut self, allowed: impl Fn(u8) -> bool) -> Result<(), JsonError> {
        match self.peek() {
            Some(byte) if allowed(byte) => self.at += 1,
            Some(_) => return Err(self.wrong(JsonProblem::Escape)),
            None => return Err(self.unexpected()),
        }
        Ok(())
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
                _ => {
                    self.scalar()?;
                }
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

/// The text of a string that was checked and has escapes.
fn unescape(mut raw: &[u8]) -> Bytes {
    let mut out = Vec::with_capacity(raw.len());
    loop {
        let (plain, rest) = raw.split_at(plain_len(raw));
        out.extend_from_slice(plain);
        raw = match rest {
            [b'\\', b'u', rest @ ..] => unescape_unicode(rest, &mut out),
            [b'\\', letter, rest @ ..] => {
                out.push(unescape_letter(*letter));
                rest
            }
            _ => return out.into(),
        };
    }
}

fn unescape_letter(letter: u8) -> u8 {
    match letter {
        b'b' => 0x08,
        b'f' => 0x0c,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        itself => itself,
    }
}

/// Decodes the four digits after `\u`, with those of another `\u` where the two are a surrogate pair. A surrogate without
/// its partner is U+FFFD. Answers what comes after.
fn unescape_unicode<'a>(digits: &'a [u8], out: &mut Vec<u8>) -> &'a [u8] {
    let (unit, mut rest) = code_unit(digits);
    let mut character = char::from_u32(unit.into());
    if let (None, Some(next)) = (character, rest.strip_prefix(b"\\u")) {
        let (second, after) = code_unit(next);
        character = join_surrogates(unit, second);
        // Without a pair, the second stands for itself: it may be the start of one.
        rest = if character.is_some() { after } else { rest };
    }
    let character = character.unwrap_or(char::REPLACEMENT_CHARACTER);
    out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
    rest
}

/// The number that four digits make, and what comes after them.
fn code_unit(digits: &[u8]) -> (u16, &[u8]) {
    let (digits, rest) = digits.split_at(4);
    let digit = |byte: u8| char::from(byte).to_digit(16).expect("the scanner has checked the digits");
    (digits.iter().fold(0, |unit, byte| unit << 4 | digit(*byte) as u16), rest)
}

fn join_surrogates(first: u16, second: u16) -> Option<char> {
    char::decode_utf16([first, second]).next()?.ok()
}

/// How many bytes at the front may stand in a JSON string as they are: up to the first quote, backslash or control.
pub(super) fn plain_len(bytes: &[u8]) -> usize {
    const BLOCK: usize = 32;
    // Text that is dense with quotes seldom gets beyond its first block. Long plain text is checked by whole blocks,
    // without branches, which the compiler turns into vector instructions.
    let (head, tail) = bytes.split_at(bytes.len().min(BLOCK));
    if let Some(at) = head.iter().position(|byte| is_special(*byte)) {
        return at;
    }
    let plain = |block: &&[u8]| !block.iter().fold(false, |found, byte| found | is_special(*byte));
    let start = tail.chunks_exact(BLOCK).take_while(plain).count() * BLOCK;
    let rest = tail[start..].iter().position(|byte| is_special(*byte)).unwrap_or(tail.len() - start);
    head.len() + start + rest
}

fn is_special(byte: u8) -> bool {
    (byte < b' ') | (byte == b'"') | (byte == b'\\')
}
