//! The patterns of BY and GET: `weight_*`, `user:*->name`, `#`.

use bytes::Bytes;
use latchkey_keyspace::{Str, Value, View};

/// The name of a key with a star in it, which an element takes the place of, and maybe a field of the hash there.
pub(super) struct Pattern<'a> {
    before: &'a [u8],
    after: &'a [u8],
    field: Option<&'a [u8]>,
}

/// What GET asks for.
pub(super) enum Get<'a> {
    /// `#`: the element itself.
    Element,
    /// What the pattern finds for it.
    Pattern(Pattern<'a>),
    /// A name without a star: finds nothing.
    Nothing,
}

impl<'a> Pattern<'a> {
    /// `None` where there is no star.
    pub(super) fn parse(word: &'a [u8]) -> Option<Self> {
        const ARROW: &[u8] = b"->";
        let star = word.iter().position(|&byte| byte == b'*')?;
        let (before, rest) = (&word[..star], &word[star + 1..]);
        let arrow = rest.windows(ARROW.len()).position(|bytes| bytes == ARROW);
        Some(match arrow.map(|at| (&rest[..at], &rest[at + ARROW.len()..])) {
            Some((after, field)) if !field.is_empty() => Self { before, after, field: Some(field) },
            _ => Self { before, after: rest, field: None },
        })
    }

    /// The string, or the hash's field, that the pattern names for an element.
    pub(super) fn find(&self, view: View<'_>, element: &[u8]) -> Option<Bytes> {
        let key = [self.before, element, self.after].concat();
        match (view.value(&key)?, self.field) {
            (Value::Text(text), None) => Some(text.to_bytes()),
            (Value::Hash(hash), Some(field)) => hash.get(field, view.now()).map(Str::to_bytes),
            _ => None,
        }
    }
}

impl<'a> Get<'a> {
    pub(super) fn parse(word: &'a [u8]) -> Self {
        match word {
            b"#" => Self::Element,
            _ => Pattern::parse(word).map_or(Self::Nothing, Self::Pattern),
        }
    }

    pub(super) fn find(&self, view: View<'_>, element: &Str) -> Option<Bytes> {
        match self {
            Self::Element => Some(element.to_bytes()),
            Self::Pattern(pattern) => pattern.find(view, element),
            Self::Nothing => None,
        }
    }
}
