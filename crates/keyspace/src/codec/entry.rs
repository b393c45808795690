//! Entries: a key with its deadline and value, or a function library, as snapshots hold them.

use super::{CodecError, Reader, tag, write};
use crate::{Keyspace, Str, Value};

/// Appends an entry. It begins with its length, so that it can be passed over without being decoded.
pub fn encode_entry(out: &mut Vec<u8>, key: &[u8], expires_at_ms: Option<i64>, value: &Value) {
    write::framed(out, |out| {
        write::item(out, key);
        write::option(out, expires_at_ms, write::signed);
        value.encode(out);
    });
}

/// Appends a function library as an entry of its own kind. Such entries stand before those of all keys, and are few:
/// they are loaded whatever a record touches.
pub fn encode_library(out: &mut Vec<u8>, name: &[u8], code: &[u8]) {
    write::framed(out, |out| {
        write::item(out, name);
        write::option(out, None, write::signed);
        out.push(tag::value::LIBRARY);
        write::item(out, code);
    });
}

/// An entry as it was written, its value not decoded.
#[derive(Clone, Copy, Debug)]
pub struct EncodedEntry<'a> {
    /// The key, or the name of the library.
    pub key: &'a [u8],
    /// The whole entry with its length, to be copied as it is.
    pub bytes: &'a [u8],
    /// What follows the key.
    rest: Reader<'a>,
}

impl EncodedEntry<'_> {
    /// The key, its deadline in milliseconds since the epoch, and its value. `seed` is that of the keyspace that the
    /// value is for.
    pub fn decode(&self, seed: u64) -> Result<(Str, Option<i64>, Value), CodecError> {
        let mut rest = self.rest;
        rest.seed = seed;
        let expires_at_ms = rest.option(Reader::signed)?;
        let value = Value::decode(&mut rest)?;
        rest.finish()?;
        Ok((Str::new(self.key), expires_at_ms, value))
    }

    /// Whether it is a function library, and not a key.
    pub fn is_library(&self) -> bool {
        let mut rest = self.rest;
        matches!(rest.option(Reader::signed), Ok(None)) && matches!(rest.byte(), Ok(tag::value::LIBRARY))
    }

    /// The program of a library.
    fn code(&self) -> Result<Str, CodecError> {
        let mut rest = self.rest;
        rest.option(Reader::signed)?;
        rest.byte()?;
        let code = rest.string()?;
        rest.finish()?;
        Ok(code)
    }
}

/// Goes through entries that were written one after the other. After an error comes nothing more.
#[derive(Clone, Debug)]
pub struct EncodedEntries<'a>(Reader<'a>);

impl<'a> EncodedEntries<'a> {
    /// The entries in these bytes. Errors count from their beginning.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(Reader::new(bytes, 0))
    }

    fn read(&mut self) -> Result<EncodedEntry<'a>, CodecError> {
        let before = self.0.rest();
        let mut rest = self.0.framed()?;
        let bytes = &before[..before.len() - self.0.left()];
        Ok(EncodedEntry { key: rest.item()?, bytes, rest })
    }
}

impl<'a> Iterator for EncodedEntries<'a> {
    type Item = Result<EncodedEntry<'a>, CodecError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let entry = self.read();
        if entry.is_err() {
            self.0 = Reader::new(&[], 0);
        }
        Some(entry)
    }
}

impl Keyspace {
    /// Puts an entry of a snapshot, in place of what was under its key or library's name. To nobody is that a change: it is not recorded,
    /// and not taken back.
    pub fn load(&mut self, entry: &EncodedEntry<'_>) -> Result<(), CodecError> {
        if entry.is_library() {
            self.set_loaded_library(Str::new(entry.key), entry.code()?);
            return Ok(());
        }
        let (key, expires_at_ms, value) = entry.decode(self.seed())?;
        self.put_loaded(&key, expires_at_ms, value);
        Ok(())
    }
}
