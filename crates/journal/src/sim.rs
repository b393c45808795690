//! A disk in memory that crashes, tears, forgets and fills up when a test tells it to.
//!
//! Its faults, each counted in [`Fired`] so that a test can see that it happened:
//!
//! - a crash at the *n*-th operation ([`Faults::crash_at`]): that one and all after it fail;
//! - at a crash, sectors of 512 bytes that were written and not synced are lost, kept, torn (the first of them are
//!   kept) or scattered (any of them are kept), by [`Loss`]; so is the length of a file, and a name that was made,
//!   removed or renamed since its directory was synced;
//! - the *n*-th operation fails ([`Faults::fail_at`]): a write in the middle; a sync so that unsynced bytes can still
//!   be read, but some of them never reach the disk, and the next sync says that all is well;
//! - no room: writes that would go beyond [`Faults::capacity_bytes`] fail, in the middle too;
//! - a flipped bit ([`SimDisk::flip_bit`]).
//!
//! Chance comes from the seed: the same calls on the same seed have the same outcome.

pub mod gate;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;

use crate::disk::{Disk, DiskFile};

/// What a disk writes wholly or not at all, in bytes.
pub const SECTOR_BYTES: usize = 512;

const ROOM_WITHOUT_LIMIT_BYTES: u64 = 1 << 40;
const EIO: i32 = 5;
const ENOSPC: i32 = 28;

/// What is to go wrong. By default, nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    /// The operation, counted from 1, that the machine crashes in. A write is under way then; all else has not begun.
    pub crash_at: Option<u64>,
    /// The operation, counted from 1, that fails, and how.
    pub fail_at: Option<(u64, Refusal)>,
    /// How many bytes of files there is room for.
    pub capacity_bytes: Option<u64>,
}

/// What an operation that fails says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// EIO: the device does not do it.
    Broken,
    /// ENOSPC: there is no room, for this once.
    Full,
}

/// What a crash does to what was not synced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// All of it is lost.
    All,
    /// None of it is lost.
    Nothing,
    /// Of each file, the first sectors are kept; of the names, the first changes.
    Torn,
    /// Any sectors and any changes of names are kept.
    Scattered,
}

/// How often each fault happened, on a disk and those before its crashes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fired {
    /// Crashes.
    pub crashes: u64,
    /// Unsynced sectors that a crash took.
    pub sectors_lost: u64,
    /// Unsynced sectors that a crash left.
    pub sectors_kept: u64,
    /// Files of which a crash took some unsynced sectors and left others.
    pub files_torn: u64,
    /// Changes of names that a crash took.
    pub names_lost: u64,
    /// Changes of names that a crash left.
    pub names_kept: u64,
    /// Operations that failed for [`Faults::fail_at`], syncs among them.
    pub operations_failed: u64,
    /// Syncs that failed.
    pub syncs_failed: u64,
    /// Sectors that a failed sync forgot.
    pub sectors_forgotten: u64,
    /// Writes for which there was no room.
    pub writes_without_room: u64,
    /// Bits that were flipped.
    pub bits_flipped: u64,
}

/// A disk in memory. Clones are the same disk.
#[derive(Clone)]
pub struct SimDisk {
    state: Arc<Mutex<State>>,
}

impl SimDisk {
    /// An empty disk on which nothing goes wrong.
    pub fn new(seed: u64) -> Self {
        Self::with_faults(seed, Faults::default())
    }

    /// An empty disk on which this goes wrong.
    pub fn with_faults(seed: u64, faults: Faults) -> Self {
        let chance = fastrand::Rng::with_seed(seed);
        Self::from_state(State { faults, ..State::empty(chance) })
    }

    fn from_state(state: State) -> Self {
        Self { state: Arc::new(Mutex::new(state)) }
    }

    /// The disk as the next process finds it, with nothing more to go wrong. This one, if it had not crashed yet, has
    /// now, and is of no more use.
    pub fn crash(&self, loss: Loss) -> Self {
        let mut state = self.state.lock();
        state.has_crashed = true;
        Self::from_state(state.after_crash(loss))
    }

    /// Replaces what is to go wrong. Operations go on being counted from where they are.
    pub fn set_faults(&self, faults: Faults) {
        self.state.lock().faults = faults;
    }

    /// How many operations there were.
    pub fn operations(&self) -> u64 {
        self.state.lock().operations
    }

