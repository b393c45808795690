//! Where a command's channels are.

use bytes::Bytes;

/// Where the channels of a command are among its words; the name is word 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channels {
    /// It names none, or none that anybody has to be allowed to use.
    None,
    /// One, at this word.
    At(usize),
    /// All words from the first on.
    All,
    /// All words from the first on are patterns of channels.
    Patterns,
}

impl Channels {
    /// The channels among `words`, and whether they are patterns.
    pub fn among<'a>(&self, words: &'a [Bytes]) -> (&'a [Bytes], bool) {
        let from = |first: usize| words.get(first..).unwrap_or(&[]);
        match *self {
            Self::None => (&[], false),
            Self::At(at) => (words.get(at..=at).unwrap_or(&[]), false),
            Self::All => (from(1), false),
            Self::Patterns => (from(1), true),
        }
    }
}
