//! Reading a file, part by part.

use std::io::Read;

use latchkey_keyspace::{Str, Value};

use super::MAGIC;
use crate::error::{Error, Result};
use crate::input::Input;
use crate::{VERSION_MAX, kind, value};

/// From this version on, files end with a checksum.
const VERSION_WITH_SUM: u16 = 5;

/// A part of a file.
#[derive(Clone, Debug)]
pub enum Part {
    /// A key with its value.
    Entry {
        /// The number of the database that it belongs to.
        database: u64,
        /// The key.
        key: Str,
        /// Its value, which is not empty.
        value: Value,
        /// Its deadline in milliseconds since the epoch, if it has one. It may have passed.
        expires_at_ms: Option<i64>,
    },
    /// The source of a function library.
    Library(Vec<u8>),
    /// A key with a value of a module that we do not know.
    Skipped {
        /// The number of the database that it belongs to.
        database: u64,
        /// The key.
        key: Str,
        /// The module's type, as `name/version`.
        module: String,
    },
    /// A fact about the file, such as `redis-ver`.
    Fact {
        /// What it is about.
        name: Vec<u8>,
        /// What is said.
        value: Vec<u8>,
    },
}

/// A file that is being read, in one pass and in pieces. Nothing but the value that is being read is in memory.
pub struct Reader<'a> {
    input: Input<'a>,
    version: u16,
    seed: u64,
    database: u64,
    is_done: bool,
}

impl<'a> Reader<'a> {
    /// Reads the beginning of a file. The source should be buffered. `seed` is that of the keyspace that it is for, and
    /// `value_bytes_max` limits the stored bytes of each value, by and large.
    pub fn new(source: &'a mut dyn Read, seed: u64, value_bytes_max: u64) -> Result<Self> {
        let mut input = Input::summed(source, value_bytes_max);
        let magic = input.bytes::<5>()?;
        let version = input.bytes::<4>()?;
        if magic != *MAGIC {
            return Err(input.flaw("no RDB file"));
        }
        let version = std::str::from_utf8(&version).ok().and_then(|version| version.parse().ok());
        let version =
            version.filter(|version| (1..=VERSION_MAX).contains(version)).ok_or(Error::Untrusted)?;
        Ok(Self { input, version, seed, database: 0, is_done: false })
    }

    /// The version of the file's format.
    pub fn version(&self) -> u16 {
        self.version
    }

    /// The next part; `None` after the last, once the checksum is found to be right. Nothing can be read after an error.
    pub fn next_part(&mut self) -> Result<Option<Part>> {
        if self.is_done {
            return Ok(None);
        }
        let part = self.read();
        self.is_done = !matches!(part, Ok(Some(_)));
        part
    }

    fn read(&mut self) -> Result<Option<Part>> {
        let mut expires_at_ms = None;
        loop {
            match self.input.byte()? {
                kind::END => return self.end().map(|()| None),
                kind::DATABASE => self.database = self.input.length()?,
                kind::SIZES => self.skip_lengths(2)?,
                kind::SLOT => self.skip_lengths(3)?,
                kind::IDLE => self.skip_lengths(1)?,
                kind::FREQUENCY => drop(self.input.byte()?),
                kind::DEADLINE_MS => expires_at_ms = Some(self.input.time_ms()?),
                kind::DEADLINE_S => {
                    expires_at_ms = Some(i64::from(i32::from_le_bytes(self.input.bytes()?)) * 1000);
                }
                kind::FACT => {
                    let (name, value) = (self.input.string()?, self.input.string()?);
                    return Ok(Some(Part::Fact { name, value }));
                }
                kind::LIBRARY => return Ok(Some(Part::Library(self.input.string()?))),
                kind::MODULE_DATA => self.skip_module_data()?,
                kind => return self.entry(kind, expires_at_ms).map(Some),
            }
        }
    }

    fn skip_lengths(&mut self, count: usize) -> Result<()> {
        (0..count).try_for_each(|_| self.input.length().map(drop))
    }

    /// The module, when it was written, and its pieces.
    fn skip_module_data(&mut self) -> Result<()> {
        self.skip_lengths(3)?;
        value::skip_module_data(&mut self.input)
    }

    fn entry(&mut self, kind: u8, expires_at_ms: Option<i64>) -> Result<Part> {
        let (database, key) = (self.database, Str::from(self.input.string()?));
        Ok(match value::read(&mut self.input, kind, self.seed)? {
            value::Read::Value(value) => Part::Entry { database, key, value, expires_at_ms },
            value::Read::OfModule(module) => Part::Skipped { database, key, module },
        })
    }

    /// A checksum of 0 says that there is none.
    fn end(&mut self) -> Result<()> {
        if self.version < VERSION_WITH_SUM {
            return Ok(());
        }
        let expected = self.input.sum();
        let sum = self.input.u64_le()?;
        if sum == 0 || sum == expected { Ok(()) } else { Err(Error::Untrusted) }
    }
}
