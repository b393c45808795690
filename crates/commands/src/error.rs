//! Why a command could not be done.

use latchkey_keyspace::WrongType;
use latchkey_protocol::{Reply, ReplyError};

/// A handler's refusal: an error reply on its way out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error(pub ReplyError);

/// What a handler returns.
pub type Result<T = Reply> = std::result::Result<T, Error>;

impl From<ReplyError> for Error {
    fn from(error: ReplyError) -> Self {
        Self(error)
    }
}

impl From<WrongType> for Error {
    fn from(WrongType: WrongType) -> Self {
        Self(ReplyError::WRONG_TYPE)
    }
}

impl From<Error> for Reply {
    fn from(Error(error): Error) -> Self {
        Self::Error(error)
    }
}
