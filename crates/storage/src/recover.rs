//! Recovery: what the log holds goes into the tails that lack it.
//!
//! Done at each start, before anything else. Frames are handed out in order, one after the other; those of a database
//! are gathered and written now and then, so memory is bounded however long the log is. Doing it twice is doing it
//! once: a tail takes only steps that it lacks.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use latchkey_journal::{Disk, FrameRef, Lsn, scan};

use crate::chain::Chain;
use crate::database::OpenTail;
use crate::error::{OnFile, StorageError};
use crate::names::{self, DATABASES, DELETED, Listing, Tombstone};
use crate::settings::Settings;
use crate::storage::remove_directory;
use crate::tail::{Extent, Head, Tail, seed_in};
use crate::write::make_directory;

/// So much is gathered of all databases before it is written.
const GATHERED_BYTES_MAX: usize = 16 << 20;

/// What recovery found and did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recovered {
    /// Frames that the log held.
    pub frames: u64,
    /// Databases that they were of.
    pub databases: usize,
    /// Steps that tails lacked.
    pub steps: u64,
    /// Bytes at the end of the log that an interrupted write had left, never acknowledged.
    pub log_cut_bytes: u64,
    /// Bytes at the ends of tails that interrupted writes had left. The log had what belongs there.
    pub tail_cut_bytes: u64,
    /// Databases that cannot be served, and why. Their files are as they were; what the log had of them is beside, in
    /// a file of its own.
    pub damaged: Vec<([u8; 16], StorageError)>,
    /// Databases whose tails are long enough to be compacted.
    pub(crate) long_tails: Vec<[u8; 16]>,
}

/// Returns the report and the number of the next frame.
pub(crate) fn recover(disk: &dyn Disk, settings: &Settings) -> Result<(Recovered, Lsn), StorageError> {
    for directory in [DATABASES, DELETED].map(Path::new) {
        disk.create_dir(directory).on(directory)?;
    }
    disk.sync_dir(Path::new("")).on(Path::new(""))?;
    // A mark that a process left which was killed may not be synced; nothing may be removed for it before it is.
    disk.sync_dir(Path::new(DELETED)).on(Path::new(DELETED))?;
    let tombstones = Tombstone::read_all(disk)?;
    for tombstone in tombstones.iter().filter(|tombstone| !tombstone.is_gone) {
        remove_directory(disk, &names::directory(tombstone.database))?;
    }
    let scanned = scan(disk, &settings.journal.directory)?;
    scanned.secure()?;
    let mut recovery = Recovery::new(disk, settings, &tombstones);
    scanned.each(|frame| recovery.take(&frame))?;
    let mut recovered = recovery.finish()?;
    recovered.log_cut_bytes = scanned.cut().map_or(0, |cut| cut.bytes);
    // A mark may name frames that the log never had for good. Their numbers are given again: by then the mark is gone.
    Ok((recovered, scanned.next_lsn()))
}

struct Recovery<'a> {
    disk: &'a dyn Disk,
    settings: &'a Settings,
    chance: fastrand::Rng,
    /// The last frame of each deleted database.
    deleted: BTreeMap<[u8; 16], u64>,
    databases: BTreeMap<[u8; 16], Recovering>,
    gathered_bytes: usize,
    report: Recovered,
}

/// A database with frames in the log.
struct Recovering {
    directory: PathBuf,
    /// The seed of its keyspace, if anything is stored.
    seed: Option<u64>,
    /// The generation of a tail that may follow its files.
    next_generation: u64,
    /// Where its frames go. There is no place until it lacks some.
    place: Option<Place>,
    /// Why it is not to be served, if that is so: then frames go to a file of their own.
    damage: Option<StorageError>,
    /// What was gathered and not yet written.
    gathered: Vec<u8>,
    /// The last step that was gathered or is in the part of the tail that is kept.
    seq: u64,
    /// The last step that was there already.
    stored_seq: u64,
    /// What an interrupted write had left at the end of the tail.
    torn_bytes: u64,
}

/// A file that takes frames. Not an open one: there may be thousands.
struct Place {
    path: PathBuf,
    head: Head,
    /// How far it goes that the log does not have, or nothing if it has yet to be made.
    extent: Option<Extent>,
    /// Whether the log has what follows: then the rest of the file is written anew.
    is_covered: bool,
}

/// What came of one database.
#[derive(Default)]
struct Done {
    cut_bytes: u64,
    tail_bytes: u64,
}

