//! Ids and entries as replies.

use latchkey_keyspace::value::stream::{Entry, Id};
use latchkey_protocol::Reply;

/// `ms-seq`
pub(super) fn id(id: Id) -> Reply {
    Reply::Bulk(id.to_string().into())
}

/// Ids, in order.
pub(super) fn ids(ids: impl IntoIterator<Item = Id>) -> Reply {
    Reply::Array(ids.into_iter().map(id).collect())
}

/// The id, and names and values alternating. The fields are an array in every dialect: a name may come twice.
pub(super) fn entry(entry: Entry<'_>) -> Reply {
    let fields = entry.fields().flat_map(|(name, value)| [Reply::bulk(name), Reply::bulk(value)]);
    Reply::Array(vec![id(entry.id), Reply::Array(fields.collect())])
}

/// Entries, in order.
pub(super) fn entries<'a>(entries: impl Iterator<Item = Entry<'a>>) -> Reply {
    Reply::Array(entries.map(entry).collect())
}

/// The id of an entry that is pending but was removed.
pub(super) fn removed(removed: Id) -> Reply {
    Reply::Array(vec![id(removed), Reply::NullArray])
}
