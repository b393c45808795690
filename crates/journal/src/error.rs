//! What can go wrong with the log.

use std::io;
use std::path::{Path, PathBuf};

/// Why the log cannot be read, or takes nothing more.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JournalError {
    /// A file is not as it was written, and what it held was acknowledged. Nothing is skipped: an operator decides.
    #[error("{file}: damaged at byte {offset}: {what}", file = file.display())]
    Damaged {
        /// Below the root of the disk.
        file: PathBuf,
        /// Where the first byte is that cannot be understood.
        offset: u64,
        /// What is wrong there.
        what: String,
    },
    /// The disk refused. After this error nothing more is acknowledged.
    #[error("{file}: cannot {doing}: {reason}", file = file.display())]
    Io {
        /// Below the root of the disk.
        file: PathBuf,
        /// What was tried, as in "cannot …".
        doing: &'static str,
        /// Of which kind the refusal was.
        kind: io::ErrorKind,
        /// The system's words.
        reason: String,
    },
    /// The log was closed before it took the record.
    #[error("the log is closed")]
    Closed,
    /// A thread of the log panicked: a mistake of ours. Nothing more is acknowledged.
    #[error("a thread of the log panicked")]
    Panicked,
}

impl JournalError {
    /// For `map_err`: names the file and the action.
    pub(crate) fn io(doing: &'static str, file: &Path) -> impl FnOnce(io::Error) -> Self {
        move |error| Self::Io { file: file.to_owned(), doing, kind: error.kind(), reason: error.to_string() }
    }

    pub(crate) fn damaged(file: &Path, offset: u64, what: impl Into<String>) -> Self {
        Self::Damaged { file: file.to_owned(), offset, what: what.into() }
    }

    /// Whether there was no room. The one refusal that is waited out.
    pub(crate) fn is_full(&self) -> bool {
        matches!(self, Self::Io { kind: io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded, .. })
    }
}
