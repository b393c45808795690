//! Ids of entries, as commands spell them.

use bytes::Bytes;
use latchkey_keyspace::value::stream::Id;
use latchkey_protocol::ReplyError;

use crate::Result;
use crate::args::unsigned;

const INVALID: ReplyError = ReplyError::fixed("ERR Invalid stream ID specified as stream command argument");
const NOTHING_AFTER: ReplyError = ReplyError::fixed("ERR invalid start ID for the interval");
const NOTHING_BEFORE: ReplyError = ReplyError::fixed("ERR invalid end ID for the interval");

/// No id is written with more bytes.
const ID_BYTES_MAX: usize = 127;

/// `ms-seq`, or `ms`, which means the first id of the millisecond.
pub(super) fn id(word: &[u8]) -> Result<Id> {
    Ok(parse(word, 0).ok_or(INVALID)?)
}

/// Ids, all of which have to be valid.
pub(super) fn list(words: &[Bytes]) -> Result<Vec<Id>> {
    words.iter().map(|word| id(word)).collect()
}

/// The first id of a range: `-`, an id, or `(` and the id before. `ms` is the first id of the millisecond.
pub(super) fn range_start(word: &[u8]) -> Result<Id> {
    match end(word, 0)? {
        End::Included(id) => Ok(id),
        End::Excluded(id) => Ok(id.next().ok_or(NOTHING_AFTER)?),
    }
}

/// The last id of a range: `+`, an id, or `(` and the id behind. `ms` is the last id of the millisecond.
pub(super) fn range_end(word: &[u8]) -> Result<Id> {
    match end(word, u64::MAX)? {
        End::Included(id) => Ok(id),
        End::Excluded(id) => Ok(id.previous().ok_or(NOTHING_BEFORE)?),
    }
}

/// The id that XADD gives an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NewId {
    /// `*`: the next one, of the present time.
    Next,
    /// `ms-*`: the next one of this millisecond.
    NextOf(u64),
    /// Chosen by the client.
    Given(Id),
}

impl NewId {
    pub(super) fn parse(word: &[u8]) -> Result<Self> {
        if word == b"*" {
            return Ok(Self::Next);
        }
        match word.strip_suffix(b"-*") {
            Some(ms) if word.len() <= ID_BYTES_MAX => Ok(Self::NextOf(unsigned(ms).ok_or(INVALID)?)),
            _ => Ok(Self::Given(id(word)?)),
        }
    }
}

enum End {
    Included(Id),
    Excluded(Id),
}

fn end(word: &[u8], missing_seq: u64) -> Result<End> {
    Ok(match word {
        b"-" => End::Included(Id::MIN),
        b"+" => End::Included(Id::MAX),
        [b'(', id @ ..] if !id.is_empty() => End::Excluded(parse(id, missing_seq).ok_or(INVALID)?),
        id => End::Included(parse(id, missing_seq).ok_or(INVALID)?),
    })
}

fn parse(word: &[u8], missing_seq: u64) -> Option<Id> {
    if word.len() > ID_BYTES_MAX {
        return None;
    }
    match word.iter().position(|&byte| byte == b'-') {
        Some(at) => Some(Id::new(unsigned(&word[..at])?, unsigned(&word[at + 1..])?)),
        None => Some(Id::new(unsigned(word)?, missing_seq)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_read_as_redis_reads_them() {
        for (word, expected) in [
            ("1-2", Some((1, 2))),
            ("7", Some((7, 9))),
            ("0-0", Some((0, 0))),
            (" 05-05", Some((5, 5))),
            ("+6-+6", Some((6, 6))),
            ("18446744073709551615-18446744073709551615", Some((u64::MAX, u64::MAX))),
            ("18446744073709551616-0", None),
            ("1-18446744073709551616", None),
            ("", None),
            ("-", None),
            ("1-", None),
            ("-1", None),
            ("1--1", None),
            ("1-2-3", None),
            ("1-*", None),
            ("*", None),
            ("+", None),
            ("++1-1", None),
            ("1-2 ", None),
            ("a-1", None),
        ] {
            assert_eq!(parse(word.as_bytes(), 9), expected.map(|(ms, seq)| Id::new(ms, seq)), "{word:?}");
        }
        assert_eq!(parse("0".repeat(200).as_bytes(), 9), None);
    }

    #[test]
    fn ends_of_ranges_may_be_excluded() {
        assert_eq!(range_start(b"(1-2"), Ok(Id::new(1, 3)));
        assert_eq!(range_start(b"(1"), Ok(Id::new(1, 1)));
        assert_eq!(range_end(b"(2-0"), Ok(Id::new(1, u64::MAX)));
        assert_eq!(range_end(b"(2"), Ok(Id::new(2, u64::MAX - 1)));
        assert_eq!(range_start(b"+"), Ok(Id::MAX));
        assert_eq!(range_end(b"-"), Ok(Id::MIN));
        assert_eq!(range_end(b"(0-0"), Err(NOTHING_BEFORE.into()));
        assert_eq!(range_start(b"(18446744073709551615-18446744073709551615"), Err(NOTHING_AFTER.into()));
        assert_eq!(range_start(b"("), Err(INVALID.into()));
        assert_eq!(range_start(b"(-"), Err(INVALID.into()));
    }
}
