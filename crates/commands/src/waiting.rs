//! Commands that wait where they find nothing: for what, and for how long.

use std::time::Duration;

use bytes::Bytes;
use latchkey_keyspace::{Now, View};
use latchkey_protocol::{ReplyError, Words, number};

use crate::{Access, Call, Result};

/// How a command waits. Its handler tries once and answers null if it finds nothing, which is also what the command
/// answers where nobody can wait: in a transaction, in a script, in a pipeline over REST.
#[derive(Clone, Copy, Debug)]
pub struct Waits {
    /// What has to come.
    pub wanted: Wanted,
    /// How long these words have it wait; `None` if not at all. Only asked of words that the handler has accepted.
    patience: fn(&[Bytes]) -> Option<Patience>,
    /// The words in a form that still means the same when it is tried again.
    settle: Option<fn(View<'_>, &Words) -> Words>,
}

/// What a command waits for.
#[derive(Clone, Copy, Debug)]
pub enum Wanted {
    /// A list with elements under one of the keys that it reads.
    List,
    /// A sorted set with members.
    SortedSet,
    /// New entries of a stream.
    Entries,
    /// Entries that the group which these words name was not delivered yet, or the end of that group.
    Deliveries(for<'a> fn(&'a [Bytes]) -> Option<&'a [u8]>),
    /// Something that no key tells of.
    Nothing,
}

/// How long somebody waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// So long.
    For(Duration),
    /// Until it comes.
    Endless,
}

impl Waits {
    /// For this, as long as the words say.
    pub(crate) const fn new(wanted: Wanted, patience: fn(&[Bytes]) -> Option<Patience>) -> Self {
        Self { wanted, patience, settle: None }
    }

    /// What `$` means is settled when the wait begins.
    pub(crate) const fn settled_by(mut self, settle: fn(View<'_>, &Words) -> Words) -> Self {
        self.settle = Some(settle);
        self
    }
}

impl Call {
    /// How long it waits if it finds nothing; `None` if it answers at once whatever it finds.
    pub fn patience(&self) -> Option<Patience> {
        (self.spec().waits?.patience)(self.words().as_slice())
    }

    /// The keys at which something can come that it waits for: not those that it only writes to.
    pub fn awaited_keys(&self) -> impl Iterator<Item = &[u8]> {
        self.keys().into_iter().filter(|key| key.access != Access::Write).map(|key| key.name)
    }

    /// The same command in words that do not mean something else later.
    pub fn settled(self, view: View<'_>) -> Self {
        match self.spec().waits.and_then(|waits| waits.settle) {
            Some(settle) => {
                let words = settle(view, self.words());
                self.with_words(words)
            }
            None => self,
        }
    }
}

const NOT_SECONDS: ReplyError = ReplyError::fixed("ERR timeout is not a float or out of range");
const NOT_MILLISECONDS: ReplyError = ReplyError::fixed("ERR timeout is not an integer or out of range");
const NEGATIVE: ReplyError = ReplyError::fixed("ERR timeout is negative");
const TOO_LONG: ReplyError = ReplyError::fixed("ERR timeout is out of range");

/// A timeout in seconds, with fractions. Parts of a millisecond count as a whole one; 0 is for ever.
pub(crate) fn seconds(word: &[u8], now: Now) -> Result<Patience> {
    let ms = number::parse_double(word).ok_or(NOT_SECONDS)? * 1000.0;
    // The nearest float to i64::MAX lies above it.
    if ms >= i64::MAX as f64 {
        return Err(TOO_LONG.into());
    }
    patience(ms.ceil() as i64, now)
}

/// A timeout in milliseconds; 0 is for ever.
pub(crate) fn milliseconds(word: &[u8], now: Now) -> Result<Patience> {
    patience(number::parse_i64(word).ok_or(NOT_MILLISECONDS)?, now)
}

fn patience(ms: i64, now: Now) -> Result<Patience> {
    let duration = Duration::from_millis(u64::try_from(ms).map_err(|_| NEGATIVE)?);
    now.ms().checked_add(ms).ok_or(TOO_LONG)?;
    Ok(if duration.is_zero() { Patience::Endless } else { Patience::For(duration) })
}

/// The patience of commands whose last word says it in seconds.
pub(crate) fn seconds_at_end(words: &[Bytes]) -> Option<Patience> {
    seconds(words.last()?, Now::BEFORE_ALL).ok()
}

/// The patience of commands whose first argument says it in seconds.
pub(crate) fn seconds_at_start(words: &[Bytes]) -> Option<Patience> {
    seconds(words.get(1)?, Now::BEFORE_ALL).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::START;

    #[test]
    fn seconds_are_rounded_up_to_milliseconds() {
        let read = |word: &str| seconds(word.as_bytes(), START).map_err(|error| error.0.to_string());
        let wait = |ms| Ok(Patience::For(Duration::from_millis(ms)));
        assert_eq!(read("1.5"), wait(1500));
        assert_eq!(read("0.0001"), wait(1));
        assert_eq!(read("0"), Ok(Patience::Endless));
        // As Redis, which rounds up before it looks at the sign.
        assert_eq!(read("-0.0001"), Ok(Patience::Endless));
        assert_eq!(read("-1"), Err("ERR timeout is negative".into()));
        assert_eq!(read("-inf"), Err("ERR timeout is negative".into()));
        for word in ["9223372036854775.807", "9223372036854775", "1e300", "inf"] {
            assert_eq!(read(word), Err("ERR timeout is out of range".into()), "{word}");
        }
        for word in ["", "x", "nan", "1s"] {
            assert_eq!(read(word), Err("ERR timeout is not a float or out of range".into()), "{word}");
        }
    }

    #[test]
    fn milliseconds_are_whole() {
        let read = |word: &str| milliseconds(word.as_bytes(), START).map_err(|error| error.0.to_string());
        assert_eq!(read("20"), Ok(Patience::For(Duration::from_millis(20))));
        assert_eq!(read("0"), Ok(Patience::Endless));
        assert_eq!(read("1.5"), Err("ERR timeout is not an integer or out of range".into()));
        assert_eq!(read("-1"), Err("ERR timeout is negative".into()));
        assert_eq!(read("9223372036854775807"), Err("ERR timeout is out of range".into()));
    }
}