    /// How many syncs of files there were.
    pub fn syncs(&self) -> u64 {
        self.state.lock().syncs
    }

    /// Whether the crash has happened.
    pub fn has_crashed(&self) -> bool {
        self.state.lock().has_crashed
    }

    /// What went wrong.
    pub fn fired(&self) -> Fired {
        self.state.lock().fired
    }

    /// What a file holds, not counted as an operation.
    pub fn contents(&self, path: &Path) -> Option<Vec<u8>> {
        let state = self.state.lock();
        Some(state.file_at(path)?.now.clone())
    }

    /// Flips a bit of what is stored; nobody is told. `bit` counts from the least of byte 0. Whether there is such a bit.
    pub fn flip_bit(&self, path: &Path, bit: u64) -> bool {
        let mut state = self.state.lock();
        let (byte, mask) = ((bit / 8) as usize, 1 << (bit % 8));
        let Some(id) = state.id_of(path) else { return false };
        let file = state.files.get_mut(&id).expect("a name is of a file");
        let sides = [&mut file.now, &mut file.durable];
        let flipped =
            sides.into_iter().filter_map(|side| side.get_mut(byte)).map(|byte| *byte ^= mask).count();
        state.fired.bits_flipped += u64::from(flipped > 0);
        flipped > 0
    }
}

impl fmt::Debug for SimDisk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state.lock();
        f.debug_struct("SimDisk").field("names", &state.names.keys()).finish_non_exhaustive()
    }
}

impl Disk for SimDisk {
    fn open(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        let mut state = self.state.lock();
        state.begin()?;
        let id = state.id_of(path).ok_or(io::ErrorKind::NotFound)?;
        Ok(self.handle(id))
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        let mut state = self.state.lock();
        state.begin()?;
        state.need_parent(path)?;
        if let Some(id) = state.id_of(path) {
            state.file(id).set_len(0);
            return Ok(self.handle(id));
        }
        let id = state.next_id();
        state.files.insert(id, File::default());
        state.change_name(NameChange::Link { path: path.to_owned(), entry: Entry::File(id) });
        Ok(self.handle(id))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.state.lock();
        state.begin()?;
        state.need_parent(to)?;
        let id = state.id_of(from).ok_or(io::ErrorKind::NotFound)?;
        state.change_name(NameChange::Rename { id, from: from.to_owned(), to: to.to_owned() });
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut state = self.state.lock();
        state.begin()?;
        state.id_of(path).ok_or(io::ErrorKind::NotFound)?;
        state.change_name(NameChange::Unlink { path: path.to_owned() });
        Ok(())
    }

    fn create_dir(&self, path: &Path) -> io::Result<()> {
        let mut state = self.state.lock();
        state.begin()?;
        let mut missing: Vec<PathBuf> = path.ancestors().map(Path::to_owned).collect();
        missing.retain(|above| !above.as_os_str().is_empty() && !state.names.contains_key(above));
        for path in missing.into_iter().rev() {
            state.change_name(NameChange::Link { path, entry: Entry::Directory });
        }
        Ok(())
    }

    fn remove_dir(&self, path: &Path) -> io::Result<()> {
        let mut state = self.state.lock();
        state.begin()?;
        let below: Vec<PathBuf> = state.below(path).cloned().collect();
        for path in below.into_iter().rev() {
            state.change_name(NameChange::Unlink { path });
        }
        Ok(())
    }

    fn list(&self, path: &Path) -> io::Result<Vec<String>> {
        let mut state = self.state.lock();
        state.begin()?;
        let names = state.below(path).filter(|name| name.parent() == Some(path));
        Ok(names.filter_map(|name| Some(name.file_name()?.to_string_lossy().into_owned())).collect())
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        let mut state = self.state.lock();
        state.begin()?;
        if state.names.get(path) != Some(&Entry::Directory) && !path.as_os_str().is_empty() {
            return Err(io::ErrorKind::NotFound.into());
        }
        let pending = std::mem::take(&mut state.unsynced_names);
        let (done, left) = pending.into_iter().partition(|change| change.is_in(path));
        state.unsynced_names = left;
        let done: Vec<NameChange> = done;
        done.iter().for_each(|change| change.apply(&mut state.durable_names));
        Ok(())
    }

