//! Patterns of names, in the form in which they are cheap to try.

use latchkey_keyspace::collections::glob;

/// Which names are allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Patterns {
    /// All.
    All,
    /// Those that one of them matches.
    Some(Box<[Pattern]>),
}

/// A glob-style pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pattern {
    text: Box<[u8]>,
    kind: Kind,
}

/// What has to be done to try a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// It has nothing special: compare.
    Exact,
    /// Only its last character is special, a star: compare the beginning.
    Prefix,
    /// Anything else.
    Glob,
}

impl Patterns {
    pub(super) fn new<'a>(texts: impl Iterator<Item = &'a [u8]>) -> Self {
        Self::Some(texts.map(Pattern::new).collect())
    }

    /// Whether a name is allowed.
    pub(super) fn allow(&self, name: &[u8]) -> bool {
        match self {
            Self::All => true,
            Self::Some(patterns) => patterns.iter().any(|pattern| pattern.matches(name)),
        }
    }

    /// Whether every name that a pattern could match is allowed: only if the very same pattern is, as in Redis.
    pub(super) fn allow_pattern(&self, asked: &[u8]) -> bool {
        match self {
            Self::All => true,
            Self::Some(patterns) => patterns.iter().any(|pattern| *pattern.text == *asked),
        }
    }
}

impl Pattern {
    fn new(text: &[u8]) -> Self {
        let special = text.iter().position(|byte| b"*?[\\".contains(byte));
        let kind = match special {
            None => Kind::Exact,
            Some(at) if at + 1 == text.len() && text[at] == b'*' => Kind::Prefix,
            Some(_) => Kind::Glob,
        };
        Self { text: text.into(), kind }
    }

    fn matches(&self, name: &[u8]) -> bool {
        match self.kind {
            Kind::Exact => *self.text == *name,
            Kind::Prefix => name.starts_with(&self.text[..self.text.len() - 1]),
            Kind::Glob => glob::matches(&self.text, name, false),
        }
    }
}
