//! The entries of a stream into bytes and back.

use super::{Block, Entries};
use crate::codec::{CodecError, Reader, write};
use crate::value::stream::Id;
use crate::value::stream::codec::{ID_BYTES_MIN, decode_id, encode_id};

impl Entries {
    pub(in crate::value::stream) fn encode(&self, out: &mut Vec<u8>) {
        write::count(out, self.blocks.len());
        for (&first, block) in &self.blocks {
            encode_id(out, first);
            block.encode(out);
        }
    }

    pub(in crate::value::stream) fn decode(reader: &mut Reader<'_>) -> Result<Self, CodecError> {
        let mut entries = Self::default();
        let mut last = None;
        for _ in 0..reader.count(ID_BYTES_MIN + 1)? {
            let first = decode_id(reader)?;
            reader.ensure(last.is_none_or(|last| last < first), "ids that do not ascend")?;
            let block = Block::decode(first, reader)?;
            // The first entry may be removed; the next block has to begin after it all the same.
            last = block.last_live(first).max(Some(first));
            entries.len += block.len();
            entries.bytes += block.bytes();
            entries.blocks.insert(first, block);
        }
        Ok(entries)
    }

    /// The id of the last entry.
    pub(in crate::value::stream) fn last(&self) -> Option<Id> {
        self.range_back(Id::MIN..=Id::MAX).next().map(|entry| entry.id)
    }
}