    fn free_bytes(&self) -> io::Result<u64> {
        let mut state = self.state.lock();
        state.begin()?;
        Ok(state.room_bytes())
    }
}

impl SimDisk {
    fn handle(&self, id: u64) -> Arc<dyn DiskFile> {
        Arc::new(SimFile { state: Arc::clone(&self.state), id })
    }
}

struct SimFile {
    state: Arc<Mutex<State>>,
    id: u64,
}

impl fmt::Debug for SimFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SimFile").field("id", &self.id).finish_non_exhaustive()
    }
}

impl DiskFile for SimFile {
    fn len(&self) -> io::Result<u64> {
        let mut state = self.state.lock();
        state.begin()?;
        Ok(state.file(self.id).now.len() as u64)
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        let mut state = self.state.lock();
        state.begin()?;
        let bytes = state.file(self.id).now.get(offset as usize..).unwrap_or_default();
        let bytes = bytes.get(..buffer.len()).ok_or(io::ErrorKind::UnexpectedEof)?;
        buffer.copy_from_slice(bytes);
        Ok(())
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let mut state = self.state.lock();
        let outcome = state.begin();
        // A write that crashes has been handed over whole: what is left of it is for the crash to say. One that fails
        // did its first sectors.
        if outcome.is_ok() || state.crashes_now() {
            state.write(self.id, bytes, offset as usize)?;
        } else if !state.has_crashed {
            let some = state.some_sectors_of(bytes, offset as usize);
            state.write(self.id, some, offset as usize)?;
        }
        outcome
    }

    fn set_len(&self, bytes: u64) -> io::Result<()> {
        let mut state = self.state.lock();
        state.begin()?;
        let grows_by = bytes.saturating_sub(state.file(self.id).now.len() as u64);
        state.need_room(grows_by)?;
        state.file(self.id).set_len(bytes as usize);
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        let mut state = self.state.lock();
        let outcome = state.begin();
        match &outcome {
            Ok(()) => {
                state.syncs += 1;
                state.file(self.id).sync();
            }
            Err(_) if !state.has_crashed => state.forget(self.id),
            Err(_) => {}
        }
        outcome
    }
}

struct State {
    files: BTreeMap<u64, File>,
    names: BTreeMap<PathBuf, Entry>,
    durable_names: BTreeMap<PathBuf, Entry>,
    /// What stands between the two, in order.
    unsynced_names: Vec<NameChange>,
    last_id: u64,
    operations: u64,
    syncs: u64,
    faults: Faults,
    has_crashed: bool,
    fired: Fired,
    chance: fastrand::Rng,
}

impl State {
    fn empty(chance: fastrand::Rng) -> Self {
        Self {
            files: BTreeMap::new(),
            names: BTreeMap::new(),
            durable_names: BTreeMap::new(),
            unsynced_names: Vec::new(),
            last_id: 0,
            operations: 0,
            syncs: 0,
            faults: Faults::default(),
            has_crashed: false,
            fired: Fired::default(),
            chance,
        }
    }

    /// Counts an operation, and says how it fails if it does.
    fn begin(&mut self) -> io::Result<()> {
        self.operations += 1;
        self.has_crashed |= self.crashes_now();
        if self.has_crashed {
            return Err(io::Error::other("the machine has crashed"));
        }
        match self.faults.fail_at {
            Some((at, refusal)) if at == self.operations => {
                self.fired.operations_failed += 1;
                Err(refusal.error())
            }
            _ => Ok(()),
        }
    }

    fn crashes_now(&self) -> bool {
        self.faults.crash_at == Some(self.operations)
    }

