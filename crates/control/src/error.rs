//! What can go wrong with the control data, as its operator reads it.

use std::path::{Path, PathBuf};

/// Why a call failed. Never contains a token or a key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ControlError {
    /// The operating system refused.
    #[error("{path}: {reason}", path = path.display())]
    File {
        /// The file or directory.
        path: PathBuf,
        /// The system's words.
        reason: String,
    },
    /// A second server on the same data directory.
    #[error("{path} is locked: another server uses this data directory", path = path.display())]
    Locked {
        /// The lock file.
        path: PathBuf,
    },
    /// Not ours; nothing was written to it.
    #[error("{path} is not a Latchkey control database; it was left as it is", path = path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// Damaged; nothing was written to it.
    #[error("{path} is damaged ({reason}); it was left as it is: restore it from a backup", path = path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What the check found first.
        reason: String,
    },
    /// Written by a later version.
    #[error("{path} has format {found}, this program knows up to {known}: use a newer one", path = path.display())]
    TooNew {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: i64,
        /// Our format.
        known: i64,
    },
    /// Another database has this name.
    #[error("there is a database named '{0}' already")]
    NameTaken(String),
    /// Another token, of whatever database, has this text.
    #[error("there is a token with this text already")]
    TokenTaken,
    /// No such database, or it was deleted.
    #[error("there is no such database")]
    NoSuchDatabase,
    /// No such token.
    #[error("there is no such token")]
    NoSuchToken,
    /// A user is not changed so; the text is for who asked.
    #[error("{0}")]
    RefusedUser(String),
    /// No such key, or the only one.
    #[error("there is no such signing key, or it is the only one")]
    NoSuchKey,
    /// The queue is full: the disk does not keep up.
    #[error("too many control operations are waiting for the disk")]
    Busy,
    /// The store was closed.
    #[error("the control store is closed")]
    Closed,
    /// SQLite's words.
    #[error("control database: {0}")]
    Sqlite(String),
}

impl ControlError {
    pub(crate) fn file(path: &Path, error: &std::io::Error) -> Self {
        Self::File { path: path.to_owned(), reason: error.to_string() }
    }
}

impl From<rusqlite::Error> for ControlError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error.to_string())
    }
}
