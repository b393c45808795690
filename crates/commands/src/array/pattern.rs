//! What ARGREP looks for in an element.

mod expression;

use latchkey_keyspace::collections::glob;
use latchkey_protocol::ReplyError;
use memchr::memmem::Finder;

use crate::{Args, Result};
use expression::Expression;

/// As Redis.
const PREDICATES_MAX: usize = 250;
const EXPRESSION_BYTES_MAX: usize = 2048;

/// What one search may cost: so many bytes may be looked at, and those of a glob pattern each count for all of an
/// element's. So no search keeps a thread for long.
const STEPS_MAX: u64 = 1 << 32;

/// A condition as a client gave it.
#[derive(Clone, Copy, Debug)]
pub(super) enum Predicate<'a> {
    /// The element is this.
    Exact(&'a [u8]),
    /// It contains this.
    Match(&'a [u8]),
    /// It matches this pattern as a whole.
    Glob(&'a [u8]),
    /// This regular expression is found in it.
    Expression(&'a [u8]),
}

impl<'a> Predicate<'a> {
    /// The next two arguments, if they are a condition. `before` is how many there are already.
    pub(super) fn read(args: &mut Args<'a>, before: usize) -> Result<Option<Self>> {
        let make = match args.peek().map(<[u8]>::to_ascii_uppercase).as_deref() {
            Some(b"EXACT") => Self::Exact,
            Some(b"MATCH") => Self::Match,
            Some(b"GLOB") => Self::Glob,
            Some(b"RE") => Self::Expression,
            _ => return Ok(None),
        };
        args.next()?;
        let predicate = make(args.next()?);
        if before >= PREDICATES_MAX {
            return Err(
                ReplyError::new(format!("ERR too many predicates, maximum is {PREDICATES_MAX}")).into()
            );
        }
        predicate.check_length()?;
        Ok(Some(predicate))
    }

    fn check_length(self) -> Result<()> {
        match self {
            Self::Expression(text) if text.len() > EXPRESSION_BYTES_MAX => Err(ReplyError::new(format!(
                "ERR regular expression is too long, maximum is {EXPRESSION_BYTES_MAX} bytes"
            ))
            .into()),
            _ => Ok(()),
        }
    }
}

/// A search that goes through elements.
pub(super) struct Search<'a> {
    tests: Vec<Test<'a>>,
    all: bool,
    nocase: bool,
    steps_left: u64,
    /// An element in lower case, where that is needed.
    lower: Vec<u8>,
}

/// A condition that is ready to be tried.
enum Test<'a> {
    Exact(&'a [u8]),
    Match(Box<Finder<'a>>),
    Glob(&'a [u8]),
    Expression(Box<Expression>),
}

impl<'a> Search<'a> {
    /// For elements of which any of the predicates holds, or all of them.
    pub(super) fn new(predicates: &[Predicate<'a>], all: bool, nocase: bool) -> Result<Self> {
        let tests =
            predicates.iter().map(|&predicate| Test::new(predicate, nocase)).collect::<Result<_>>()?;
        Ok(Self { tests, all, nocase, steps_left: STEPS_MAX, lower: Vec::new() })
    }

    /// Whether this element is one of them.
    pub(super) fn accepts(&mut self, item: &[u8]) -> Result<bool> {
        if self.nocase && self.tests.iter().any(|test| matches!(test, Test::Match(_))) {
            self.lower.clear();
            self.lower.extend(item.iter().map(u8::to_ascii_lowercase));
        }
        for test in &mut self.tests {
            let steps = test.steps(item);
            self.steps_left = self.steps_left.checked_sub(steps).ok_or(TOO_LONG)?;
            if test.holds(item, self.nocase, &self.lower)? != self.all {
                return Ok(!self.all);
            }
        }
        Ok(self.all)
    }
}

const TOO_LONG: ReplyError = ReplyError::fixed("ERR the search takes too long");

impl<'a> Test<'a> {
    fn new(predicate: Predicate<'a>, nocase: bool) -> Result<Self> {
        Ok(match predicate {
            Predicate::Exact(value) => Self::Exact(value),
            Predicate::Match(text) if nocase => {
                Self::Match(Box::new(Finder::new(&text.to_ascii_lowercase()).into_owned()))
            }
            Predicate::Match(text) => Self::Match(Box::new(Finder::new(text))),
            Predicate::Glob(pattern) => Self::Glob(pattern),
            Predicate::Expression(text) => Self::Expression(Box::new(Expression::new(text, nocase)?)),
        })
    }

    fn steps(&self, item: &[u8]) -> u64 {
        let pattern = if let Self::Glob(pattern) = self { pattern.len() as u64 } else { 1 };
        pattern.saturating_mul(item.len() as u64) + 1
    }

    /// `lower` is the element in lower case, if case makes no difference.
    fn holds(&mut self, item: &[u8], nocase: bool, lower: &[u8]) -> Result<bool> {
        Ok(match self {
            Self::Exact(value) if nocase => item.eq_ignore_ascii_case(value),
            Self::Exact(value) => item == *value,
            Self::Match(finder) => finder.find(if nocase { lower } else { item }).is_some(),
            Self::Glob(pattern) => glob::matches(pattern, item, nocase),
            Self::Expression(expression) => expression.is_in(item)?,
        })
    }
}
