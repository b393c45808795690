//! What can go wrong with the files of a database.

use std::io;
use std::path::{Path, PathBuf};

use latchkey_journal::JournalError;

/// Why storage could not do what it was asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StorageError {
    /// A file does not hold what was written to it. The database that it belongs to is not served until somebody has
    /// looked at it; the others are.
    #[error("{file}: damaged at byte {offset}: {what}", file = file.display())]
    Damaged {
        /// The file, below the root of the disk.
        file: PathBuf,
        /// Where in the file, in bytes.
        offset: u64,
        /// What is wrong there.
        what: String,
    },
    /// The disk refused.
    #[error("{file}: {reason}", file = file.display())]
    Io {
        /// The file or directory, below the root of the disk.
        file: PathBuf,
        /// Of which kind the refusal was.
        kind: io::ErrorKind,
        /// The system's words.
        reason: String,
    },
    /// The log refused, or cannot be read.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// There is no memory to read the database into: it comes to so many stored bytes, or more.
    #[error("there is no memory for the {bytes} bytes of the database")]
    NoMemory {
        /// By the formula for stored bytes.
        bytes: u64,
    },
    /// The database is in memory already, or has to leave it first.
    #[error("the database is awake")]
    Awake,
    /// A database of this name is there already.
    #[error("the database exists")]
    Exists,
    /// The files changed again and again while they were read.
    #[error("the database's files changed while they were read")]
    Changing,
}

impl StorageError {
    /// Whether there was no room on the disk: worth another try when there is.
    pub fn is_full(&self) -> bool {
        matches!(self, Self::Io { kind: io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded, .. })
    }

    /// Whether a file does not hold what was written to it.
    pub fn is_damage(&self) -> bool {
        matches!(self, Self::Damaged { .. } | Self::Journal(JournalError::Damaged { .. }))
    }

    /// Whether a file or directory was not there.
    pub(crate) fn is_missing(&self) -> bool {
        let (Self::Io { kind, .. } | Self::Journal(JournalError::Io { kind, .. })) = self else {
            return false;
        };
        *kind == io::ErrorKind::NotFound
    }

    /// A file does not hold what was written.
    pub(crate) fn damaged(file: &Path, offset: u64, what: impl Into<String>) -> Self {
        Self::Damaged { file: file.to_owned(), offset, what: what.into() }
    }
}

/// Says which file an I/O error is about.
pub(crate) trait OnFile<T> {
    /// Adds the name of the file.
    fn on(self, file: &Path) -> Result<T, StorageError>;
    /// The same for a sync. That there was no room is then no reason to try again: what was not written may be
    /// forgotten by now, and the next sync would say that all is well.
    fn on_sync(self, file: &Path) -> Result<T, StorageError>;
}

impl<T> OnFile<T> for io::Result<T> {
    fn on(self, file: &Path) -> Result<T, StorageError> {
        self.map_err(|error| StorageError::Io {
            file: file.to_owned(),
            kind: error.kind(),
            reason: error.to_string(),
        })
    }

    fn on_sync(self, file: &Path) -> Result<T, StorageError> {
        let reason = |error: io::Error| format!("a sync failed: {error}");
        self.map_err(|error| io::Error::other(reason(error))).on(file)
    }
}
