//! Ranges of a sorted set, as commands spell them: by rank, by score, by name.

use std::ops::Range;

use latchkey_keyspace::value::SortedSet;
use latchkey_protocol::ReplyError;

use crate::args::lenient_float;
use crate::{Result, int};

const NO_SCORE: ReplyError = ReplyError::fixed("ERR min or max is not a float");
const NO_NAME: ReplyError = ReplyError::fixed("ERR min or max not valid string range item");

/// What a range's two ends speak of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    Rank,
    Score,
    Name,
}

/// The two ends of a range.
#[derive(Clone, Copy, Debug)]
pub(super) enum Bounds<'a> {
    /// First and last rank, both inside; negative ones count from the end.
    Ranks(i64, i64),
    /// The least and the greatest score.
    Scores(Score, Score),
    /// The first and the last name. They mean something only where all scores are equal.
    Names(Name<'a>, Name<'a>),
}

/// An end of a range of scores: `1.5`, `(1.5`, `-inf`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Score {
    score: f64,
    is_inside: bool,
}

/// An end of a range of names: `[ann`, `(ann`, `-`, `+`.
#[derive(Clone, Copy, Debug)]
pub(super) enum Name<'a> {
    BeforeAll,
    AfterAll,
    Inside(&'a [u8]),
    Outside(&'a [u8]),
}

impl<'a> Bounds<'a> {
    /// Reads the lower and the upper end.
    pub(super) fn parse(by: By, min: &'a [u8], max: &'a [u8]) -> Result<Self> {
        Ok(match by {
            By::Rank => Self::Ranks(int(min)?, int(max)?),
            By::Score => {
                let both = Score::parse(min).zip(Score::parse(max)).ok_or(NO_SCORE)?;
                Self::Scores(both.0, both.1)
            }
            By::Name => {
                let both = Name::parse(min).zip(Name::parse(max)).ok_or(NO_NAME)?;
                Self::Names(both.0, both.1)
            }
        })
    }

    /// The ranks of the members in the range, in the set's order.
    pub(super) fn ranks(&self, set: &SortedSet) -> Range<usize> {
        let (start, end) = match self {
            Self::Ranks(first, last) => return between(*first, *last, set.len()),
            Self::Scores(min, max) => (
                set.partition_point(|_, score| min.is_above(score)),
                set.partition_point(|_, score| !max.is_below(score)),
            ),
            Self::Names(min, max) => (
                set.partition_point(|name, _| min.is_above(name)),
                set.partition_point(|name, _| !max.is_below(name)),
            ),
        };
        start..end.max(start)
    }
}

/// The ranks from `first` to `last` of `len`, where negative ones count from the end.
fn between(first: i64, last: i64, len: usize) -> Range<usize> {
    let start = from_end(first, len).unwrap_or(0);
    let end = from_end(last, len).map_or(0, |last| last.saturating_add(1)).min(len);
    start.min(end)..end
}

/// A rank that may count from the end; `None` if it lies before the beginning.
fn from_end(rank: i64, len: usize) -> Option<usize> {
    match usize::try_from(rank) {
        Ok(rank) => Some(rank),
        Err(_) => len.checked_sub(usize::try_from(rank.unsigned_abs()).ok()?),
    }
}

impl Score {
    fn parse(word: &[u8]) -> Option<Self> {
        let outside = word.strip_prefix(b"(");
        let score = lenient_float(outside.unwrap_or(word))?;
        Some(Self { score, is_inside: outside.is_none() })
    }

    /// Whether the score lies below the range that begins here.
    fn is_above(self, score: f64) -> bool {
        score < self.score || (score == self.score && !self.is_inside)
    }

    /// Whether the score lies above the range that ends here.
    fn is_below(self, score: f64) -> bool {
        score > self.score || (score == self.score && !self.is_inside)
    }
}

impl<'a> Name<'a> {
    fn parse(word: &'a [u8]) -> Option<Self> {
        match word {
            b"-" => Some(Self::BeforeAll),
            b"+" => Some(Self::AfterAll),
            [b'[', name @ ..] => Some(Self::Inside(name)),
            [b'(', name @ ..] => Some(Self::Outside(name)),
            _ => None,
        }
    }

    /// Whether the name lies before the range that begins here.
    fn is_above(self, name: &[u8]) -> bool {
        match self {
            Self::BeforeAll => false,
            Self::AfterAll => true,
            Self::Inside(first) => name < first,
            Self::Outside(before) => name <= before,
        }
    }

    /// Whether the name lies after the range that ends here.
    fn is_below(self, name: &[u8]) -> bool {
        match self {
            Self::BeforeAll => true,
            Self::AfterAll => false,
            Self::Inside(last) => name > last,
            Self::Outside(after) => name >= after,
        }
    }
}
