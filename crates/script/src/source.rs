//! A script's text, and what its first line says of it.

use std::fmt;

use bytes::Bytes;
use latchkey_protocol::ReplyError;
use sha1::{Digest as _, Sha1};

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

/// What a script's first line promises, as `#!lua flags=no-writes,allow-key-locking`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags {
    /// It writes no keys.
    pub no_writes: bool,
    /// It touches no keys but those that it is called with.
    pub allow_key_locking: bool,
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
        names.split(',').filter(|name| !name.is_empty()).try_for_each(|name| flags.set(name))?;
    }
    Ok((flags, end))
}

impl Flags {
    fn set(&mut self, name: &str) -> Result<(), ReplyError> {
        match name {
            "no-writes" => self.no_writes = true,
            "allow-key-locking" => self.allow_key_locking = true,
            // They speak of memory, replicas and slots, which are not a script's business here.
            "allow-oom" | "allow-stale" | "no-cluster" | "allow-cross-slot-keys" => {}
            _ => return Err(refusal("Unexpected flag in script shebang", name)),
        }
        Ok(())
    }
}

fn refusal(what: &str, word: &str) -> ReplyError {
    let word: String = word.chars().filter(|c| !c.is_control()).take(64).collect();
    ReplyError::new(format!("ERR {what}: {word}"))
}
