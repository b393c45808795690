//! What happens to the references of groups to entries that are removed, and lists of entries to remove.

use bytes::Bytes;
use latchkey_keyspace::Open;
use latchkey_keyspace::value::Stream;
use latchkey_keyspace::value::stream::Id;
use latchkey_protocol::ReplyError;

use super::id;
use crate::counts::count;
use crate::{Args, Result};

const NO_IDS: ReplyError = ReplyError::fixed("ERR Number of IDs must be a positive integer");
const TOO_FEW_IDS: ReplyError =
    ReplyError::fixed("ERR The `numids` parameter must match the number of arguments");

/// What is done about groups in which an entry is pending that is to be removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum References {
    /// It is removed, and stays pending: `KEEPREF`.
    #[default]
    Keep,
    /// It is removed, and is pending nowhere any more: `DELREF`.
    Drop,
    /// It is not removed until every group has got and acknowledged it: `ACKED`.
    Respect,
}

impl References {
    /// Takes one of the three options into `chosen`; whether there was one. Two of them are a syntax error.
    pub(super) fn option(args: &mut Args<'_>, chosen: &mut Option<Self>) -> Result<bool> {
        let names = [("KEEPREF", Self::Keep), ("DELREF", Self::Drop), ("ACKED", Self::Respect)];
        let Some((_, found)) = names.into_iter().find(|(name, _)| args.option(name)) else {
            return Ok(false);
        };
        match chosen.replace(found) {
            None => Ok(true),
            Some(_) => Err(ReplyError::SYNTAX.into()),
        }
    }
}

/// The arguments of XDELEX and XACKDEL: `[KEEPREF | DELREF | ACKED] IDS numids id [id …]`.
pub(super) struct Chosen<'a> {
    pub(super) references: References,
    /// Not yet read: that the key and the group are there is asked first.
    words: &'a [Bytes],
}

impl<'a> Chosen<'a> {
    pub(super) fn parse(args: &mut Args<'a>) -> Result<Self> {
        let (mut references, mut words) = (None, None);
        while !args.is_empty() {
            if References::option(args, &mut references)? {
                continue;
            }
            if words.is_some() || args.len() < 2 || !args.option("IDS") {
                return Err(ReplyError::SYNTAX.into());
            }
            let numids = count(args, 1, NO_IDS)?;
            words = Some(args.take(numids).map_err(|_| TOO_FEW_IDS)?);
        }
        let words = words.ok_or(ReplyError::SYNTAX)?;
        Ok(Self { references: references.unwrap_or_default(), words })
    }

    pub(super) fn ids(&self) -> Result<Vec<Id>> {
        id::list(self.words)
    }

    /// How many ids there are.
    pub(super) fn len(&self) -> usize {
        self.words.len()
    }
}

/// Whether a group has still to be delivered the entry, or to acknowledge it.
pub(super) fn is_referenced(stream: &Stream, delivered_to_all: Option<Id>, id: Id) -> bool {
    delivered_to_all.is_some_and(|delivered| id > delivered) || stream.holders(id).next().is_some()
}

/// The entry is pending in no group any more.
pub(super) fn release_everywhere(stream: &mut Open<'_, Stream>, id: Id) {
    let groups: Vec<Vec<u8>> = stream.holders(id).map(<[u8]>::to_vec).collect();
    groups.iter().for_each(|group| stream.release(group, &[id]));
}
