//! The files of a database that count, one after the other: a snapshot and the tails since.

use std::path::Path;

use latchkey_journal::{Disk, FrameRef};

use crate::error::StorageError;
use crate::names::{self, Listing};
use crate::snapshot::Snapshot;
use crate::tail::{Extent, Tail};

/// Files that were open at one moment and belong together.
#[derive(Debug)]
pub(crate) struct Chain {
    pub(crate) snapshot: Option<Snapshot>,
    pub(crate) tails: Vec<Tail>,
}

/// Where a chain ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Position {
    /// The last step.
    pub(crate) seq: u64,
    /// How far the last tail can be read, if there is a tail.
    pub(crate) last: Option<Extent>,
}

impl Chain {
    /// Opens what counts of these files.
    pub(crate) fn open(
        disk: &dyn Disk,
        directory: &Path,
        id: [u8; 16],
        listing: &Listing,
    ) -> Result<Self, StorageError> {
        if let Some(&number) = listing.unplaced.first() {
            let path = names::unplaced(directory, number);
            return Err(StorageError::damaged(
                &path,
                0,
                "steps from the log that do not follow what the other files hold",
            ));
        }
        let snapshot = listing
            .newest_snapshot()
            .map(|generation| Snapshot::open(disk, &names::snapshot(directory, generation), id, generation));
        let mut tails = Vec::new();
        for &generation in listing.live_tails() {
            let path = names::tail(directory, generation);
            match Tail::open(disk, &path, id, generation)? {
                Some(tail) => tails.push(tail),
                None if Some(&generation) == listing.tails.last() => {}
                None => return Err(StorageError::damaged(&path, 0, "it has no head, and is not the last")),
            }
        }
        let chain = Self { snapshot: snapshot.transpose()?, tails };
        chain.check_seed()?;
        Ok(chain)
    }

    /// The seed of the keyspace, if anything is stored.
    pub(crate) fn seed(&self) -> Option<u64> {
        let of_tail = || self.tails.first().map(|tail| tail.head.seed);
        self.snapshot.as_ref().map(|snapshot| snapshot.head.seed).or_else(of_tail)
    }

    /// The last step that is in the snapshot.
    pub(crate) fn base_seq(&self) -> u64 {
        self.snapshot.as_ref().map_or(0, |snapshot| snapshot.head.seq)
    }

    /// The generation of a tail that may follow these files.
    pub(crate) fn next_generation(&self) -> u64 {
        let of_snapshot = self.snapshot.as_ref().map_or(1, |snapshot| snapshot.head.generation);
        self.tails.last().map_or(of_snapshot, |tail| tail.head.generation + 1)
    }

    /// The length of the tails in bytes.
    pub(crate) fn tail_bytes(&self) -> Result<u64, StorageError> {
        use crate::error::OnFile;
        self.tails.iter().map(|tail| tail.file.len().on(&tail.path)).sum()
    }

    /// Visits the steps after the snapshot, in order, and tells where they end. All tails but the last are whole, or
    /// this is an error; what is wrong with the last is for the caller to judge.
    pub(crate) fn visit(
        &self,
        mut visit: impl FnMut(&Tail, u64, &FrameRef<'_>) -> Result<(), StorageError>,
    ) -> Result<Position, StorageError> {
        let base = self.base_seq();
        let mut position = Position { seq: base, last: None };
        for (number, tail) in self.tails.iter().enumerate() {
            let follows =
                if number == 0 { tail.head.after_seq <= base } else { tail.head.after_seq == position.seq };
            if !follows {
                return Err(tail.damaged(0, "steps before it are missing"));
            }
            let extent = tail.visit(
                |offset, frame| {
                    if frame.seq > base { visit(tail, offset, frame) } else { Ok(()) }
                },
            )?;
            if number + 1 < self.tails.len() {
                tail.check_whole(extent)?;
            }
            position = Position { seq: extent.seq.max(base), last: Some(extent) };
        }
        Ok(position)
    }

    fn check_seed(&self) -> Result<(), StorageError> {
        let seed = self.seed();
        match self.tails.iter().find(|tail| Some(tail.head.seed) != seed) {
            Some(tail) => Err(tail.damaged(0, "it is for another seed than the files before it")),
            None => Ok(()),
        }
    }
}

impl Tail {
    /// An error if something is after the last good frame, or before a seal that is missing.
    pub(crate) fn check_whole(&self, extent: Extent) -> Result<(), StorageError> {
        if extent.is_torn() {
            return Err(
                self.damaged(extent.bytes, "here no frame can be read, and the log has none in its place")
            );
        }
        if self.head.is_promised && !extent.is_sealed {
            return Err(self.damaged(extent.bytes, "its end is missing"));
        }
        Ok(())
    }
}