    /// What a write at `offset` did that failed: a part that ends with a sector, or all.
    fn some_sectors_of<'a>(&mut self, bytes: &'a [u8], offset: usize) -> &'a [u8] {
        let end =
            self.chance.usize(offset..=offset + bytes.len() + SECTOR_BYTES) / SECTOR_BYTES * SECTOR_BYTES;
        &bytes[..end.clamp(offset, offset + bytes.len()) - offset]
    }

    fn next_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    fn file(&mut self, id: u64) -> &mut File {
        self.files.get_mut(&id).expect("files are kept as long as the disk")
    }

    fn id_of(&self, path: &Path) -> Option<u64> {
        match self.names.get(path)? {
            Entry::File(id) => Some(*id),
            Entry::Directory => None,
        }
    }

    fn file_at(&self, path: &Path) -> Option<&File> {
        self.files.get(&self.id_of(path)?)
    }

    /// A path and all that is in it, in order.
    fn below(&self, path: &Path) -> impl Iterator<Item = &PathBuf> {
        let from = self.names.range(path.to_owned()..).map(|(name, _)| name);
        from.take_while(move |name| name.starts_with(path))
    }

    fn need_parent(&self, path: &Path) -> io::Result<()> {
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        match parent.map(|parent| self.names.get(parent)) {
            None | Some(Some(Entry::Directory)) => Ok(()),
            Some(_) => Err(io::ErrorKind::NotFound.into()),
        }
    }

    fn change_name(&mut self, change: NameChange) {
        change.apply(&mut self.names);
        self.unsynced_names.push(change);
    }

    fn write(&mut self, id: u64, bytes: &[u8], offset: usize) -> io::Result<()> {
        let length = self.file(id).now.len();
        let grows_by = (offset + bytes.len()).saturating_sub(length);
        let Err(full) = self.need_room(grows_by as u64) else {
            self.file(id).write(bytes, offset);
            return Ok(());
        };
        let room = self.room_bytes() as usize;
        let fits = (length + room).saturating_sub(offset).min(bytes.len());
        self.file(id).write(&bytes[..fits], offset);
        Err(full)
    }

    fn need_room(&mut self, bytes: u64) -> io::Result<()> {
        if bytes <= self.room_bytes() || bytes == 0 {
            return Ok(());
        }
        self.fired.writes_without_room += 1;
        Err(Refusal::Full.error())
    }

    fn room_bytes(&self) -> u64 {
        let Some(capacity_bytes) = self.faults.capacity_bytes else { return ROOM_WITHOUT_LIMIT_BYTES };
        let ids = self.names.values().filter_map(Entry::id);
        let used: u64 = ids.map(|id| self.files[&id].now.len() as u64).sum();
        capacity_bytes.saturating_sub(used)
    }

    /// What Linux does when a sync fails: pages count as clean, whether or not they were written.
    fn forget(&mut self, id: u64) {
        self.fired.syncs_failed += 1;
        let unsynced = std::mem::take(&mut self.file(id).unsynced);
        for sector in unsynced {
            if self.chance.bool() {
                self.file(id).settle(sector);
            } else {
                self.fired.sectors_forgotten += 1;
            }
        }
    }

    fn after_crash(&mut self, loss: Loss) -> Self {
        self.fired.crashes += 1;
        let mut next = Self { last_id: self.last_id, ..Self::empty(self.chance.fork()) };
        next.durable_names = self.names_after_crash(loss);
        next.names.clone_from(&next.durable_names);
        let ids: Vec<u64> = next.names.values().filter_map(Entry::id).collect();
        for id in ids {
            let bytes = self.contents_after_crash(id, loss);
            next.files.insert(id, File { durable: bytes.clone(), now: bytes, unsynced: BTreeSet::new() });
        }
        next.fired = self.fired;
        next
    }

    fn names_after_crash(&mut self, loss: Loss) -> BTreeMap<PathBuf, Entry> {
        let mut names = self.durable_names.clone();
        let kept = self.survivors(self.unsynced_names.len(), loss);
        for (change, _) in self.unsynced_names.iter().zip(&kept).filter(|(_, kept)| **kept) {
            change.apply(&mut names);
        }
        let kept_count = kept.iter().filter(|kept| **kept).count() as u64;
        self.fired.names_kept += kept_count;
        self.fired.names_lost += kept.len() as u64 - kept_count;
        without_orphans(names)
    }

    fn contents_after_crash(&mut self, id: u64, loss: Loss) -> Vec<u8> {
        let mut file = self.file(id).clone();
        let unsynced: Vec<usize> = std::mem::take(&mut file.unsynced).into_iter().collect();
        let kept = self.survivors(unsynced.len(), loss);
        for (sector, _) in unsynced.iter().zip(&kept).filter(|(_, kept)| **kept) {
            file.settle(*sector);
        }
        if file.durable.len() > file.now.len() && self.survivors(1, loss)[0] {
            file.settle_cut();
        }
        let kept_count = kept.iter().filter(|kept| **kept).count();
        self.fired.sectors_kept += kept_count as u64;
        self.fired.sectors_lost += (kept.len() - kept_count) as u64;
        self.fired.files_torn += u64::from(kept_count > 0 && kept_count < kept.len());
        file.durable
    }

    /// Which of so many unsynced things a crash leaves.
    fn survivors(&mut self, count: usize, loss: Loss) -> Vec<bool> {
        match loss {
            Loss::All => vec![false; count],
            Loss::Nothing => vec![true; count],
            Loss::Torn => {
                let first_lost = self.chance.usize(0..=count);
                (0..count).map(|index| index < first_lost).collect()
            }
            Loss::Scattered => (0..count).map(|_| self.chance.bool()).collect(),
        }
    }
}

