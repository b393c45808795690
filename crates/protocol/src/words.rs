//! A command as the client sent it.

use bytes::Bytes;
use smallvec::SmallVec;

/// The words of one command: its name, then its arguments. Each is a slice of the request where it could be, so that
/// reading a command copies nothing. So a word keeps its whole request in memory: what is stored must be copied first.
/// May be empty; whoever resolves it answers for that.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Words(SmallVec<[Bytes; 6]>);

impl Words {
    /// No words yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the next word.
    pub fn push(&mut self, word: Bytes) {
        self.0.push(word);
    }

    /// The command's name as it was written, or an empty slice.
    pub fn name(&self) -> &[u8] {
        self.0.first().map_or(&[], |word| word.as_ref())
    }

    /// Name and arguments.
    pub fn as_slice(&self) -> &[Bytes] {
        &self.0
    }

    /// How many words, the name included: what Redis calls `argc`.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is not even a name.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The bytes of all words together: what the request limit is compared with.
    pub fn bytes(&self) -> usize {
        self.0.iter().map(Bytes::len).sum()
    }
}

impl FromIterator<Bytes> for Words {
    fn from_iter<I: IntoIterator<Item = Bytes>>(words: I) -> Self {
        Self(words.into_iter().collect())
    }
}

impl<'a> FromIterator<&'a str> for Words {
    fn from_iter<I: IntoIterator<Item = &'a str>>(words: I) -> Self {
        words.into_iter().map(|word| Bytes::copy_from_slice(word.as_bytes())).collect()
    }
}
