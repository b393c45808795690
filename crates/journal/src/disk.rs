//! Files, as everything that keeps data sees them, so that a test can put a disk there that crashes, tears and lies.

use std::fmt;
use std::io;
use std::path::Path;
use std::sync::Arc;

/// A directory tree that outlives the process. Paths are relative to its root.
///
/// What a crash leaves follows POSIX at its most hostile: bytes that were written and not synced may be there, not be
/// there, or be there in part; so may a name that was made, removed or renamed since its directory was synced.
pub trait Disk: fmt::Debug + Send + Sync + 'static {
    /// Opens a file that exists, to read and write it.
    fn open(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>>;
    /// Makes an empty file, readable by its owner only. One that exists is emptied.
    fn create(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>>;
    /// Gives a file another name, in one step. What had that name is gone.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Removes a file.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// Makes a directory, readable by its owner only, with those above it. One that exists stays as it is.
    fn create_dir(&self, path: &Path) -> io::Result<()>;
    /// Removes a directory and all that is in it. One that does not exist is no error.
    fn remove_dir(&self, path: &Path) -> io::Result<()>;
    /// The names in a directory, in order; none if there is no such directory.
    fn list(&self, path: &Path) -> io::Result<Vec<String>>;
    /// Returns when the names in a directory will survive a crash.
    fn sync_dir(&self, path: &Path) -> io::Result<()>;
    /// How many bytes can still be written.
    fn free_bytes(&self) -> io::Result<u64>;
}

/// An open file. It can be used from several threads; whoever writes keeps to bytes of its own.
pub trait DiskFile: fmt::Debug + Send + Sync {
    /// Its length in bytes.
    fn len(&self) -> io::Result<u64>;
    /// Whether it has no bytes.
    fn is_empty(&self) -> io::Result<bool> {
        Ok(self.len()? == 0)
    }
    /// Fills the buffer with what stands at `offset`. [`io::ErrorKind::UnexpectedEof`] if there is less.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()>;
    /// Writes all of `bytes` at `offset`; the file grows if it has to.
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()>;
    /// Cuts the file, or lengthens it with zeroes.
    fn set_len(&self, bytes: u64) -> io::Result<()>;
    /// Returns when all that was written will survive a crash. An error means that nobody knows what will: it is not
    /// tried again.
    fn sync(&self) -> io::Result<()>;
    /// Has what was written so far leave the memory, so that the [`sync`](Self::sync) at the end has little to wait for.
    /// Promises nothing. A file that comes to be with its sync only is not done by this.
    fn write_back(&self) -> io::Result<()> {
        self.sync()
    }
}