/// Drops names in directories that are gone.
fn without_orphans(names: BTreeMap<PathBuf, Entry>) -> BTreeMap<PathBuf, Entry> {
    let has_parents = |path: &Path| {
        let mut above = path.ancestors().skip(1).filter(|above| !above.as_os_str().is_empty());
        above.all(|above| names.get(above) == Some(&Entry::Directory))
    };
    names.iter().filter(|(path, _)| has_parents(path)).map(|(path, entry)| (path.clone(), *entry)).collect()
}

/// A file, in the page cache and on the disk.
#[derive(Clone, Default)]
struct File {
    now: Vec<u8>,
    durable: Vec<u8>,
    /// Numbers of the sectors that were written since they were synced.
    unsynced: BTreeSet<usize>,
}

impl File {
    fn write(&mut self, bytes: &[u8], offset: usize) {
        let end = offset + bytes.len();
        if bytes.is_empty() {
            return;
        }
        let from = offset.min(self.now.len());
        if self.now.len() < end {
            self.now.resize(end, 0);
        }
        self.now[offset..end].copy_from_slice(bytes);
        self.unsynced.extend(sectors(from, end));
    }

    fn set_len(&mut self, bytes: usize) {
        let (from, end) = (bytes.min(self.now.len()), bytes.max(self.now.len()));
        self.now.resize(bytes, 0);
        self.unsynced.extend(sectors(from, end));
    }

    fn sync(&mut self) {
        for sector in std::mem::take(&mut self.unsynced) {
            self.settle(sector);
        }
        self.settle_cut();
    }

    /// Writes one sector to the disk.
    fn settle(&mut self, sector: usize) {
        let end = ((sector + 1) * SECTOR_BYTES).min(self.now.len());
        let start = (sector * SECTOR_BYTES).min(end);
        if self.durable.len() < end {
            self.durable.resize(end, 0);
        }
        self.durable[start..end].copy_from_slice(&self.now[start..end]);
    }

    /// Makes the file as short on the disk as it is in memory.
    fn settle_cut(&mut self) {
        self.durable.truncate(self.now.len());
    }
}

fn sectors(from: usize, end: usize) -> std::ops::Range<usize> {
    from / SECTOR_BYTES..end.div_ceil(SECTOR_BYTES)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Entry {
    Directory,
    File(u64),
}

impl Entry {
    fn id(&self) -> Option<u64> {
        match self {
            Self::Directory => None,
            Self::File(id) => Some(*id),
        }
    }
}

enum NameChange {
    Link { path: PathBuf, entry: Entry },
    Unlink { path: PathBuf },
    Rename { id: u64, from: PathBuf, to: PathBuf },
}

impl NameChange {
    /// Changes that came before may be missing: whatever comes after a crash holds for what there is.
    fn apply(&self, names: &mut BTreeMap<PathBuf, Entry>) {
        match self {
            Self::Link { path, entry } => {
                names.insert(path.clone(), *entry);
            }
            Self::Unlink { path } => {
                names.remove(path);
            }
            Self::Rename { id, from, to } => {
                if names.get(from) == Some(&Entry::File(*id)) {
                    names.remove(from);
                }
                names.insert(to.clone(), Entry::File(*id));
            }
        }
    }

    fn is_in(&self, directory: &Path) -> bool {
        match self {
            Self::Link { path, .. } | Self::Unlink { path } => path.parent() == Some(directory),
            Self::Rename { from, to, .. } => {
                from.parent() == Some(directory) || to.parent() == Some(directory)
            }
        }
    }
}

impl Refusal {
    fn error(self) -> io::Error {
        io::Error::from_raw_os_error(match self {
            Self::Broken => EIO,
            Self::Full => ENOSPC,
        })
    }
}

#[cfg(test)]
mod tests;
