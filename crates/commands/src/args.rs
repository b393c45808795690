//! Reading a command's arguments, one after the other.

use bytes::Bytes;
use latchkey_protocol::{ReplyError, number};

use crate::Result;

/// A cursor over the arguments. The table has checked their number, so the first ones are there; what is optional is
/// asked for with [`option`](Self::option) and ended with [`done`](Self::done).
#[derive(Clone, Debug)]
pub struct Args<'a> {
    words: &'a [Bytes],
}

impl<'a> Args<'a> {
    /// Over these words, which do not include the command's name.
    pub fn new(words: &'a [Bytes]) -> Self {
        Self { words }
    }

    /// The next argument; a syntax error if there is none.
    #[allow(clippy::should_implement_trait)] // not an iterator: an argument that is missing is an error
    pub fn next(&mut self) -> Result<&'a [u8]> {
        let (first, rest) = self.words.split_first().ok_or(ReplyError::SYNTAX)?;
        self.words = rest;
        Ok(first)
    }

    /// The next argument, without taking it.
    pub fn peek(&self) -> Option<&'a [u8]> {
        self.words.first().map(AsRef::as_ref)
    }

    /// The next argument, which is a key.
    pub fn key(&mut self) -> Result<&'a [u8]> {
        self.next()
    }

    /// The next argument, which is a 64-bit integer.
    pub fn int(&mut self) -> Result<i64> {
        int(self.next()?)
    }

    /// The next argument, which is a number; infinities are numbers, NaN is not.
    pub fn float(&mut self) -> Result<f64> {
        float(self.next()?)
    }

    /// Takes the next argument if it is this word, in upper or lower case.
    pub fn option(&mut self, word: &str) -> bool {
        let found = self.peek().is_some_and(|next| next.eq_ignore_ascii_case(word.as_bytes()));
        if found {
            self.words = &self.words[1..];
        }
        found
    }

    /// How many are left.
    pub fn len(&self) -> usize {
        self.words.len()
    }

    /// Whether none are left.
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// Takes all that are left.
    pub fn rest(&mut self) -> &'a [Bytes] {
        std::mem::take(&mut self.words)
    }

    /// Takes the next `n`; a syntax error if there are fewer.
    pub fn take(&mut self, n: usize) -> Result<&'a [Bytes]> {
        let (taken, rest) = self.words.split_at_checked(n).ok_or(ReplyError::SYNTAX)?;
        self.words = rest;
        Ok(taken)
    }

    /// Takes a count and that many keys (`numkeys key [key …]`).
    pub fn counted_keys(&mut self, none: ReplyError) -> Result<&'a [Bytes]> {
        let count = self.int()?;
        let count = usize::try_from(count).ok().filter(|&n| n > 0).ok_or(none)?;
        self.take(count)
    }

    /// A syntax error if anything is left.
    pub fn done(&self) -> Result<()> {
        if self.is_empty() { Ok(()) } else { Err(ReplyError::SYNTAX.into()) }
    }
}

/// A 64-bit integer, in the one form that Redis accepts.
pub fn int(word: &[u8]) -> Result<i64> {
    Ok(number::parse_i64(word).ok_or(ReplyError::NOT_AN_INTEGER)?)
}

/// A 64-bit integer without a sign, as Redis reads one: zeros may stand in front, and so may spaces and one `+`.
pub(crate) fn unsigned(word: &[u8]) -> Option<u64> {
    let digits = word.trim_ascii_start();
    let digits = digits.strip_prefix(b"+").unwrap_or(digits);
    if !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    str::from_utf8(digits).ok()?.parse().ok()
}

/// A number, as Redis accepts it for scores and increments.
pub fn float(word: &[u8]) -> Result<f64> {
    Ok(number::parse_double(word).ok_or(ReplyError::NOT_A_FLOAT)?)
}

/// A number, as Redis reads those that it leaves to C's `strtod`: spaces may stand before it, and the empty word is 0.
pub(crate) fn lenient_float(word: &[u8]) -> Option<f64> {
    let is_space = |byte: &u8| matches!(byte, b' ' | b'\t'..=b'\r');
    let start = word.iter().position(|byte| !is_space(byte)).unwrap_or(0);
    if word.is_empty() { Some(0.0) } else { number::parse_double(&word[start..]) }
}
