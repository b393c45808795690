//! Members and scores as replies.

use latchkey_keyspace::Str;
use latchkey_protocol::Reply;

/// A member as a bulk string.
pub(super) fn member(member: &Str) -> Reply {
    Reply::Bulk(member.to_bytes())
}

/// Members, with their scores if they are wanted.
pub(super) fn members<'a>(items: impl Iterator<Item = (&'a Str, f64)>, with_scores: bool) -> Reply {
    if with_scores {
        Reply::Pairs(items.map(|(name, score)| (member(name), Reply::Double(score))).collect())
    } else {
        Reply::Array(items.map(|(name, _)| member(name)).collect())
    }
}
