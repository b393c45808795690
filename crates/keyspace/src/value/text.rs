//! Strings: the value behind GET and SET, counters and bitmaps.

mod codec;

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;

use super::{Contents, canonical_item, conversions};
use crate::{Effect, Open, Str};

/// The longest string whose encoding Redis calls `embstr`.
const EMBEDDED_MAX: usize = 44;

/// A binary-safe string. An integer in canonical decimal form is kept as the number.
#[derive(Clone, Debug)]
pub struct Text(Form);

#[derive(Clone, Debug)]
enum Form {
    /// Canonical decimal text, as a number.
    Int(i64),
    /// Text that is replaced, not edited.
    Fixed(Str),
    /// Text that has been edited in place; shared with replies that are still being written.
    Buffer(Arc<Vec<u8>>),
}

impl Default for Text {
    fn default() -> Self {
        Self(Form::Fixed(Str::default()))
    }
}

impl From<&[u8]> for Text {
    fn from(bytes: &[u8]) -> Self {
        match canonical_int(bytes) {
            Some(n) => Self(Form::Int(n)),
            None => Self(Form::Fixed(Str::from(bytes))),
        }
    }
}

/// Bytes that were computed, as those of a bitmap: they are kept as they are even where they spell a number.
impl From<Vec<u8>> for Text {
    fn from(bytes: Vec<u8>) -> Self {
        Self(Form::Buffer(Arc::new(bytes)))
    }
}

impl From<i64> for Text {
    fn from(n: i64) -> Self {
        Self(Form::Int(n))
    }
}

impl Text {
    /// Its length in bytes.
    pub fn len(&self) -> usize {
        match &self.0 {
            Form::Int(n) => decimal_len(*n),
            Form::Fixed(text) => text.len(),
            Form::Buffer(buffer) => buffer.len(),
        }
    }

    /// Whether its length is 0. An empty string is still a value.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The number, if it is one in canonical decimal form.
    pub fn as_int(&self) -> Option<i64> {
        match &self.0 {
            Form::Int(n) => Some(*n),
            Form::Fixed(text) => canonical_int(text),
            Form::Buffer(buffer) => canonical_int(buffer),
        }
    }

    /// The bytes, to be sent: shares memory instead of copying where the string is long.
    pub fn to_bytes(&self) -> Bytes {
        match &self.0 {
            Form::Int(n) => Bytes::from(n.to_string()),
            Form::Fixed(text) => text.to_bytes(),
            Form::Buffer(buffer) => Bytes::from_owner(Shared(Arc::clone(buffer))),
        }
    }

    /// A part of the bytes, to be sent. The range has to lie inside the string.
    pub fn slice(&self, range: Range<usize>) -> Bytes {
        /// From this length on, sharing is cheaper than copying.
        const SHARED_MIN: usize = 4096;
        if range.len() < SHARED_MIN {
            return self.with(|text| Bytes::copy_from_slice(&text[range]));
        }
        self.to_bytes().slice(range)
    }

    /// Lends the bytes to `read`.
    pub fn with<R>(&self, read: impl FnOnce(&[u8]) -> R) -> R {
        match &self.0 {
            Form::Int(n) => read(n.to_string().as_bytes()),
            Form::Fixed(text) => read(text),
            Form::Buffer(buffer) => read(buffer),
        }
    }

    /// OBJECT ENCODING's word.
    pub fn encoding(&self) -> &'static str {
        match &self.0 {
            Form::Int(_) => "int",
            Form::Fixed(text) if text.len() <= EMBEDDED_MAX => "embstr",
            Form::Fixed(_) | Form::Buffer(_) => "raw",
        }
    }

    /// The bytes, to be edited in place.
    fn buffer(&mut self) -> &mut Vec<u8> {
        if !matches!(self.0, Form::Buffer(_)) {
            self.0 = Form::Buffer(Arc::new(self.with(<[u8]>::to_vec)));
        }
        match &mut self.0 {
            Form::Buffer(buffer) => Arc::make_mut(buffer),
            _ => unreachable!("made a buffer above"),
        }
    }
}

/// A change inside a string.
#[derive(Clone, Debug)]
pub enum TextEffect {
    /// Writes `bytes` at `offset`, with zero bytes in between where the string was shorter.
    Write {
        /// Where the first byte goes.
        offset: usize,
        /// What is written.
        bytes: Vec<u8>,
    },
    /// Cuts the string to this length.
    Cut(usize),
}

