//! The options of SORT.

use std::ops::Range;

use bytes::Bytes;
use latchkey_protocol::ReplyError;

use super::pattern::{Get, Pattern};
use crate::{Args, Result};

/// What to sort by, what to answer, and where to put it.
pub(super) struct Options<'a> {
    pub(super) by: By<'a>,
    pub(super) get: Vec<Get<'a>>,
    /// By bytes, not by number.
    pub(super) alpha: bool,
    pub(super) descending: bool,
    pub(super) destination: Option<&'a [u8]>,
    /// Offset and count, as given.
    limit: (i64, i64),
}

/// What an element's place depends on.
pub(super) enum By<'a> {
    /// On itself.
    Element,
    /// On what a pattern finds for it.
    Pattern(Pattern<'a>),
    /// On nothing: the elements stay as they are.
    Nothing,
}

impl<'a> Options<'a> {
    pub(super) fn parse(args: &mut Args<'a>, may_store: bool) -> Result<Self> {
        let mut options = Self::default();
        while !args.is_empty() {
            options.read_one(args, may_store)?;
        }
        Ok(options)
    }

    fn read_one(&mut self, args: &mut Args<'a>, may_store: bool) -> Result<()> {
        if args.option("ASC") {
            self.descending = false;
        } else if args.option("DESC") {
            self.descending = true;
        } else if args.option("ALPHA") {
            self.alpha = true;
        } else if args.option("LIMIT") {
            let mut limit = Args::new(args.take(2)?);
            self.limit = (limit.int()?, limit.int()?);
        } else if args.option("BY") {
            self.by = Pattern::parse(args.next()?).map_or(By::Nothing, By::Pattern);
        } else if args.option("GET") {
            self.get.push(Get::parse(args.next()?));
        } else if may_store && args.option("STORE") {
            self.destination = Some(args.key()?);
        } else {
            return Err(ReplyError::SYNTAX.into());
        }
        Ok(())
    }

    /// The places that LIMIT leaves of `len`.
    pub(super) fn window(&self, len: usize) -> Range<usize> {
        let (offset, count) = self.limit;
        let start = usize::try_from(offset.max(0)).unwrap_or(usize::MAX).min(len);
        let count = usize::try_from(count).unwrap_or(usize::MAX); // a negative count is no limit
        start..start.saturating_add(count).min(len)
    }
}

/// Refuses options that read keys which no word names, as Redis does to users who may not use all keys. GET is refused
/// whatever it asks for, also as Redis does.
pub(super) fn reaches_unnamed(words: &[Bytes]) -> Option<ReplyError> {
    let options = Options::parse(&mut Args::new(words.get(2..)?), true).ok()?;
    if matches!(options.by, By::Pattern(_)) {
        return Some(ReplyError::fixed("ERR BY option of SORT denied due to insufficient ACL permissions"));
    }
    let denied = ReplyError::fixed("ERR GET option of SORT denied due to insufficient ACL permissions");
    (!options.get.is_empty()).then_some(denied)
}

impl Default for Options<'_> {
    fn default() -> Self {
        let (get, limit) = (Vec::new(), (0, -1));
        Self { by: By::Element, get, alpha: false, descending: false, destination: None, limit }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_never_leaves_the_collection() {
        let window = |offset, count| Options { limit: (offset, count), ..Options::default() }.window(5);
        assert_eq!(window(0, -1), 0..5);
        assert_eq!(window(-3, 2), 0..2);
        assert_eq!(window(3, 9), 3..5);
        assert_eq!(window(2, 0), 2..2);
        assert_eq!(window(9, 1), 5..5);
        assert_eq!(window(i64::MIN, i64::MIN), 0..5);
        assert_eq!(window(i64::MAX, i64::MAX), 5..5);
        assert_eq!(window(1, i64::MAX), 1..5);
    }
}
