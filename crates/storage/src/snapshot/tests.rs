//! The container alone: entries are any bytes.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use latchkey_journal::sim::SimDisk;
use latchkey_journal::{Disk, DiskFile};

use super::write::WRITE_BACK_BYTES;
use super::*;
use crate::error::StorageError;

const PATH: &str = "7.snap";
const HEAD: Head = Head { database: [7; 16], generation: 7, seq: 70, seed: 1, created_ms: 2 };

/// Hashes with entries.
type Entries = Vec<(u64, Vec<u8>)>;

fn entry(hash: u64, length: usize) -> (u64, Vec<u8>) {
    let mut chance = fastrand::Rng::with_seed(hash);
    (
        hash,
        std::iter::repeat_with(|| if hash.is_multiple_of(2) { chance.u8(..) } else { 7 })
            .take(length)
            .collect(),
    )
}

fn written(disk: &SimDisk, entries: &Entries) -> Snapshot {
    let mut writer = Writer::new(disk.create(Path::new(PATH)).unwrap(), &HEAD).unwrap();
    for (hash, entry) in entries {
        writer.push(*hash, |out| out.extend_from_slice(entry)).unwrap();
    }
    let file_bytes = writer.finish(99).unwrap();
    let snapshot = opened(disk).unwrap();
    assert_eq!(snapshot.file_bytes(), file_bytes);
    snapshot
}

fn opened(disk: &SimDisk) -> Result<Snapshot, StorageError> {
    Snapshot::open(disk, Path::new(PATH), HEAD.database, HEAD.generation)
}

/// All that blocks hold, one after the other, with the lowest hash of each.
fn blocks(snapshot: &Snapshot) -> Vec<(u64, Vec<u8>)> {
    let (mut blocks, mut unpacker, mut crc) = (Vec::new(), Unpacker::default(), 0);
    let visited = snapshot.visit(
        |_| true,
        |number, block| {
            crc = block.crc_after(crc);
            assert_eq!(snapshot.hashes_of(number).0, block.first_hash);
            blocks.push((block.first_hash, block.raw(&mut unpacker)?.to_vec()));
            Ok(())
        },
    );
    visited.unwrap();
    snapshot.check_blocks_crc(crc).unwrap();
    blocks
}

/// Goal: the disk never has much of a snapshot to catch up with at once, because the log has to be synced meanwhile.
#[test]
fn a_large_snapshot_is_synced_as_it_is_written() {
    let file = Arc::new(Unsynced::default());
    let mut writer = Writer::new(file.clone(), &HEAD).unwrap();
    let noise = entry(2, 200_000).1;
    for hash in 0..150 {
        writer.push(hash, |out| out.extend_from_slice(&noise)).unwrap();
    }
    assert!(writer.finish(99).unwrap() > 3 * WRITE_BACK_BYTES);
    assert_eq!(file.bytes.load(Relaxed), 0);
    let most = file.bytes_max.load(Relaxed);
    assert!(most < WRITE_BACK_BYTES + (2 << 20), "{most}");
}

/// Counts what was written since the last sync.
#[derive(Debug, Default)]
struct Unsynced {
    bytes: AtomicU64,
    bytes_max: AtomicU64,
}

impl DiskFile for Unsynced {
    fn len(&self) -> io::Result<u64> {
        Err(io::ErrorKind::Unsupported.into())
    }
    fn read_at(&self, _: &mut [u8], _: u64) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }
    fn write_at(&self, bytes: &[u8], _: u64) -> io::Result<()> {
        let unsynced = self.bytes.fetch_add(bytes.len() as u64, Relaxed) + bytes.len() as u64;
        self.bytes_max.fetch_max(unsynced, Relaxed);
        Ok(())
    }
    fn set_len(&self, _: u64) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }
    fn sync(&self) -> io::Result<()> {
        self.bytes.store(0, Relaxed);
        Ok(())
    }
}

#[test]
fn what_is_written_is_read() {
    let disk = SimDisk::new(1);
    for count in [0, 1, 2, 5000] {
        let entries: Entries =
            (0..count).map(|number| entry(number * 3, (number % 700) as usize + 1)).collect();
        let snapshot = written(&disk, &entries);
        assert_eq!((snapshot.entries(), snapshot.value_bytes(), snapshot.head), (count, 99, HEAD));
        let read: Vec<u8> = blocks(&snapshot).into_iter().flat_map(|(_, raw)| raw).collect();
        let expected: Vec<u8> = entries.into_iter().flat_map(|(_, entry)| entry).collect();
        assert_eq!(read, expected);
        assert_eq!(snapshot.blocks(), expected.len().div_ceil(256 << 10), "filled as they can be");
    }
}

