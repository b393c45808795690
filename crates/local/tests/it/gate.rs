//! A disk on which waking a database takes as long as a test wants.

use std::io;
use std::path::Path;
use std::sync::Arc;

use latchkey_journal::sim::SimDisk;
use latchkey_journal::{Disk, DiskFile};
use parking_lot::{Condvar, Mutex};

/// As long as it is closed, nobody reads several blocks of a snapshot at once, which only a waking does.
#[derive(Clone, Debug)]
pub(crate) struct GatedDisk {
    disk: SimDisk,
    gate: Arc<Gate>,
}

#[derive(Debug, Default)]
struct Gate {
    is_closed: Mutex<bool>,
    opened: Condvar,
}

/// More than one block, in bytes.
const SEVERAL_BLOCKS: usize = 400 << 10;

impl GatedDisk {
    /// With an open gate.
    pub(crate) fn new(disk: SimDisk) -> Self {
        Self { disk, gate: Arc::default() }
    }

    pub(crate) fn close(&self) {
        *self.gate.is_closed.lock() = true;
    }

    pub(crate) fn open_gate(&self) {
        *self.gate.is_closed.lock() = false;
        self.gate.opened.notify_all();
    }
}

impl Gate {
    fn pass(&self) {
        let mut is_closed = self.is_closed.lock();
        self.opened.wait_while(&mut is_closed, |is_closed| *is_closed);
    }
}

impl Disk for GatedDisk {
    fn open(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        let file = self.disk.open(path)?;
        let is_snapshot = path.extension().is_some_and(|extension| extension == "snap");
        Ok(if is_snapshot { Arc::new(GatedFile { file, gate: Arc::clone(&self.gate) }) } else { file })
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        self.disk.create(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.disk.rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.disk.remove(path)
    }

    fn create_dir(&self, path: &Path) -> io::Result<()> {
        self.disk.create_dir(path)
    }

    fn remove_dir(&self, path: &Path) -> io::Result<()> {
        self.disk.remove_dir(path)
    }

    fn list(&self, path: &Path) -> io::Result<Vec<String>> {
        self.disk.list(path)
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        self.disk.sync_dir(path)
    }

    fn free_bytes(&self) -> io::Result<u64> {
        self.disk.free_bytes()
    }
}

#[derive(Debug)]
struct GatedFile {
    file: Arc<dyn DiskFile>,
    gate: Arc<Gate>,
}

impl DiskFile for GatedFile {
    fn len(&self) -> io::Result<u64> {
        self.file.len()
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        if buffer.len() > SEVERAL_BLOCKS {
            self.gate.pass();
        }
        self.file.read_at(buffer, offset)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.file.write_at(bytes, offset)
    }

    fn set_len(&self, bytes: u64) -> io::Result<()> {
        self.file.set_len(bytes)
    }

    fn sync(&self) -> io::Result<()> {
        self.file.sync()
    }
}
