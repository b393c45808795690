//! Conditions in paths: `?@.price < 10 && @.name =~ "^a"`.

use std::cmp::Ordering;

use latchkey_keyspace::Str;
use latchkey_keyspace::value::json::{Location, Node};
use regex_lite::{Regex, RegexBuilder};

use super::Segment;
use super::walk::{Stop, Walk};

/// What has to hold for a value.
#[derive(Debug)]
pub(super) enum Filter {
    /// Any of these.
    Or(Vec<Filter>),
    /// All of these.
    And(Vec<Filter>),
    Not(Box<Filter>),
    /// The path leads to something, whatever it is.
    Exists(Query),
    Compares(Operand, Comparison, Operand),
    Matches(Operand, Pattern),
}

/// A path inside a filter.
#[derive(Debug)]
pub(super) struct Query {
    /// Whether it starts at the document's root and not at the value in question.
    pub(super) from_root: bool,
    pub(super) segments: Vec<Segment>,
}

/// One side of a comparison.
#[derive(Debug)]
pub(super) enum Operand {
    Value(Node),
    /// A path that leads to one value at most.
    Query(Query),
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Comparison {
    Equal,
    Unequal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Filter {
    /// Whether it holds for a value.
    pub(super) fn holds(&self, walk: &Walk<'_>, node: &Node) -> Result<bool, Stop> {
        match self {
            Self::Or(filters) => any(filters, |filter| filter.holds(walk, node)),
            Self::And(filters) => Ok(!any(filters, |filter| Ok(!filter.holds(walk, node)?))?),
            Self::Not(filter) => Ok(!filter.holds(walk, node)?),
            Self::Exists(query) => Ok(query.first(walk, node)?.is_some()),
            Self::Compares(left, comparison, right) => {
                comparison.holds(walk, left.value(walk, node)?, right.value(walk, node)?)
            }
            Self::Matches(operand, pattern) => match operand.value(walk, node)? {
                Some(Node::Text(text)) => pattern.matches(walk, text),
                _ => Ok(false),
            },
        }
    }
}

fn any(filters: &[Filter], holds: impl Fn(&Filter) -> Result<bool, Stop>) -> Result<bool, Stop> {
    for filter in filters {
        if holds(filter)? {
            return Ok(true);
        }
    }
    Ok(false)
}

impl Query {
    fn first<'d>(&self, walk: &Walk<'d>, node: &'d Node) -> Result<Option<&'d Node>, Stop> {
        let start = if self.from_root { walk.root() } else { node };
        let mut first = None;
        let stop = walk.follow(&self.segments, start, &mut Location::new(), &mut |_, node| {
            first = Some(node);
            Err(Stop::Enough)
        });
        match stop {
            Err(Stop::TooLong) => Err(Stop::TooLong),
            _ => Ok(first),
        }
    }

    /// Whether it leads to one value at most.
    pub(super) fn is_singular(&self) -> bool {
        self.segments.iter().all(Segment::is_singular)
    }
}

impl Operand {
    fn value<'a>(&'a self, walk: &Walk<'a>, node: &'a Node) -> Result<Option<&'a Node>, Stop> {
        match self {
            Self::Value(value) => Ok(Some(value)),
            Self::Query(query) => query.first(walk, node),
        }
    }
}

impl Comparison {
    /// As in RFC 9535: what does not exist equals only what does not exist, and only two numbers or two strings are in
    /// an order.
    fn holds(self, walk: &Walk<'_>, left: Option<&Node>, right: Option<&Node>) -> Result<bool, Stop> {
        let order = || match (left, right) {
            (Some(Node::Number(left)), Some(Node::Number(right))) => Some(left.compare(*right)),
            (Some(Node::Text(left)), Some(Node::Text(right))) => Some(left.cmp(right)),
            _ => None,
        };
        Ok(match self {
            Self::Equal => equal(walk, left, right)?,
            Self::Unequal => !equal(walk, left, right)?,
            Self::Less => order() == Some(Ordering::Less),
            Self::Greater => order() == Some(Ordering::Greater),
            Self::LessOrEqual => order() == Some(Ordering::Less) || equal(walk, left, right)?,
            Self::GreaterOrEqual => order() == Some(Ordering::Greater) || equal(walk, left, right)?,
        })
    }
}

/// As `==` of nodes, but what it costs is counted.
fn equal(walk: &Walk<'_>, left: Option<&Node>, right: Option<&Node>) -> Result<bool, Stop> {
    let (Some(left), Some(right)) = (left, right) else { return Ok(left.is_none() && right.is_none()) };
    match (left, right) {
        (Node::Text(left), Node::Text(right)) => {
            walk.spend(left.len() / 64)?;
            Ok(left == right)
        }
        (Node::Array(left), Node::Array(right)) if left.len() == right.len() => {
            walk.spend(left.len())?;
            for (left, right) in left.iter().zip(right.iter()) {
                if !equal(walk, Some(left), Some(right))? {
                    return Ok(false);
                }
            }
            Ok(true)
        }
        (Node::Object(left), Node::Object(right)) if left.len() == right.len() => {
            walk.spend(left.len())?;
            for (name, value) in left.iter() {
                let other = right.get(name).map(|(_, other)| other);
                if !equal(walk, Some(value), other)? {
                    return Ok(false);
                }
            }
            Ok(true)
        }
        (Node::Array(_), Node::Array(_)) | (Node::Object(_), Node::Object(_)) => Ok(false),
        (left, right) => Ok(left == right),
    }
}

/// A regular expression, found anywhere in a text.
#[derive(Debug)]
pub(super) struct Pattern {
    regex: Regex,
    /// Eight times the steps that a byte of text may take.
    weight: usize,
}

impl Pattern {
    /// `None` if it is no regular expression, or too large a one.
    pub(super) fn parse(text: &Str) -> Option<Self> {
        const BYTES_MAX: usize = 1024;
        /// Of the compiled expression.
        const PROGRAM_BYTES_MAX: usize = 16 * 1024;
        /// A counted repetition makes a short expression a long program.
        const COUNTED_WEIGHT: usize = 512;
        let text = str::from_utf8(text).ok().filter(|text| text.len() <= BYTES_MAX)?;
        let regex = RegexBuilder::new(text).size_limit(PROGRAM_BYTES_MAX).nest_limit(32).build().ok()?;
        let weight = if text.contains('{') { COUNTED_WEIGHT } else { text.len() };
        Some(Self { regex, weight })
    }

    fn matches(&self, walk: &Walk<'_>, text: &[u8]) -> Result<bool, Stop> {
        walk.spend(text.len().saturating_mul(self.weight) / 8)?;
        Ok(str::from_utf8(text).is_ok_and(|text| self.regex.is_match(text)))
    }
}