#[test]
fn a_large_entry_has_a_block_of_its_own() {
    let disk = SimDisk::new(1);
    let lengths = [10, 300 << 10, 20, 3 << 20, 256 << 10, 30, 40];
    let entries: Entries = lengths.iter().zip(1..).map(|(&length, hash)| entry(hash, length)).collect();
    let snapshot = written(&disk, &entries);
    let read: Vec<usize> = blocks(&snapshot).iter().map(|(_, raw)| raw.len()).collect();
    assert_eq!(read, [10, 300 << 10, 20, 3 << 20, 256 << 10, 70]);
    assert_eq!(snapshot.hashes_of(0), (1, 2));
    assert_eq!(snapshot.hashes_of(5), (6, u64::MAX));
}

#[test]
fn large_blocks_are_taken_over_and_small_ones_are_not() {
    let disk = SimDisk::new(1);
    let entries: Entries = (0..400).map(|number| entry(number, 1000)).collect();
    let snapshot = written(&disk, &entries);
    assert_eq!(snapshot.blocks(), 2);
    let target = SimDisk::new(1);
    let mut writer = Writer::new(target.create(Path::new(PATH)).unwrap(), &HEAD).unwrap();
    let mut taken = Vec::new();
    snapshot
        .visit(
            |_| true,
            |_, block| {
                taken.push(writer.push_block(&block).unwrap());
                Ok(())
            },
        )
        .unwrap();
    writer.push(400, |out| out.push(1)).unwrap();
    writer.finish(0).unwrap();
    assert_eq!(taken, [true, true]);
    let copied = opened(&target).unwrap();
    assert_eq!(copied.entries(), 401);
    assert_eq!(blocks(&copied)[..2], blocks(&snapshot)[..]);
    let small = written(&disk, &vec![entry(1, 1000)]);
    let mut writer = Writer::new(target.create(Path::new(PATH)).unwrap(), &HEAD).unwrap();
    let mut taken = true;
    let visit = |_, block: Block<'_>| {
        taken = writer.push_block(&block).unwrap();
        Ok(())
    };
    small.visit(|_| true, visit).unwrap();
    assert!(!taken);
}

#[test]
fn only_what_is_wanted_is_read() {
    let disk = SimDisk::new(1);
    let entries: Entries = (0..3000).map(|number| entry(number * 2, 1000)).collect();
    let snapshot = written(&disk, &entries);
    let before = disk.operations();
    let mut seen = Vec::new();
    let visit = |number, _: Block<'_>| {
        seen.push(number);
        Ok(())
    };
    snapshot.visit(|number| number == 2 || number == 3 || number == 7, visit).unwrap();
    assert_eq!(seen, [2, 3, 7]);
    assert_eq!(disk.operations() - before, 2, "one read for neighbours, one for the other");
}

#[test]
fn a_snapshot_under_another_name_is_damaged() {
    let disk = SimDisk::new(1);
    written(&disk, &vec![entry(1, 10)]);
    for (database, generation) in [([7; 16], 8), ([8; 16], 7)] {
        let opened = Snapshot::open(&disk, Path::new(PATH), database, generation);
        assert!(matches!(opened, Err(StorageError::Damaged { .. })));
    }
}

/// Goal: a hash leads to the blocks that can have it, also where many entries share one.
#[test]
fn a_hash_leads_to_its_blocks() {
    let hashes = [5, 5, 5, 9, u64::MAX];
    let entries = hashes.map(|hash| (hash, vec![7; 200 << 10]));
    let snapshot = written(&SimDisk::new(1), &entries.to_vec());
    assert_eq!(snapshot.blocks(), hashes.len());
    let expected =
        [(0, 0..0), (4, 0..0), (5, 0..3), (6, 2..3), (9, 3..4), (u64::MAX - 1, 3..4), (u64::MAX, 4..5)];
    for (hash, blocks) in expected {
        assert_eq!(snapshot.find(hash), blocks, "{hash}");
    }
    assert_eq!(written(&SimDisk::new(1), &Entries::new()).find(5), 0..0);
}
