//! The data directory: its files, their modes, its lock.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use crate::ControlError;

/// The database's name in the data directory. SQLite puts `-wal` and `-shm` files with the same mode beside it.
pub const CONTROL_FILE: &str = "control.db";

/// The file that a server keeps locked. It stays when the server ends; the lock does not.
pub const LOCK_FILE: &str = "latchkey.lock";

/// Makes the data directory (mode 0700; one that exists keeps its mode) and the file (0600, also if it exists), and
/// refuses a file that is not SQLite's.
pub(crate) fn prepare(directory: &Path) -> Result<PathBuf, ControlError> {
    private_directory(directory).map_err(|error| ControlError::file(directory, &error))?;
    let path = directory.join(CONTROL_FILE);
    let mut file = private_file(&path).map_err(|error| ControlError::file(&path, &error))?;
    match is_sqlite_or_empty(&mut file) {
        Ok(true) => {}
        Ok(false) => return Err(ControlError::Foreign { path }),
        Err(error) => return Err(ControlError::file(&path, &error)),
    }
    restrict(&file).map_err(|error| ControlError::file(&path, &error))?;
    Ok(path)
}

/// Takes the server's lock, held until the file is dropped or the process ends, however it ends.
pub(crate) fn lock(directory: &Path) -> Result<File, ControlError> {
    let path = directory.join(LOCK_FILE);
    let file = private_file(&path).map_err(|error| ControlError::file(&path, &error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(ControlError::Locked { path }),
        Err(TryLockError::Error(error)) => Err(ControlError::file(&path, &error)),
    }
}

fn is_sqlite_or_empty(file: &mut File) -> std::io::Result<bool> {
    let mut start = [0; 16];
    match file.read_exact(&mut start) {
        Ok(()) => Ok(&start == b"SQLite format 3\0"),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(file.metadata()?.len() == 0),
        Err(error) => Err(error),
    }
}

fn private_directory(path: &Path) -> std::io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

fn private_file(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

#[cfg(unix)]
fn restrict(file: &File) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(fs::Permissions::from_mode(0o600))
}

/// Elsewhere the directory's own access list decides.
#[cfg(not(unix))]
fn restrict(_: &File) -> std::io::Result<()> {
    Ok(())
}