impl Open<'_, Text> {
    /// Writes `bytes` at `offset`, filling a gap with zero bytes. Returns the new length.
    pub fn write(&mut self, offset: usize, bytes: &[u8]) -> usize {
        let length = self.len();
        let end = offset + bytes.len();
        self.note(
            |_| TextEffect::Write { offset, bytes: bytes.to_vec() },
            |text| match offset < length {
                true => {
                    let old = text.with(|old| old[offset..end.min(length)].to_vec());
                    vec![TextEffect::Cut(length), TextEffect::Write { offset, bytes: old }]
                }
                false => vec![TextEffect::Cut(length)],
            },
        );
        let buffer = self.value_mut().buffer();
        if buffer.len() < end {
            buffer.resize(end, 0);
        }
        buffer[offset..end].copy_from_slice(bytes);
        buffer.len()
    }

    /// Makes the string equal to `bytes`, and notes no more than what differs.
    pub fn replace(&mut self, bytes: &[u8]) {
        let differing = self.with(|old| difference(old, bytes));
        if !differing.is_empty() {
            self.write(differing.start, &bytes[differing]);
        }
        self.cut(bytes.len());
    }

    /// Makes the string at least `length` bytes long, with zero bytes at its end.
    pub fn extend_to(&mut self, length: usize) {
        if self.len() < length {
            self.write(length, &[]);
        }
    }

    /// Cuts the string to `length` bytes, if it is longer.
    fn cut(&mut self, length: usize) {
        let old = self.len();
        if length < old {
            self.note(
                |_| TextEffect::Cut(length),
                |text| {
                    vec![TextEffect::Write {
                        offset: length,
                        bytes: text.with(|text| text[length..].to_vec()),
                    }]
                },
            );
            self.value_mut().buffer().truncate(length);
        }
    }

    /// Does what an effect says.
    pub(crate) fn apply(&mut self, effect: TextEffect) {
        match effect {
            TextEffect::Write { offset, bytes } => {
                self.write(offset, &bytes);
            }
            TextEffect::Cut(length) => self.cut(length),
        }
    }
}

impl Contents for Text {
    type Effect = TextEffect;

    fn effect(key: Str, effect: TextEffect) -> Effect {
        Effect::Text { key, effect }
    }

    fn bytes(&self) -> u64 {
        self.len() as u64
    }

    fn is_empty(&self) -> bool {
        false // an empty string is a value
    }

    fn canonical(&self, out: &mut Vec<u8>) {
        self.with(|text| canonical_item(out, text));
    }

    conversions!(Text);
}

/// Keeps a shared buffer alive while a reply is being written from it.
struct Shared(Arc<Vec<u8>>);

impl AsRef<[u8]> for Shared {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

/// The part of `new` that has to be written over `old` to make it begin with `new`.
fn difference(old: &[u8], new: &[u8]) -> Range<usize> {
    let start = old.iter().zip(new).take_while(|(old, new)| old == new).count();
    if old.len() != new.len() {
        return start..new.len();
    }
    let (old, new) = (&old[start..], &new[start..]);
    let equal = old.iter().rev().zip(new.iter().rev()).take_while(|(old, new)| old == new).count();
    start..start + new.len() - equal
}

/// The number that `bytes` spell in the one form that prints back to the same bytes.
pub(super) fn canonical_int(bytes: &[u8]) -> Option<i64> {
    let digits = bytes.strip_prefix(b"-").unwrap_or(bytes);
    let plain = match digits {
        [b'0'] => bytes.len() == 1,
        [b'1'..=b'9', rest @ ..] => rest.len() < 19 && rest.iter().all(u8::is_ascii_digit),
        _ => false,
    };
    if !plain {
        return None;
    }
    std::str::from_utf8(bytes).ok()?.parse().ok()
}

fn decimal_len(n: i64) -> usize {
    let digits = n.unsigned_abs().checked_ilog10().map_or(1, |log| log as usize + 1);
    digits + usize::from(n < 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_canonical_integers_become_numbers() {
        for text in ["0", "7", "-7", "9223372036854775807", "-9223372036854775808"] {
            assert_eq!(Text::from(text.as_bytes()).encoding(), "int", "{text}");
            assert_eq!(Text::from(text.as_bytes()).to_bytes(), text);
            assert_eq!(Text::from(text.as_bytes()).len(), text.len());
        }
        for text in
            ["", "-", "-0", "+1", "01", " 1", "1 ", "1.0", "9223372036854775808", "99999999999999999999"]
        {
            assert_eq!(Text::from(text.as_bytes()).encoding(), "embstr", "{text:?}");
            assert_eq!(Text::from(text.as_bytes()).to_bytes(), text);
        }
    }
}
