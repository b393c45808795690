//! Where a command's keys are, and what it does to them.

use bytes::Bytes;
use latchkey_protocol::number;

/// What a command does to a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Reads its value, or that it exists.
    Read,
    /// Writes it without looking at what it held.
    Write,
    /// Reads and writes it.
    Both,
}

/// A key that a command names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key<'a> {
    /// Its name.
    pub name: &'a [u8],
    /// What the command does to it.
    pub access: Access,
}

/// Where the keys are among the words; the name is word 0.
#[derive(Clone, Copy, Debug)]
pub enum Keys {
    /// It names no keys.
    None,
    /// One key, at this word.
    At(usize),
    /// Every `step`th word from `first` to `last`; a negative `last` counts from the end.
    Range {
        /// The first key's word.
        first: usize,
        /// The last key's word; -1 is the last word.
        last: isize,
        /// From one key to the next.
        step: usize,
    },
    /// The word at `at` says how many keys follow it.
    Counted {
        /// The word that holds the number.
        at: usize,
    },
    /// A destination at word 1, which is overwritten, and sources that are read.
    Store(&'static Keys),
    /// A destination at this word, and after it to the last word sources that are read.
    Into {
        /// The destination's word.
        at: usize,
        /// What becomes of the destination: it is overwritten, or what it holds counts too.
        access: Access,
    },
    /// A source at word 1, which is read and, if `moves`, written, and a destination at word 2.
    Pair {
        /// Whether the source changes.
        moves: bool,
    },
    /// Only the command itself can tell.
    By(for<'a> fn(&'a [Bytes]) -> Vec<Key<'a>>),
    /// One at this word, and others: only the command itself can tell all of them (SORT … STORE).
    AtAndBy(usize, for<'a> fn(&'a [Bytes]) -> Vec<Key<'a>>),
}

impl Keys {
    /// The keys among `words`, in order, with what the command does to those that are not otherwise declared. Words
    /// that are missing or make no sense name no keys; the handler refuses them.
    pub fn among<'a>(&self, words: &'a [Bytes], access: Access) -> Vec<Key<'a>> {
        let key = |access| move |name: &'a Bytes| Key { name, access };
        match *self {
            Self::None => Vec::new(),
            Self::At(at) => words.get(at).map(key(access)).into_iter().collect(),
            Self::Range { first, last, step } => {
                let end =
                    if last < 0 { words.len().checked_add_signed(last + 1) } else { Some(last as usize + 1) };
                let end = end.unwrap_or(0).min(words.len());
                words.get(first..end).unwrap_or(&[]).iter().step_by(step).map(key(access)).collect()
            }
            Self::Counted { at } => counted(words, at).iter().map(key(access)).collect(),
            Self::Store(sources) => {
                let destination = words.get(1).map(key(Access::Write));
                destination.into_iter().chain(sources.among(words, Access::Read)).collect()
            }
            Self::Into { at, access } => {
                let destination = words.get(at).map(key(access));
                let sources = words.get(at + 1..).unwrap_or(&[]);
                destination.into_iter().chain(sources.iter().map(key(Access::Read))).collect()
            }
            Self::Pair { moves } => {
                let source = words.get(1).map(key(if moves { Access::Both } else { Access::Read }));
                source.into_iter().chain(words.get(2).map(key(Access::Write))).collect()
            }
            Self::By(find) | Self::AtAndBy(_, find) => find(words),
        }
    }

    /// First key, last key and step as `COMMAND INFO` gives them; zeros where there is no such rule.
    pub fn range(&self) -> (i64, i64, i64) {
        match *self {
            Self::None | Self::Counted { .. } | Self::By(_) => (0, 0, 0),
            Self::At(at) | Self::AtAndBy(at, _) => (at as i64, at as i64, 1),
            Self::Range { first, last, step } => (first as i64, last as i64, step as i64),
            Self::Into { at, .. } => (at as i64, -1, 1),
            Self::Store(Self::Range { last, step, .. }) => (1, *last as i64, *step as i64),
            Self::Store(Self::At(at)) => (1, *at as i64, 1),
            Self::Store(_) => (1, 1, 1),
            Self::Pair { .. } => (1, 2, 1),
        }
    }

    /// Whether the positions depend on the words in a way that a first, last and step cannot say.
    pub fn are_movable(&self) -> bool {
        match self {
            Self::Counted { .. } | Self::By(_) | Self::AtAndBy(..) => true,
            Self::Store(sources) => sources.are_movable(),
            Self::None | Self::At(_) | Self::Range { .. } | Self::Into { .. } | Self::Pair { .. } => false,
        }
    }
}

/// The keys after a count at word `at`.
fn counted(words: &[Bytes], at: usize) -> &[Bytes] {
    let count = words.get(at).and_then(|word| number::parse_i64(word)).and_then(|n| usize::try_from(n).ok());
    let first = at + 1;
    count.and_then(|n| words.get(first..first.checked_add(n)?)).unwrap_or(&[])
}
