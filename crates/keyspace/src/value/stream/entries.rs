//! The entries of a stream: blocks, found by id.

mod codec;

use std::collections::BTreeMap;
use std::ops::{Bound, RangeInclusive};

use super::block::{Block, Entry};
use super::{Id, Record};

/// Entries in the order of their ids. Each block is under the id of the first entry that it was made with, and has at
/// least one entry.
#[derive(Clone, Debug, Default)]
pub(super) struct Entries {
    blocks: BTreeMap<Id, Block>,
    len: usize,
    bytes: u64,
}

impl Entries {
    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// What they cost.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// How many blocks they are in.
    pub(super) fn blocks(&self) -> usize {
        self.blocks.len()
    }

    /// The entry of this id. O(log n).
    pub(super) fn get(&self, id: Id) -> Option<Entry<'_>> {
        self.range(id..=id).next()
    }

    /// The entries within these ids, in order. O(log n) to the first, then O(1) each.
    pub(super) fn range(&self, ids: RangeInclusive<Id>) -> impl Iterator<Item = Entry<'_>> {
        let (start, end) = ids.into_inner();
        let from = self.blocks.range(..=start).next_back().map_or(start, |(&first, _)| first);
        let blocks = (from <= end).then(|| self.blocks.range(from..=end)).into_iter().flatten();
        blocks
            .flat_map(|(&first, block)| block.entries(first))
            .skip_while(move |entry| entry.id < start)
            .take_while(move |entry| entry.id <= end)
    }

    /// The entries within these ids, the last one first.
    pub(super) fn range_back(&self, ids: RangeInclusive<Id>) -> impl Iterator<Item = Entry<'_>> {
        let (start, end) = ids.into_inner();
        let blocks = self.blocks.range(..=end).rev();
        blocks
            .flat_map(|(&first, block)| {
                // A block can only be read forwards.
                block.entries(first).collect::<Vec<_>>().into_iter().rev()
            })
            .skip_while(move |entry| entry.id > end)
            .take_while(move |entry| entry.id >= start)
    }

    /// How many entries come after this id, up to `count_max`. O(n) in the number of their blocks.
    pub(super) fn count_after(&self, id: Id, count_max: usize) -> usize {
        let Some(start) = id.next() else { return 0 };
        let cut = self.blocks.range(..start).next_back();
        let mut count =
            cut.map_or(0, |(&first, block)| block.entries(first).filter(|entry| entry.id >= start).count());
        for block in self.blocks.range(start..).map(|(_, block)| block) {
            if count >= count_max {
                break;
            }
            count += block.len();
        }
        count.min(count_max)
    }

    /// The id of the first entry that stays if the first `count` go. With `whole_blocks`, no more go than whole blocks
    /// have. How many go, and the id that is the first to stay.
    pub(super) fn after_first(&self, count: usize, whole_blocks: bool) -> (usize, Id) {
        let mut gone = 0;
        for (&first, block) in &self.blocks {
            if gone + block.len() > count {
                let within = if whole_blocks { 0 } else { count - gone };
                let stays = block.entries(first).nth(within);
                return (gone + within, stays.map_or(first, |entry| entry.id));
            }
            gone += block.len();
        }
        (gone, Id::MAX)
    }

    /// As [`after_first`](Self::after_first), of the blocks whose entries are all before this id.
    pub(super) fn blocks_before(&self, id: Id, count_max: usize) -> (usize, Id) {
        let mut gone = 0;
        for (&first, block) in &self.blocks {
            if block.last() >= id || gone + block.len() > count_max {
                return (gone, first);
            }
            gone += block.len();
        }
        (gone, id)
    }

    /// Adds an entry whose id is greater than that of any other. O(1) but for the way to the last block.
    pub(super) fn append(&mut self, record: &Record) {
        match self.blocks.last_entry() {
            Some(mut last) if last.get().has_room_for(record) => {
                let first = *last.key();
                last.get_mut().push(first, record);
            }
            last => {
                if let Some(mut last) = last {
                    last.get_mut().seal();
                }
                self.begin_block(record);
            }
        }
        self.count_in(record);
    }

    /// Adds entries anywhere. Their ids ascend, and no entry has one of them.
    pub(super) fn insert(&mut self, records: &[Record]) {
        records.iter().for_each(|record| self.count_in(record));
        let mut rest = records;
        while let [record, others @ ..] = rest {
            let next = self.next_block(record.id);
            let before = self.blocks.range_mut(..=record.id).next_back();
            match before {
                Some((&first, block)) if record.id <= block.last() => {
                    let is_inside = |id| id <= block.last() && next.is_none_or(|next| id < next);
                    let inside = rest.partition_point(|record| is_inside(record.id));
                    self.merge(first, &rest[..inside]);
                    rest = &rest[inside..];
                    continue;
                }
                Some((&first, block)) if block.has_room_for(record) => block.push(first, record),
                _ => self.begin_block(record),
            }
            rest = others;
        }
    }

    /// Removes entries. Their ids ascend, and all of them exist.
    pub(super) fn remove(&mut self, ids: &[Id]) {
        let mut rest = ids;
        while let [id, ..] = rest {
            let Some((&first, _)) = self.blocks.range(..=*id).next_back() else { return };
            let next = self.next_block(*id);
            let inside = rest.partition_point(|&id| next.is_none_or(|next| id < next));
            let mut chosen = rest[..inside].iter().peekable();
            self.remove_within(first, |id| {
                while chosen.next_if(|&&other| other < id).is_some() {}
                chosen.next_if_eq(&&id).is_some()
            });
            rest = &rest[inside..];
        }
    }

    /// The block after the one that an entry of this id is in. The last id of a block does not tell where it ends: it may
    /// be that of a removed entry, and have been given again to the first of the next.
    fn next_block(&self, id: Id) -> Option<Id> {
        self.blocks.range((Bound::Excluded(id), Bound::Unbounded)).next().map(|(&first, _)| first)
    }

    /// Removes all entries before this id.
    pub(super) fn remove_before(&mut self, id: Id) {
        while let Some(first) = self.blocks.first_entry().filter(|block| block.get().last() < id) {
            let block = first.remove();
            self.len -= block.len();
            self.bytes -= block.bytes();
        }
        if let Some((&first, _)) = self.blocks.first_key_value().filter(|&(&first, _)| first < id) {
            self.remove_within(first, |other| other < id);
        }
    }

    /// Removes entries of one block, and the block if nothing is left in it.
    fn remove_within(&mut self, first: Id, is_chosen: impl FnMut(Id) -> bool) {
        let Some(block) = self.blocks.get_mut(&first) else { return };
        let before = block.bytes();
        self.len -= block.remove(first, is_chosen);
        self.bytes -= before - block.bytes();
        if block.len() == 0 {
            self.blocks.remove(&first);
        } else if block.is_sparse() {
            self.merge(first, &[]);
        }
    }

    /// Writes a block anew, with further entries whose ids lie between those that it has.
    fn merge(&mut self, first: Id, added: &[Record]) {
        let Some(old) = self.blocks.remove(&first) else { return };
        let kept = old.entries(first).map(|entry| entry.to_record());
        let mut records: Vec<Record> = kept.chain(added.iter().cloned()).collect();
        records.sort_by_key(|record| record.id);
        let mut current = None;
        for record in &records {
            let block = current.and_then(|first| self.blocks.get_mut(&first).map(|block| (first, block)));
            match block {
                Some((first, block)) if block.has_room_for(record) => block.push(first, record),
                _ => {
                    self.begin_block(record);
                    current = Some(record.id);
                }
            }
        }
    }

    fn begin_block(&mut self, record: &Record) {
        let mut block = Block::default();
        block.push(record.id, record);
        self.blocks.insert(record.id, block);
    }

    fn count_in(&mut self, record: &Record) {
        self.len += 1;
        self.bytes += record.bytes();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Str;

    fn record(seq: u64, fields: &[(&str, &str)]) -> Record {
        let fields = fields.iter().map(|&(name, value)| (Str::from(name), Str::from(value)));
        Record { id: Id::new(5, seq), fields: fields.collect() }
    }

    fn some(count: u64) -> Entries {
        let mut entries = Entries::default();
        for seq in 1..=count {
            let value = seq.to_string();
            // Every tenth has other names, and repeats one.
            match seq % 10 {
                0 => entries.append(&record(seq, &[("other", &value), ("other", "twice")])),
                _ => entries.append(&record(seq, &[("name", &value), ("", "")])),
            }
        }
        entries
    }

    #[track_caller]
    fn check(entries: &Entries, seqs: impl Iterator<Item = u64>) {
        let seqs: Vec<u64> = seqs.collect();
        let all = Id::MIN..=Id::MAX;
        let found: Vec<u64> = entries.range(all.clone()).map(|entry| entry.id.seq).collect();
        assert_eq!(found, seqs);
        let mut back: Vec<u64> = entries.range_back(all.clone()).map(|entry| entry.id.seq).collect();
        back.reverse();
        assert_eq!(back, seqs);
        assert_eq!(entries.len(), seqs.len());
        assert_eq!(entries.bytes(), entries.range(all.clone()).map(|entry| entry.bytes()).sum::<u64>());
        assert!(entries.blocks.values().all(|block| block.len() > 0 && !block.is_sparse()));
        for entry in entries.range(all) {
            let (name, value) = entry.fields().next().expect("every entry has fields");
            assert_eq!(value, entry.id.seq.to_string().as_bytes());
            assert_eq!(name == b"other", entry.id.seq % 10 == 0);
        }
    }

    #[test]
    fn entries_are_found_by_id() {
        let entries = some(1000);
        check(&entries, 1..=1000);
        assert_eq!(entries.blocks(), 10);
        for (start, end) in
            [(1, 1000), (0, 0), (100, 101), (350, 250), (555, 555), (1000, 2000), (1001, 2000)]
        {
            let ids = Id::new(5, start)..=Id::new(5, end);
            let expected: Vec<u64> = (start.max(1)..=end.min(1000)).collect();
            let found: Vec<u64> = entries.range(ids.clone()).map(|entry| entry.id.seq).collect();
            assert_eq!(found, expected, "{start} to {end}");
            let found: Vec<u64> = entries.range_back(ids).map(|entry| entry.id.seq).collect();
            assert_eq!(found, expected.into_iter().rev().collect::<Vec<_>>(), "{end} back to {start}");
            let after = 1000 - (start as usize).min(1000);
            assert_eq!(entries.count_after(Id::new(5, start), usize::MAX), after);
            assert_eq!(entries.count_after(Id::new(5, start), 250), after.min(250));
        }
    }

    /// At every place, so also where a block becomes sparse and is written anew.
    #[test]
    fn any_first_entries_can_be_removed_and_put_back() {
        for count in 1..=230 {
            let mut entries = some(230);
            let ids: Vec<Id> = (1..=count).map(|seq| Id::new(5, seq)).collect();
            let records: Vec<Record> =
                ids.iter().map(|&id| entries.get(id).expect("it is there").to_record()).collect();
            entries.remove(&ids);
            check(&entries, count + 1..=230);
            entries.insert(&records);
            check(&entries, 1..=230);
        }
    }

    /// As when a command that added the entry is taken back, and run again.
    #[test]
    fn the_id_of_an_entry_that_was_taken_back_can_be_given_again() {
        let mut entries = some(99);
        let again = record(100, &[("other", "100"), ("other", "twice")]);
        for _ in 0..3 {
            entries.append(&again);
            entries.remove(&[again.id]);
        }
        entries.append(&again);
        check(&entries, 1..=100);
        let ids: Vec<Id> = (40..=100).map(|seq| Id::new(5, seq)).collect();
        let records: Vec<Record> =
            ids.iter().map(|&id| entries.get(id).expect("it is there").to_record()).collect();
        entries.remove(&ids);
        check(&entries, 1..=39);
        entries.insert(&records);
        check(&entries, 1..=100);
    }

    /// As when a transaction that added several is taken back, and the first of them is added again.
    #[test]
    fn ids_before_those_that_were_taken_back_can_be_given() {
        let mut entries = some(50);
        for seq in 51..=56 {
            entries.append(&record(seq, &[("name", &seq.to_string())]));
        }
        for seq in (51..=56).rev() {
            entries.remove(&[Id::new(5, seq)]);
        }
        for seq in 51..=60 {
            entries.append(&record(seq, &[("name", &seq.to_string()), ("", "")]));
        }
        assert_eq!(entries.len(), 60);
        let found: Vec<u64> = entries.range(Id::MIN..=Id::MAX).map(|entry| entry.id.seq).collect();
        assert_eq!(found, (1..=60).collect::<Vec<_>>());
    }

    #[test]
    fn removed_entries_can_be_put_back() {
        for chosen in
            [vec![1], vec![500], (1..=1000).collect(), (90..=310).collect(), (1..=1000).step_by(3).collect()]
        {
            let mut entries = some(1000);
            let ids: Vec<Id> = chosen.iter().map(|&seq| Id::new(5, seq)).collect();
            let records: Vec<Record> =
                ids.iter().map(|&id| entries.get(id).expect("it is there").to_record()).collect();
            entries.remove(&ids);
            check(&entries, (1..=1000).filter(|seq| !chosen.contains(seq)));
            entries.insert(&records);
            check(&entries, 1..=1000);
        }
    }

    #[test]
    fn the_front_is_cut_off() {
        for count in [0, 1, 99, 100, 101, 160, 999, 1000] {
            let mut entries = some(1000);
            let (gone, stays) = entries.after_first(count, false);
            assert_eq!(gone, count);
            let (gone, at_block) = entries.after_first(count, true);
            assert_eq!(gone, count / 100 * 100);
            assert_eq!(entries.blocks_before(stays, usize::MAX), (gone, at_block));
            entries.remove_before(stays);
            check(&entries, count as u64 + 1..=1000);
        }
    }

    /// A large entry has a block of its own, and small ones fill blocks up to four kilobytes.
    #[test]
    fn blocks_are_of_limited_size() {
        let mut entries = Entries::default();
        for seq in 1..=50 {
            entries.append(&record(seq, &[("name", &"x".repeat(1000))]));
        }
        assert_eq!(entries.blocks(), 13);
        entries.append(&record(51, &[("name", &"x".repeat(1_000_000))]));
        entries.append(&record(52, &[("name", "x")]));
        assert_eq!(entries.blocks(), 15);
    }
}
