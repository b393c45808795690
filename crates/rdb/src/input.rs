//! Reading bytes, lengths and strings.

use std::io::{ErrorKind, Read};

use latchkey_keyspace::Str;

use crate::error::{Error, Flaw, Result};
use crate::{crc64, lzf};

/// What a payload or a file is read from. It keeps account of what the value that is being read takes, and stops where
/// that is too much.
pub(crate) struct Input<'a> {
    source: &'a mut dyn Read,
    /// The checksum so far, where one is wanted.
    sum: Option<u64>,
    offset: u64,
    value_bytes_max: u64,
    /// How much longer the value may become.
    room: u64,
}

/// Memory for a string is taken in pieces of this size at first: what is said of a length need not be true.
const TRUSTED_BYTES_MAX: u64 = 64 * 1024;

/// What follows a length's first byte.
enum Length {
    Is(u64),
    /// It is no length: what follows is a string in this special form.
    Special(u8),
}

impl<'a> Input<'a> {
    pub(crate) fn new(source: &'a mut dyn Read, value_bytes_max: u64) -> Self {
        Self { source, sum: None, offset: 0, value_bytes_max, room: value_bytes_max }
    }

    /// With a checksum over all that is read.
    pub(crate) fn summed(source: &'a mut dyn Read, value_bytes_max: u64) -> Self {
        Self { sum: Some(0), ..Self::new(source, value_bytes_max) }
    }

    /// The checksum so far.
    pub(crate) fn sum(&self) -> u64 {
        self.sum.unwrap_or_default()
    }

    /// From here on another value is read.
    pub(crate) fn begin_value(&mut self) {
        self.room = self.value_bytes_max;
    }

    /// Notes that the value takes so many bytes more, before it does.
    pub(crate) fn spend(&mut self, bytes: u64) -> Result<()> {
        self.room = self.room.checked_sub(bytes).ok_or(Error::TooLong)?;
        Ok(())
    }

    /// The refusal of something that was read.
    pub(crate) fn flaw(&self, what: Flaw) -> Error {
        Error::Malformed { what, offset: self.offset }
    }

    pub(crate) fn bytes<const N: usize>(&mut self) -> Result<[u8; N]> {
        let mut bytes = [0; N];
        self.source.read_exact(&mut bytes).map_err(|error| match error.kind() {
            ErrorKind::UnexpectedEof => self.flaw("unexpected end"),
            _ => Error::Io(error),
        })?;
        self.passed(&bytes);
        Ok(bytes)
    }

    pub(crate) fn byte(&mut self) -> Result<u8> {
        self.bytes().map(|[byte]| byte)
    }

    pub(crate) fn u64_le(&mut self) -> Result<u64> {
        self.bytes().map(u64::from_le_bytes)
    }

    /// A time in milliseconds.
    pub(crate) fn time_ms(&mut self) -> Result<i64> {
        self.bytes().map(i64::from_le_bytes)
    }

    fn take(&mut self, length: u64) -> Result<Vec<u8>> {
        let mut taken = Vec::with_capacity(length.min(TRUSTED_BYTES_MAX) as usize);
        let read = (&mut *self.source).take(length).read_to_end(&mut taken).map_err(Error::Io)?;
        if read as u64 != length {
            return Err(self.flaw("a string ends early"));
        }
        self.passed(&taken);
        Ok(taken)
    }

    fn passed(&mut self, bytes: &[u8]) {
        self.offset += bytes.len() as u64;
        if let Some(sum) = &mut self.sum {
            *sum = crc64::update(*sum, bytes);
        }
    }

    /// A number.
    pub(crate) fn length(&mut self) -> Result<u64> {
        match self.length_or_special()? {
            Length::Is(length) => Ok(length),
            Length::Special(_) => Err(self.flaw("a string instead of a length")),
        }
    }

    fn length_or_special(&mut self) -> Result<Length> {
        let first = self.byte()?;
        let low = first & 0x3f;
        Ok(Length::Is(match (first >> 6, first) {
            (0, _) => u64::from(low),
            (1, _) => u64::from(u16::from_be_bytes([low, self.byte()?])),
            (2, 0x80) => u64::from(u32::from_be_bytes(self.bytes()?)),
            (2, 0x81) => u64::from_be_bytes(self.bytes()?),
            (3, _) => return Ok(Length::Special(low)),
            _ => return Err(self.flaw("unknown form of a length")),
        }))
    }

    /// A string, in whatever form it is.
    pub(crate) fn string(&mut self) -> Result<Vec<u8>> {
        match self.length_or_special()? {
            Length::Is(length) => {
                self.check_length(length)?;
                self.take(length)
            }
            Length::Special(0) => self.bytes().map(|bytes| decimal(i8::from_le_bytes(bytes).into())),
            Length::Special(1) => self.bytes().map(|bytes| decimal(i16::from_le_bytes(bytes).into())),
            Length::Special(2) => self.bytes().map(|bytes| decimal(i32::from_le_bytes(bytes).into())),
            Length::Special(3) => self.compressed(),
            Length::Special(_) => Err(self.flaw("unknown form of a string")),
        }
    }

    fn compressed(&mut self) -> Result<Vec<u8>> {
        let (compressed, expanded) = (self.length()?, self.length()?);
        self.check_length(expanded)?;
        if !lzf::can_expand(compressed, expanded) {
            return Err(self.flaw("compressed string is shorter than it says"));
        }
        let compressed = self.take(compressed)?;
        let expanded = usize::try_from(expanded).map_err(|_| Error::TooLong)?;
        lzf::expand(&compressed, expanded).map_err(|what| self.flaw(what))
    }

    /// No string is longer than a whole value may be.
    fn check_length(&self, length: u64) -> Result<()> {
        if length > self.value_bytes_max { Err(Error::TooLong) } else { Ok(()) }
    }

    /// A string as part of a collection, where it takes `cost` bytes besides its own.
    pub(crate) fn item(&mut self, cost: u64) -> Result<Str> {
        let item = self.string()?;
        self.spend(cost + item.len() as u64)?;
        Ok(Str::from(item))
    }
}

fn decimal(number: i64) -> Vec<u8> {
    number.to_string().into_bytes()
}
