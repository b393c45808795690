//! What a door gets back.

use std::sync::Arc;

use latchkey_protocol::{Reply, ReplyError, Words};
use latchkey_tenancy::{Exhausted, Principal, Snapshot, Usage};

use crate::Batch;

/// The replies, and what the caller may know of its standing.
#[derive(Debug)]
pub struct Answer {
    /// One reply, several, or a refusal of the whole.
    pub replies: Replies,
    /// Absent where nobody was authenticated.
    pub standing: Option<Standing>,
    /// Of a [`Shape::Stream`](crate::Shape::Stream), the commands that were not run yet; they are not counted.
    pub rest: Batch<Result<Words, ReplyError>>,
}

/// What came of the commands.
#[derive(Debug)]
pub enum Replies {
    /// Of a single command.
    One(Reply),
    /// Of a pipeline or a transaction, in order.
    Many(Batch<Reply>),
    /// Nothing was run.
    Refused(Refusal),
}

/// Why nothing was run.
#[derive(Clone, Debug, PartialEq)]
pub enum Refusal {
    /// The token is missing, unknown, expired or revoked; which of these is not told.
    Unauthenticated(ReplyError),
    /// A daily quota is used up.
    Exhausted(Exhausted),
    /// A transaction was discarded because one of its commands cannot be run, or there is no room for it.
    Discarded(ReplyError),
    /// A key that the session watches was changed, so the transaction was not run.
    Overtaken,
    /// The database is busy, or the server cannot answer now; to be tried again.
    Unavailable(ReplyError),
}

impl Refusal {
    /// What the client is told.
    pub fn error(&self) -> ReplyError {
        match self {
            Self::Unauthenticated(error) | Self::Discarded(error) | Self::Unavailable(error) => error.clone(),
            Self::Overtaken => ReplyError::fixed("EXECABORT a watched key was changed"),
            Self::Exhausted(exhausted) => ReplyError::new(exhausted.to_string()),
        }
    }
}

/// Where an authenticated caller stands after its request.
#[derive(Debug)]
pub struct Standing {
    /// Who it is.
    pub principal: Arc<Principal>,
    /// What is left of its quota; `None` where nothing is limited.
    pub quota: Option<Snapshot>,
    /// The database's position after the request: it goes forward with every change. `None` where the database was not
    /// reached.
    pub position: Option<u64>,
}

impl Standing {
    /// Whether the caller would still be let in: its token may have expired or been revoked since.
    pub fn is_good(&self, now_ms: u64) -> bool {
        self.principal.standing(now_ms).is_ok()
    }

    /// Counts what the door wrote as the caller's usage.
    pub fn count_reply_bytes(&self, bytes: u64) {
        self.principal.usage().add(Usage { bytes_out: bytes, ..Usage::default() });
    }
}

impl Answer {
    /// A refusal of somebody unknown.
    pub(crate) fn unauthenticated() -> Self {
        let error = ReplyError::fixed(latchkey_tenancy::AUTHENTICATION_REFUSED);
        Self {
            replies: Replies::Refused(Refusal::Unauthenticated(error)),
            standing: None,
            rest: Batch::new(),
        }
    }

    /// A refusal of somebody known, before the database was reached.
    pub(crate) fn refused(refusal: Refusal, principal: Arc<Principal>, now_ms: u64) -> Self {
        let quota = principal.allowance().snapshot(now_ms);
        let standing = Standing { principal, quota, position: None };
        Self { replies: Replies::Refused(refusal), standing: Some(standing), rest: Batch::new() }
    }
}
