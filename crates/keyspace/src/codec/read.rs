//! Reading what was written, from bytes that anybody may have written.

use super::CodecError;
use crate::Str;

type Result<T> = std::result::Result<T, CodecError>;

/// Reads from the front. Whatever the bytes are, it neither panics nor reads beyond them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
    /// Where the rest ends, counted from where the first reader began.
    end: usize,
    /// The seed for hash maps inside values.
    pub(crate) seed: u64,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8], seed: u64) -> Self {
        Self { rest: bytes, end: bytes.len(), seed }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// How many bytes are left.
    pub(crate) fn left(&self) -> usize {
        self.rest.len()
    }

    /// How many bytes were read.
    pub(crate) fn offset(&self) -> usize {
        self.end - self.rest.len()
    }

    pub(crate) fn error(&self, what: &'static str) -> CodecError {
        CodecError { offset: self.offset(), what }
    }

    /// An error, unless `holds`.
    pub(crate) fn ensure(&self, holds: bool, what: &'static str) -> Result<()> {
        if holds { Ok(()) } else { Err(self.error(what)) }
    }

    /// An error, unless everything was read.
    pub(crate) fn finish(&self) -> Result<()> {
        self.ensure(self.is_empty(), "bytes are left over")
    }

    #[inline]
    pub(crate) fn byte(&mut self) -> Result<u8> {
        let Some((&byte, rest)) = self.rest.split_first() else { return Err(self.error("cut off")) };
        self.rest = rest;
        Ok(byte)
    }

    /// So many bytes, as they are.
    #[inline]
    pub(crate) fn take(&mut self, len: usize) -> Result<&'a [u8]> {
        let Some((taken, rest)) = self.rest.split_at_checked(len) else { return Err(self.error("cut off")) };
        self.rest = rest;
        Ok(taken)
    }

    #[inline]
    pub(crate) fn number(&mut self) -> Result<u64> {
        match self.byte()? {
            short @ ..0x80 => Ok(short.into()),
            first => self.long_number(first),
        }
    }

    fn long_number(&mut self, first: u8) -> Result<u64> {
        let mut number = u64::from(first & 0x7f);
        for shift in (7..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            self.ensure(bits << shift >> shift == bits, "number of more than 64 bits")?;
            number |= bits << shift;
            if byte < 0x80 {
                self.ensure(byte != 0, "number longer than it needs to be")?;
                return Ok(number);
            }
        }
        Err(self.error("number of more than 64 bits"))
    }

    pub(crate) fn signed(&mut self) -> Result<i64> {
        let number = self.number()?;
        Ok((number >> 1).cast_signed() ^ -(number & 1).cast_signed())
    }

    pub(crate) fn double(&mut self) -> Result<f64> {
        let bytes = self.take(size_of::<f64>())?;
        Ok(f64::from_le_bytes(bytes.try_into().expect("as many as were asked for")))
    }

    /// A position or a length that is not one of what follows here.
    pub(crate) fn position(&mut self) -> Result<usize> {
        let number = self.number()?;
        usize::try_from(number).map_err(|_| self.error("number too large for this machine"))
    }

    /// How many things follow, each of which takes `bytes_min` or more: so no count is beyond what can be there.
    pub(crate) fn count(&mut self, bytes_min: usize) -> Result<usize> {
        let count = self.position()?;
        self.ensure(count <= self.left() / bytes_min, "more announced than there is")?;
        Ok(count)
    }

    #[inline]
    pub(crate) fn item(&mut self) -> Result<&'a [u8]> {
        let len = self.position()?;
        self.take(len)
    }

    #[inline]
    pub(crate) fn string(&mut self) -> Result<Str> {
        self.item().map(Str::new)
    }

    pub(crate) fn option<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T>) -> Result<Option<T>> {
        match self.byte()? {
            0 => Ok(None),
            1 => read(self).map(Some),
            _ => Err(self.error("neither there nor not there")),
        }
    }

    /// A sequence of things, each of which takes `bytes_min` or more.
    pub(crate) fn sequence<T>(
        &mut self,
        bytes_min: usize,
        mut read: impl FnMut(&mut Self) -> Result<T>,
    ) -> Result<Vec<T>> {
        let count = self.count(bytes_min)?;
        let mut items = Vec::with_capacity(count.min(RESERVED_MAX));
        for _ in 0..count {
            items.push(read(self)?);
        }
        Ok(items)
    }

    /// Positions that ascend, each with something.
    pub(crate) fn ascending<T>(
        &mut self,
        mut read: impl FnMut(&mut Self, usize) -> Result<T>,
    ) -> Result<Vec<T>> {
        let mut least = Some(0_usize);
        self.sequence(1, |reader| {
            let distance = reader.position()?;
            let position = least.and_then(|least| least.checked_add(distance));
            let position = position.ok_or_else(|| reader.error("number too large for this machine"))?;
            least = position.checked_add(1);
            read(reader, position)
        })
    }

    /// What stands after its length, to be read apart from the rest.
    pub(crate) fn framed(&mut self) -> Result<Reader<'a>> {
        let rest = self.item()?;
        Ok(Self { rest, end: self.offset(), seed: self.seed })
    }

    /// The bytes that are left.
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.rest
    }
}

/// Room is made for no more things than this before the first of them is read: sequences lie in sequences, and each
/// could announce as many as there are bytes.
const RESERVED_MAX: usize = 1024;
