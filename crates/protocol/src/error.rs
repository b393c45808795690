//! The errors that a client sees: their first word is a Redis error code, their text is part of the contract.

use std::borrow::Cow;
use std::fmt;

/// An error reply, without RESP's leading `-`. Texts are those of Redis 8.2, or Upstash's where those differ.
///
/// An error never carries a value or a token; it may carry a command name, an option name or a key only where Redis
/// does so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplyError(Cow<'static, str>);

impl ReplyError {
    /// `ERR syntax error`.
    pub const SYNTAX: Self = Self::fixed("ERR syntax error");
    /// An operation against a key of another type.
    pub const WRONG_TYPE: Self =
        Self::fixed("WRONGTYPE Operation against a key holding the wrong kind of value");
    /// An argument that had to be a 64-bit integer (Upstash's wording, which differs from Redis's).
    pub const NOT_AN_INTEGER: Self = Self::fixed("ERR value is not an int or out of range");
    /// An argument that had to be a finite number.
    pub const NOT_A_FLOAT: Self = Self::fixed("ERR value is not a valid float");
    /// A key that had to exist.
    pub const NO_SUCH_KEY: Self = Self::fixed("ERR no such key");
    /// An index outside a list.
    pub const INDEX_OUT_OF_RANGE: Self = Self::fixed("ERR index out of range");
    /// A count or a length that had to be positive.
    pub const MUST_BE_POSITIVE: Self = Self::fixed("ERR value is out of range, must be positive");
    /// A sum beyond 64 bits.
    pub const OVERFLOW: Self = Self::fixed("ERR increment or decrement would overflow");
    /// A sum that is not a number, or not finite.
    pub const NAN_OR_INFINITY: Self = Self::fixed("ERR increment would produce NaN or Infinity");
    /// A string longer than Redis's 512 MB.
    pub const STRING_TOO_LONG: Self =
        Self::fixed("ERR string exceeds maximum allowed size (proto-max-bulk-len)");
    /// A value longer than the plan allows for one key.
    pub const RECORD_TOO_LONG: Self = Self::fixed("ERR max single record size exceeded");

    /// The quota could not be counted, so nothing was run.
    pub const QUOTA_UNKNOWN: Self = Self::fixed("BUSY the daily quota could not be counted, try again");

    /// An error whose whole text, code included, is known at compile time.
    pub const fn fixed(text: &'static str) -> Self {
        Self(Cow::Borrowed(text))
    }

    /// An error whose text, code included, was composed.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Cow::Owned(text.into()))
    }

    /// `ERR wrong number of arguments for 'get' command`; a subcommand is named `config|get`.
    pub fn wrong_arity(name: &str) -> Self {
        Self::new(format!("ERR wrong number of arguments for '{}' command", name.to_ascii_lowercase()))
    }

    /// `ERR invalid expire time in 'set' command`.
    pub fn invalid_expire(name: &str) -> Self {
        Self::new(format!("ERR invalid expire time in '{}' command", name.to_ascii_lowercase()))
    }

    /// A request or a reply beyond the plan's limit: `ERR max request size exceeded. Limit: 10 bytes, Actual: 12 bytes`.
    /// Upstash says "request" in both cases.
    pub fn request_too_large(limit_bytes: usize, actual_bytes: usize) -> Self {
        Self::new(format!(
            "ERR max request size exceeded. Limit: {limit_bytes} bytes, Actual: {actual_bytes} bytes"
        ))
    }

    /// The whole text: code, space, message.
    pub fn text(&self) -> &str {
        &self.0
    }

    /// The first word, such as `ERR` or `WRONGTYPE`.
    pub fn code(&self) -> &str {
        self.0.split(' ').next().unwrap_or("")
    }
}

impl fmt::Display for ReplyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ReplyError {}
