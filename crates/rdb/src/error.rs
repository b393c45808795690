//! Why something cannot be read.

/// Why a payload or a file cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It is of a version that is not read, or its checksum is wrong.
    #[error("version or checksum are wrong")]
    Untrusted,
    /// It is not what Redis writes.
    #[error("{what} at byte {offset}")]
    Malformed {
        /// What is wrong with it.
        what: &'static str,
        /// How many bytes had been read.
        offset: u64,
    },
    /// Something else stands where function libraries were expected.
    #[error("given type is not a function")]
    NotALibrary,
    /// A value is longer than the caller allows.
    #[error("a value is too long")]
    TooLong,
    /// What it is read from failed.
    #[error("reading failed")]
    Io(#[source] std::io::Error),
}

/// What reading gives.
pub(crate) type Result<T, E = Error> = std::result::Result<T, E>;

/// What is wrong with something that is in memory already.
pub(crate) type Flaw = &'static str;
