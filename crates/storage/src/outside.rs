//! Reading a database without being its server, which may be running meanwhile.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use latchkey_journal::{Disk, Frame, scan};
use latchkey_keyspace::Keyspace;

use crate::chain::{Chain, Position};
use crate::error::StorageError;
use crate::names::{self, Listing, Tombstone};
use crate::wake::{load_snapshot, replay, replay_frame};

/// So often files may change under a reader before it gives up.
pub(crate) const TRIES_MAX: usize = 8;

/// What the log holds, of one database or of all. It is to be read before any tail: what leaves the log meanwhile is
/// found there then.
#[derive(Debug, Default)]
pub(crate) struct Logged {
    pub(crate) frames: u64,
    pub(crate) of: BTreeMap<[u8; 16], Vec<Frame>>,
    /// Databases that are being removed.
    pub(crate) going: Vec<[u8; 16]>,
}

impl Logged {
    /// Reads the log in this directory. With `only`, frames of other databases are passed over.
    pub(crate) fn read(disk: &dyn Disk, log: &Path, only: Option<[u8; 16]>) -> Result<Self, StorageError> {
        let mut logged = Self::default();
        let mut deleted = BTreeMap::new();
        for tombstone in Tombstone::read_all(disk)? {
            let lsn: &mut u64 = deleted.entry(tombstone.database).or_default();
            *lsn = tombstone.lsn.max(*lsn);
            logged.going.extend((!tombstone.is_gone).then_some(tombstone.database));
        }
        scan(disk, log)?.each(|frame| {
            logged.frames += 1;
            let is_wanted = only.is_none_or(|only| frame.database == only);
            if is_wanted && deleted.get(&frame.database).is_none_or(|&last| frame.lsn.0 > last) {
                logged.of.entry(frame.database).or_default().push(frame.to_frame());
            }
            Ok::<_, StorageError>(())
        })?;
        Ok(logged)
    }
}

/// A database as it was at one moment.
#[derive(Debug)]
pub(crate) struct Copy {
    pub(crate) keyspace: Keyspace,
    pub(crate) seq: u64,
    /// The length of the files that it was read from.
    pub(crate) file_bytes: u64,
    pub(crate) files: u64,
}

impl Copy {
    /// Reads a database whose frames of the log are these. `None` if nothing is stored.
    pub(crate) fn read(
        disk: &dyn Disk,
        id: [u8; 16],
        logged: &[Frame],
    ) -> Result<Option<Self>, StorageError> {
        let directory = names::directory(id);
        let listing = Listing::read(disk, &directory)?;
        let chain = Chain::open(disk, &directory, id, &listing)?;
        let Some(seed) = chain.seed().or_else(|| seed_in(logged)) else { return Ok(None) };
        let mut keyspace = Keyspace::new(seed);
        chain.snapshot.as_ref().map_or(Ok(()), |snapshot| load_snapshot(snapshot, &mut keyspace))?;
        let last_seq = last_sure_step(&chain, logged)?;
        let mut seq = chain.base_seq();
        chain.visit(|tail, offset, frame| {
            if frame.seq <= last_seq {
                seq = frame.seq;
                replay(&mut keyspace, tail, offset, frame)?;
            }
            Ok(())
        })?;
        for frame in logged.iter().map(Frame::as_frame_ref) {
            if frame.seq > seq + 1 {
                let what = format!("the log goes on with step {} after step {seq}", frame.seq);
                return Err(StorageError::damaged(&directory, 0, what));
            }
            if frame.seq == seq + 1 {
                replay_frame(&mut keyspace, &frame)
                    .map_err(|what| StorageError::damaged(&directory, 0, format!("in the log: {what}")))?;
                seq = frame.seq;
            }
        }
        let of_snapshot = chain.snapshot.as_ref().map_or(0, crate::snapshot::Snapshot::file_bytes);
        let file_bytes = chain.tail_bytes()? + of_snapshot;
        let files = (chain.tails.len() + usize::from(chain.snapshot.is_some())) as u64;
        Ok(Some(Self { keyspace, seq, file_bytes, files }))
    }
}

/// The last step of the tails that is not a matter of chance. A server that runs may be writing to the last tail: then
/// the log, which was read before, tells how far it had come. An error if the tail's end is lost.
fn last_sure_step(chain: &Chain, logged: &[Frame]) -> Result<u64, StorageError> {
    let Position { last, .. } = chain.visit(|_, _, _| Ok(()))?;
    let Some((tail, extent)) = chain.tails.last().zip(last) else { return Ok(u64::MAX) };
    match (tail.check_whole(extent), logged.last()) {
        (Err(_), Some(frame)) if tail.head.is_promised && frame.seq >= tail.head.after_seq => Ok(frame.seq),
        (Err(error), _) if tail.head.is_promised => Err(error),
        _ => Ok(u64::MAX),
    }
}

fn seed_in(logged: &[Frame]) -> Option<u64> {
    logged.first().and_then(|frame| crate::tail::seed_in(&frame.as_frame_ref()))
}

/// Between two tries.
const PAUSE: Duration = Duration::from_millis(5);

/// Tries again while files change under the reader: a server that runs removes those that it has replaced.
pub(crate) fn retrying<T>(mut read: impl FnMut() -> Result<T, StorageError>) -> Result<T, StorageError> {
    for _ in 1..TRIES_MAX {
        match read() {
            // A log that was recycled under the reader looks damaged as well.
            Err(error) if error.is_missing() || error.is_damage() => std::thread::sleep(PAUSE),
            done => return done,
        }
    }
    read()
}
