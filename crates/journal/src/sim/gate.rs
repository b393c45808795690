//! A disk of which some operations wait until a test lets them pass.

use std::io;
use std::path::Path;
use std::sync::Arc;

use parking_lot::{Condvar, Mutex};

use super::SimDisk;
use crate::disk::{Disk, DiskFile};

/// What is done to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// So many bytes are read.
    Read(usize),
    /// Something is written.
    Write,
    /// It is synced.
    Sync,
}

/// What operations wait at while it is shut. Clones are the same gate.
#[derive(Clone, Debug, Default)]
pub struct Gate(Arc<State>);

#[derive(Debug, Default)]
struct State {
    is_shut: Mutex<bool>,
    opened: Condvar,
}

/// Keeps a gate shut, so that a test that fails ends, too.
#[derive(Debug)]
#[must_use = "dropping it opens the gate"]
pub struct Shut(Gate);

impl Gate {
    /// Shuts it until what this returns is dropped, or somebody opens it.
    pub fn shut(&self) -> Shut {
        *self.0.is_shut.lock() = true;
        Shut(self.clone())
    }

    /// Lets all pass that wait, and all who come.
    pub fn open(&self) {
        *self.0.is_shut.lock() = false;
        self.0.opened.notify_all();
    }

    fn pass(&self) {
        self.0.opened.wait_while(&mut self.0.is_shut.lock(), |is_shut| *is_shut);
    }
}

impl Drop for Shut {
    fn drop(&mut self) {
        self.0.open();
    }
}

/// Which operations on which file stop at the gate.
type Stops = fn(&Path, Operation) -> bool;

/// A [`SimDisk`] with a gate before some of its operations. Clones are the same disk.
#[derive(Clone, Debug)]
pub struct GatedDisk {
    disk: SimDisk,
    gate: Gate,
    stops: Stops,
}

impl GatedDisk {
    /// What `stops` says of, waits at `gate` while that is shut.
    pub fn new(disk: &SimDisk, gate: &Gate, stops: Stops) -> Self {
        Self { disk: disk.clone(), gate: gate.clone(), stops }
    }

    fn gated(&self, path: &Path, file: Arc<dyn DiskFile>) -> Arc<dyn DiskFile> {
        Arc::new(GatedFile { file, path: path.into(), gate: self.gate.clone(), stops: self.stops })
    }
}

impl Disk for GatedDisk {
    fn open(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        Ok(self.gated(path, self.disk.open(path)?))
    }
    fn create(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        Ok(self.gated(path, self.disk.create(path)?))
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
    path: Box<Path>,
    gate: Gate,
    stops: Stops,
}

impl GatedFile {
    fn before(&self, operation: Operation) {
        if (self.stops)(&self.path, operation) {
            self.gate.pass();
        }
    }
}

impl DiskFile for GatedFile {
    fn len(&self) -> io::Result<u64> {
        self.file.len()
    }
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        self.before(Operation::Read(buffer.len()));
        self.file.read_at(buffer, offset)
    }
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.before(Operation::Write);
        self.file.write_at(bytes, offset)
    }
    fn set_len(&self, bytes: u64) -> io::Result<()> {
        self.file.set_len(bytes)
    }
    fn sync(&self) -> io::Result<()> {
        self.before(Operation::Sync);
        self.file.sync()
    }
}
