//! Blocks into bytes and back: as they are, but looked through before they are believed.

use super::{Block, DEAD, ENTRIES_MAX, SHARES_NAMES};
use crate::codec::{CodecError, Reader, write};
use crate::cost;
use crate::value::stream::Id;

impl Block {
    pub(in crate::value::stream) fn encode(&self, out: &mut Vec<u8>) {
        write::item(out, &self.data);
    }

    /// Reads the block whose first entry has this id. The ids of its entries ascend.
    pub(in crate::value::stream) fn decode(first: Id, reader: &mut Reader<'_>) -> Result<Self, CodecError> {
        let mut rest = reader.framed()?;
        let block = Self { data: rest.rest().to_vec(), last: first, ..Self::default() };
        let (names, name_bytes) = skip_items(&mut rest, 1)?;
        Check { block, first, last_live: None, names, name_bytes }.run(rest)
    }

    /// The id of the last entry that is not removed.
    pub(in crate::value::stream) fn last_live(&self, first: Id) -> Option<Id> {
        self.entries(first).last().map(|entry| entry.id)
    }
}

/// A block on the way of being looked through.
struct Check {
    block: Block,
    first: Id,
    last_live: Option<Id>,
    /// How many names there are in front, and how long they are together.
    names: usize,
    name_bytes: usize,
}

impl Check {
    fn run(mut self, mut rest: Reader<'_>) -> Result<Block, CodecError> {
        while !rest.is_empty() {
            self.entry(&mut rest)?;
        }
        rest.ensure(self.block.live > 0, "block without entries")?;
        Ok(self.block)
    }

    fn entry(&mut self, rest: &mut Reader<'_>) -> Result<(), CodecError> {
        rest.ensure(self.block.live + self.block.dead < ENTRIES_MAX, "too many entries in a block")?;
        let flags = rest.byte()?;
        rest.ensure(flags & !(DEAD | SHARES_NAMES) == 0, "unknown kind of entry")?;
        self.id(rest)?;
        let bytes = self.fields(rest, flags & SHARES_NAMES != 0)?;
        if flags & DEAD != 0 {
            self.block.dead += 1;
            return Ok(());
        }
        let id = self.block.last;
        rest.ensure(self.last_live.is_none_or(|last| last < id), "ids that do not ascend")?;
        self.last_live = Some(id);
        self.block.live += 1;
        self.block.bytes += bytes;
        Ok(())
    }

    fn id(&mut self, rest: &mut Reader<'_>) -> Result<(), CodecError> {
        let (ms, seq) = (rest.number()?, rest.number()?);
        let before = self.block.last;
        let id = match ms {
            0 => before.seq.checked_add(seq).map(|seq| Id { seq, ..before }),
            ms => before.ms.checked_add(ms).map(|ms| Id { ms, seq }),
        };
        self.block.last = id.ok_or_else(|| rest.error("id beyond the last one"))?;
        let is_first = self.block.live + self.block.dead == 0;
        rest.ensure(!is_first || self.block.last == self.first, "block under the wrong id")
    }

    /// Passes over the fields. What the entry costs.
    fn fields(&self, rest: &mut Reader<'_>, shares: bool) -> Result<u64, CodecError> {
        let (fields, bytes) = match shares {
            true => {
                let values = (0..self.names).try_fold(0, |sum, _| Ok(sum + rest.item()?.len()))?;
                (self.names, self.name_bytes + values)
            }
            false => skip_items(rest, 2)?,
        };
        Ok(cost::STREAM_ENTRY + fields as u64 * cost::STREAM_FIELD + bytes as u64)
    }
}

/// Passes over a number of things, each of so many items. How many things, and the length of the items together.
fn skip_items(rest: &mut Reader<'_>, items: usize) -> Result<(usize, usize), CodecError> {
    let count = rest.count(items)?;
    let bytes = (0..count * items).try_fold(0, |sum, _| Ok(sum + rest.item()?.len()))?;
    Ok((count, bytes))
}
