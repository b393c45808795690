//! A script's text, and what its first line says of it.

use std::fmt;

use bytes::Bytes;
use latchkey_protocol::ReplyError;
use sha1::{Digest as _, Sha1};

use crate::flags::Flags;

/// The SHA-1 of a script's exact text, its first line included: the name under which clients call it again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Digest([u8; 20]);

impl Digest {
    /// Of a text.
    pub fn of(text: &[u8]) -> Self {
        Self(Sha1::digest(text).into())
    }

    /// From its 40 hexadecimal digits, in upper or lower case.
    pub fn parse(hex: &[u8]) -> Option<Self> {
        if hex.len() != 40 {
            return None;
        }
        let digit = |byte: u8| (byte as char).to_digit(16).map(|digit| digit as u8);
        let mut digest = [0; 20];
        for (byte, pair) in digest.iter_mut().zip(hex.chunks_exact(2)) {
            *byte = digit(pair[0])? << 4 | digit(pair[1])?;
        }
        Some(Self(digest))
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// A script as a client sent it.
#[derive(Clone, Debug)]
pub struct Source {
    /// Its name.
    pub digest: Digest,
    /// What its first line promises.
    pub flags: Flags,
    pub(crate) text: Bytes,
    body: usize,
}

impl Source {
    /// Reads the first line. The text is copied: it outlives the request that it came in.
    pub fn parse(text: &[u8]) -> Result<Self, ReplyError> {
        let (flags, body) = shebang(text)?;
        Ok(Self { digest: Digest::of(text), flags, text: Bytes::copy_from_slice(text), body })
    }

    /// The program, without its first line's content, so that lines keep their numbers.
    pub(crate) fn body(&self) -> &[u8] {
        &self.text[self.body..]
    }
}

fn shebang(text: &[u8]) -> Result<(Flags, usize), ReplyError> {
    if !text.starts_with(b"#!") {
        return Ok((Flags::default(), 0));
    }
    let end = text.iter().position(|&byte| byte == b'\n');
    let end = end.ok_or(ReplyError::fixed("ERR Invalid script shebang"))?;
    let line = String::from_utf8_lossy(&text[2..end]);
    let mut words = line.split_ascii_whitespace();
    let engine = words.next().unwrap_or("");
    if engine != "lua" {
        return Err(refusal("Unexpected engine in script shebang", engine));
    }
    let mut flags = Flags::default();
    for word in words {
        let names = word.strip_prefix("flags=").ok_or_else(|| refusal("Unknown lua shebang option", word))?;
        for name in names.split(',').filter(|name| !name.is_empty()) {
            let unknown = || refusal("Unexpected flag in script shebang", name);
            flags = flags.with(name.as_bytes()).ok_or_else(unknown)?;
        }
    }
    Ok((flags, end))
}

fn refusal(what: &str, word: &str) -> ReplyError {
    let word: String = word.chars().filter(|c| !c.is_control()).take(64).collect();
    ReplyError::new(format!("ERR {what}: {word}"))
}
