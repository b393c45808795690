//! What SCAN, HSCAN, SSCAN and ZSCAN have in common: cursors, MATCH and COUNT.

use latchkey_keyspace::collections::glob;
use latchkey_protocol::{Reply, ReplyError, number};

use crate::{Args, Result};

/// Which elements to answer, and how many to look at in one call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Filter<'a> {
    /// The glob that a name has to match; `None` for any name.
    pub(crate) pattern: Option<&'a [u8]>,
    /// About how many elements to look at.
    pub(crate) count: usize,
}

impl<'a> Filter<'a> {
    /// Every element, ten at a time.
    pub(crate) const ALL: Self = Self { pattern: None, count: 10 };

    /// Reads the next argument if it is MATCH or COUNT. Whether it was.
    pub(crate) fn option(&mut self, args: &mut Args<'a>) -> Result<bool> {
        if args.option("MATCH") {
            self.pattern = Some(args.next()?).filter(|pattern| *pattern != b"*");
        } else if args.option("COUNT") {
            let count = args.int()?;
            let count = usize::try_from(count).ok().filter(|&count| count > 0);
            self.count = count.ok_or(ReplyError::SYNTAX)?;
        } else {
            return Ok(false);
        }
        Ok(true)
    }

    /// Whether an element of this name is answered.
    pub(crate) fn accepts(&self, name: &[u8]) -> bool {
        self.pattern.is_none_or(|pattern| glob::matches(pattern, name, false))
    }
}

/// Reads a cursor: a number of 64 bits without a sign.
pub(crate) fn cursor(word: &[u8]) -> Result<u64> {
    let digits = word.iter().all(u8::is_ascii_digit).then_some(word);
    let cursor = digits.and_then(|digits| std::str::from_utf8(digits).ok()?.parse().ok());
    Ok(cursor.ok_or(ReplyError::fixed("ERR invalid cursor"))?)
}

/// The answer of one call: where to go on, as text because clients read numbers in 53 bits, and what was found.
pub(crate) fn reply(next: u64, found: Vec<Reply>) -> Reply {
    let mut cursor = Vec::new();
    number::write_u64(&mut cursor, next);
    Reply::Array(vec![Reply::Bulk(cursor.into()), Reply::Array(found)])
}