impl<'a> Recovery<'a> {
    fn new(disk: &'a dyn Disk, settings: &'a Settings, tombstones: &[Tombstone]) -> Self {
        let mut deleted = BTreeMap::new();
        for tombstone in tombstones {
            let lsn: &mut u64 = deleted.entry(tombstone.database).or_default();
            *lsn = tombstone.lsn.max(*lsn);
        }
        Self {
            disk,
            settings,
            // Apart from the salts that are drawn while the node runs.
            chance: fastrand::Rng::with_seed(!settings.seed),
            deleted,
            databases: BTreeMap::new(),
            gathered_bytes: 0,
            report: Recovered::default(),
        }
    }

    fn take(&mut self, frame: &FrameRef<'_>) -> Result<(), StorageError> {
        self.report.frames += 1;
        if self.deleted.get(&frame.database).is_some_and(|&last| frame.lsn.0 <= last) {
            return Ok(());
        }
        let mut database = match self.databases.remove(&frame.database) {
            Some(database) => database,
            None => Recovering::open(self.disk, frame)?,
        };
        let before = database.gathered.len();
        self.report.steps += u64::from(database.take(self.disk, frame, &mut self.chance)?);
        self.gathered_bytes = (self.gathered_bytes + database.gathered.len()).saturating_sub(before);
        if database.gathered.len() >= self.settings.chunk_bytes {
            self.gathered_bytes -= database.gathered.len();
            database.write(self.disk)?;
        }
        self.databases.insert(frame.database, database);
        if self.gathered_bytes > GATHERED_BYTES_MAX {
            self.databases.values_mut().try_for_each(|database| database.write(self.disk))?;
            self.gathered_bytes = 0;
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Recovered, StorageError> {
        self.report.databases = self.databases.len();
        for (id, database) in self.databases {
            self.report.damaged.extend(database.damage.clone().map(|error| (id, error)));
            let done = database.finish(self.disk)?;
            self.report.tail_cut_bytes += done.cut_bytes;
            if done.tail_bytes > self.settings.compaction_bytes_min {
                self.report.long_tails.push(id);
            }
        }
        Ok(self.report)
    }
}

impl Recovering {
    /// What is stored of a database before the first frame that the log has of it.
    fn open(disk: &dyn Disk, first: &FrameRef<'_>) -> Result<Self, StorageError> {
        let directory = names::directory(first.database);
        let mut database = Self {
            directory,
            seed: None,
            next_generation: 1,
            place: None,
            damage: None,
            gathered: Vec::new(),
            seq: 0,
            stored_seq: 0,
            torn_bytes: 0,
        };
        match database.find(disk, first) {
            Err(error) if error.is_damage() => database.damage = Some(error),
            found => found?,
        }
        Ok(database)
    }

    fn find(&mut self, disk: &dyn Disk, first: &FrameRef<'_>) -> Result<(), StorageError> {
        let listing = Listing::read(disk, &self.directory)?;
        let chain = Chain::open(disk, &self.directory, first.database, &listing)?;
        self.seed = chain.seed();
        self.next_generation = chain.next_generation();
        self.seq = chain.base_seq();
        if let Some(tail) = chain.tails.last() {
            let mut first_at = None;
            let mut extent = tail.visit(|offset, frame| {
                first_at = first_at.or((frame.seq >= first.seq).then_some((offset, frame.seq)));
                Ok(())
            })?;
            self.stored_seq = extent.seq;
            self.torn_bytes = extent.file_bytes - extent.bytes;
            // What the log has is taken from there. That it can be read here proves nothing: after a sync that failed,
            // it may be in the cache of the system and nowhere else, and no further sync would write it.
            if let Some((bytes, seq)) = first_at.filter(|_| tail.head.is_promised) {
                extent = Extent { bytes, seq: seq - 1, is_sealed: false, ..extent };
            }
            self.seq = self.seq.max(extent.seq);
            let (path, head) = (tail.path.clone(), tail.head);
            self.place = Some(Place { path, head, extent: Some(extent), is_covered: false });
        }
        Ok(())
    }

    /// Takes a frame, if it is lacking. Whether it was.
    fn take(
        &mut self,
        disk: &dyn Disk,
        frame: &FrameRef<'_>,
        chance: &mut fastrand::Rng,
    ) -> Result<bool, StorageError> {
        if self.damage.is_none() {
            if frame.seq <= self.seq {
                self.note_covered(frame.seq);
                return Ok(false);
            }
            self.check_follows(frame);
        }
        if self.damage.is_some() && !self.place.as_ref().is_some_and(Place::is_unplaced) {
            self.write(disk)?;
            self.place = Some(Place::unplaced(&self.directory, frame, chance.u64(..)));
        }
        if !self.place.as_ref().is_some_and(|place| place.head.is_promised) {
            self.place = Some(self.new_tail(frame, chance.u64(..)));
        }
        let place = self.place.as_mut().expect("one was just put there");
        place.is_covered = true;
        self.seq = frame.seq;
        frame.encode(place.head.salt, &mut self.gathered);
        Ok(frame.seq > self.stored_seq)
    }

    /// Notes that the log has the last step of the tail.
    fn note_covered(&mut self, seq: u64) {
        if let Some(place) = &mut self.place {
            place.is_covered |= place.extent.is_some_and(|extent| extent.seq <= seq);
        }
    }

    /// Finds damage if a frame is not the next one.
    fn check_follows(&mut self, frame: &FrameRef<'_>) {
        let seed = self.seed.or_else(|| seed_in(frame));
        if frame.seq == self.seq + 1 && seed.is_some() {
            self.seed = seed;
        } else {
            let what = format!("the log goes on with step {} after step {}", frame.seq, self.seq);
            let file = self.place.as_ref().map_or(&self.directory, |place| &place.path);
            let offset = self.place.as_ref().and_then(|place| place.extent).map_or(0, |extent| extent.bytes);
            self.damage = Some(StorageError::damaged(file, offset, what));
        }
    }

    fn new_tail(&self, frame: &FrameRef<'_>, salt: u64) -> Place {
        let head = Head {
            database: frame.database,
            generation: self.next_generation,
            after_seq: self.seq,
            seed: self.seed.expect("what follows nothing is damage"),
            salt,
            is_promised: true,
        };
        let path = names::tail(&self.directory, head.generation);
        Place { path, head, extent: None, is_covered: true }
    }

    /// Writes what was gathered.
    fn write(&mut self, disk: &dyn Disk) -> Result<(), StorageError> {
        if let Some(place) = self.place.as_mut().filter(|_| !self.gathered.is_empty()) {
            if place.extent.is_none() {
                make_directory(disk, &self.directory)?;
            }
            let mut open = place.open(disk)?;
            open.tail.file.write_at(&self.gathered, open.bytes).on(&place.path)?;
            let bytes = open.bytes + self.gathered.len() as u64;
            open.bytes = bytes;
            place.extent = Some(Extent { bytes, seq: self.seq, is_sealed: false, file_bytes: bytes });
        }
        self.gathered = Vec::new();
        Ok(())
    }

    /// Writes what is left, and syncs it. A tail of which the log has nothing newer stays as it is: if it is not whole,
    /// it is damaged, and waking finds that.
    fn finish(mut self, disk: &dyn Disk) -> Result<Done, StorageError> {
        self.write(disk)?;
        let Some(place) = self.place.filter(|place| place.is_covered && place.head.is_promised) else {
            return Ok(Done::default());
        };
        // A process that was killed may have left it with a name that is not synced yet.
        make_directory(disk, &self.directory)?;
        disk.sync_dir(&self.directory).on(&self.directory)?;
        let mut open = place.open(disk)?;
        if !place.extent.is_some_and(|extent| extent.is_sealed) {
            open.seal()?;
        }
        open.tail.file.sync().on_sync(&place.path)?;
        Ok(Done { cut_bytes: self.torn_bytes, tail_bytes: open.bytes })
    }
}

impl Place {
    /// A file for frames that do not follow what is there. The frame's number is its name, so that the next recovery
    /// finds the same name.
    fn unplaced(directory: &Path, frame: &FrameRef<'_>, salt: u64) -> Self {
        let head = Head {
            database: frame.database,
            generation: frame.lsn.0,
            after_seq: frame.seq - 1,
            seed: 0,
            salt,
            is_promised: true,
        };
        Self { path: names::unplaced(directory, frame.lsn.0), head, extent: None, is_covered: true }
    }

    fn is_unplaced(&self) -> bool {
        self.path.extension().is_some_and(|extension| extension == "unplaced")
    }

    /// Opens the file to write after its last good frame, or makes it.
    fn open(&self, disk: &dyn Disk) -> Result<OpenTail, StorageError> {
        let Some(extent) = self.extent else {
            return Ok(OpenTail::of(Tail::create(disk, &self.path, self.head)?));
        };
        let tail =
            Tail { file: disk.open(&self.path).on(&self.path)?, path: self.path.clone(), head: self.head };
        if extent.is_torn() {
            tail.cut(extent)?;
        }
        // As what follows it: it can be read, but is it on the disk?
        tail.file.write_at(&self.head.to_bytes(), 0).on(&self.path)?;
        Ok(OpenTail { tail, bytes: extent.bytes, seq: extent.seq, is_synced: false, found_bytes: 0 })
    }
}
