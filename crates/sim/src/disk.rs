//! The disk as one process sees it: gone when the process is, and a liar if a bug is planted.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

use latchkey_journal::sim::SimDisk;
use latchkey_journal::{Disk, DiskFile};

use crate::bug::Bug;

/// A [`SimDisk`] in the hands of a process. When that is killed, what it left behind in memory can do nothing more, but
/// the disk, and what the system holds of it in its cache, stay as they are.
#[derive(Clone, Debug)]
pub(crate) struct ProcessDisk {
    disk: SimDisk,
    /// So many operations can be done yet.
    operations_left: Arc<AtomicU64>,
    /// For [`Bug::PeekWithoutTails`].
    hides_tails: Arc<AtomicBool>,
    bug: Option<Bug>,
}

impl ProcessDisk {
    pub(crate) fn new(disk: SimDisk, bug: Option<Bug>) -> Self {
        Self { disk, operations_left: Arc::new(AtomicU64::new(u64::MAX)), hides_tails: Arc::default(), bug }
    }

    /// Nothing of this process reaches the disk any more.
    pub(crate) fn kill(&self) {
        self.kill_after(0);
    }

    /// The process is killed after so many more operations.
    pub(crate) fn kill_after(&self, operations: u64) {
        self.operations_left.store(operations, Relaxed);
    }

    pub(crate) fn is_killed(&self) -> bool {
        self.operations_left.load(Relaxed) == 0
    }

    /// Does `work`, during which no tail is in any directory if that is the bug.
    pub(crate) fn while_peeking<T>(&self, work: impl FnOnce() -> T) -> T {
        self.hides_tails.store(self.bug == Some(Bug::PeekWithoutTails), Relaxed);
        let done = work();
        self.hides_tails.store(false, Relaxed);
        done
    }

    fn alive(&self) -> io::Result<&SimDisk> {
        let count_down = self.operations_left.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(1));
        count_down.map(|_| &self.disk).map_err(|_| io::Error::other("the process was killed"))
    }

    fn file(&self, path: &Path, file: Arc<dyn DiskFile>) -> Arc<dyn DiskFile> {
        Arc::new(ProcessFile { process: self.clone(), path: path.to_owned(), file })
    }

    /// Whether a sync of this file is skipped.
    fn skips_sync_of(&self, path: &Path) -> bool {
        let extension = path.extension().and_then(|extension| extension.to_str());
        match self.bug {
            Some(Bug::SkipLogSync) => path.starts_with("log"),
            Some(Bug::SkipTailSync) => extension == Some("tail"),
            Some(Bug::SkipSnapshotSync) => path.starts_with("db") && extension == Some("tmp"),
            _ => false,
        }
    }
}

impl Disk for ProcessDisk {
    fn open(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        Ok(self.file(path, self.alive()?.open(path)?))
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        Ok(self.file(path, self.alive()?.create(path)?))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.alive()?.rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.alive()?.remove(path)
    }

    fn create_dir(&self, path: &Path) -> io::Result<()> {
        self.alive()?.create_dir(path)
    }

    fn remove_dir(&self, path: &Path) -> io::Result<()> {
        self.alive()?.remove_dir(path)
    }

    fn list(&self, path: &Path) -> io::Result<Vec<String>> {
        let mut names = self.alive()?.list(path)?;
        names.retain(|name| !self.hides_tails.load(Relaxed) || !name.ends_with(".tail"));
        Ok(names)
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        let disk = self.alive()?;
        if self.bug == Some(Bug::SkipDirectorySync) { Ok(()) } else { disk.sync_dir(path) }
    }

    fn free_bytes(&self) -> io::Result<u64> {
        self.alive()?.free_bytes()
    }
}

#[derive(Debug)]
struct ProcessFile {
    process: ProcessDisk,
    path: PathBuf,
    file: Arc<dyn DiskFile>,
}

impl DiskFile for ProcessFile {
    fn len(&self) -> io::Result<u64> {
        self.process.alive()?;
        self.file.len()
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        self.process.alive()?;
        self.file.read_at(buffer, offset)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.process.alive()?;
        self.file.write_at(bytes, offset)
    }

    fn set_len(&self, bytes: u64) -> io::Result<()> {
        self.process.alive()?;
        self.file.set_len(bytes)
    }

    fn sync(&self) -> io::Result<()> {
        let disk = self.process.alive()?;
        if self.process.skips_sync_of(&self.path) {
            return Ok(());
        }
        let synced = self.file.sync();
        if self.process.bug == Some(Bug::IgnoreFailedSync) && !disk.has_crashed() { Ok(()) } else { synced }
    }
}
