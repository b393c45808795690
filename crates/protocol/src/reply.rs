//! The value that a command answers.

use std::borrow::Cow;

use bytes::Bytes;

use crate::ReplyError;

/// What a command answers, before a dialect writes it.
///
/// The richest dialect is RESP3; the others flatten it: RESP2 and REST write a [`Map`](Reply::Map) as a flat array, a
/// [`Double`](Reply::Double) as text in Redis's formatting, a [`Bool`](Reply::Bool) as 1 or 0.
#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    /// A simple string: `OK`, `PONG`, the answer of TYPE. REST in base64 mode leaves only a top-level `OK` as it is.
    Status(Cow<'static, str>),
    /// A binary-safe string.
    Bulk(Bytes),
    /// A 64-bit integer.
    Int(i64),
    /// Absent: RESP2's null bulk string `$-1`, JSON's null.
    Null,
    /// An absent array: RESP2's `*-1`. In RESP3 and JSON the same as [`Null`](Reply::Null).
    NullArray,
    /// A list.
    Array(Vec<Reply>),
    /// Pairs that RESP2 and JSON write flat, and RESP3 as an array of two-element arrays (WITHSCORES, WITHVALUES).
    Pairs(Vec<(Reply, Reply)>),
    /// Names with values: flat in RESP2 and JSON, a map in RESP3.
    Map(Vec<(Reply, Reply)>),
    /// Names with values: an array of two-element arrays in RESP2 and JSON, a map in RESP3 (XREAD).
    NestedMap(Vec<(Reply, Reply)>),
    /// A list without order or duplicates: an array in RESP2 and JSON, a set in RESP3.
    Set(Vec<Reply>),
    /// A score or another float: text in RESP2 and JSON.
    Double(f64),
    /// A number as text, where the digits are part of the contract (GEOPOS): a string in RESP2 and JSON, a double in
    /// RESP3.
    Number(Bytes),
    /// An integer that may have more than 64 bits, in decimal: a string in RESP2 and JSON. Scripts make them.
    BigNumber(Bytes),
    /// A truth value: 1 or 0 in RESP2 and JSON.
    Bool(bool),
    /// Text with a format hint (RESP3 verbatim string `txt`): a plain string elsewhere.
    Verbatim(Bytes),
    /// An error. Nested in an array, JSON writes its text as a string.
    Error(ReplyError),
}

impl Reply {
    /// The status `OK`.
    pub const OK: Self = Self::Status(Cow::Borrowed("OK"));

    /// A simple string known at compile time.
    pub const fn status(text: &'static str) -> Self {
        Self::Status(Cow::Borrowed(text))
    }

    /// A binary-safe string, copied.
    pub fn bulk(bytes: impl AsRef<[u8]>) -> Self {
        Self::Bulk(Bytes::copy_from_slice(bytes.as_ref()))
    }

    /// 1 or 0, which is how RESP2 commands answer yes or no.
    pub fn flag(yes: bool) -> Self {
        Self::Int(i64::from(yes))
    }

    /// A length or a count. Nothing in memory is longer than an `i64` can say.
    pub fn count(n: usize) -> Self {
        Self::Int(i64::try_from(n).unwrap_or(i64::MAX))
    }

    /// The bytes of all strings within, and one for each other value: never more than any dialect needs to write it.
    pub fn bytes(&self) -> usize {
        match self {
            Self::Status(text) => text.len(),
            Self::Bulk(bytes) | Self::Number(bytes) | Self::BigNumber(bytes) | Self::Verbatim(bytes) => {
                bytes.len()
            }
            Self::Error(error) => error.text().len(),
            Self::Array(items) | Self::Set(items) => items.iter().map(Self::bytes).sum(),
            Self::Pairs(pairs) | Self::Map(pairs) | Self::NestedMap(pairs) => {
                pairs.iter().map(|(a, b)| a.bytes() + b.bytes()).sum()
            }
            Self::Int(_) | Self::Null | Self::NullArray | Self::Double(_) | Self::Bool(_) => 1,
        }
    }

    /// `Null` for `None`.
    pub fn or_null(value: Option<Reply>) -> Self {
        value.unwrap_or(Self::Null)
    }
}

impl From<ReplyError> for Reply {
    fn from(error: ReplyError) -> Self {
        Self::Error(error)
    }
}
