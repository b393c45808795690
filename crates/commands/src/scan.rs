//! What SCAN and its kin share: cursors, MATCH and COUNT.

use latchkey_keyspace::collections::glob;
use latchkey_protocol::{Reply, ReplyError};

use crate::{Args, Result};

/// What a scan looks for, and how far it goes at a time.
#[derive(Debug)]
pub(crate) struct Scan<'a> {
    pattern: Option<&'a [u8]>,
    /// How many elements to visit, matching or not.
    pub(crate) count: usize,
}

impl Default for Scan<'_> {
    fn default() -> Self {
        Self { pattern: None, count: 10 }
    }
}

impl<'a> Scan<'a> {
    /// Reads the next option, MATCH or COUNT; a syntax error if it is neither.
    pub(crate) fn option(&mut self, args: &mut Args<'a>) -> Result<()> {
        if args.option("MATCH") {
            self.pattern = Some(args.next()?);
        } else if args.option("COUNT") {
            let count = args.int()?;
            self.count = usize::try_from(count).ok().filter(|&n| n > 0).ok_or(ReplyError::SYNTAX)?;
        } else {
            return Err(ReplyError::SYNTAX.into());
        }
        Ok(())
    }

    /// Whether an element is looked for.
    pub(crate) fn matches(&self, name: &[u8]) -> bool {
        self.pattern.is_none_or(|pattern| glob::matches(pattern, name, false))
    }
}

/// Reads a cursor.
pub(crate) fn cursor(word: &[u8]) -> Result<u64> {
    let digits = str::from_utf8(word).ok().filter(|word| word.bytes().all(|byte| byte.is_ascii_digit()));
    let cursor = digits.and_then(|digits| digits.parse().ok());
    Ok(cursor.ok_or(ReplyError::fixed("ERR invalid cursor"))?)
}

/// The next cursor, as text because clients' numbers may not hold it, with what was found.
pub(crate) fn reply(next: u64, found: Vec<Reply>) -> Reply {
    Reply::Array(vec![Reply::bulk(next.to_string()), Reply::Array(found)])
}
