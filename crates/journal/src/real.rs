//! The disk of this machine.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use crate::disk::{Disk, DiskFile};

/// A directory of this machine, as a [`Disk`]. Nothing outside of it can be named.
#[derive(Clone, Debug)]
pub struct RealDisk {
    root: PathBuf,
}

impl RealDisk {
    /// On a directory, which is made if there is none, for its owner only.
    pub fn new(root: impl Into<PathBuf>) -> io::Result<Self> {
        let root = root.into();
        make_dirs(&root)?;
        Ok(Self { root })
    }

    fn path(&self, below: &Path) -> io::Result<PathBuf> {
        if below.components().all(|part| matches!(part, Component::Normal(_))) {
            return Ok(self.root.join(below));
        }
        Err(io::Error::new(io::ErrorKind::InvalidInput, format!("{} leaves the directory", below.display())))
    }
}

impl Disk for RealDisk {
    fn open(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        let file = OpenOptions::new().read(true).write(true).open(self.path(path)?)?;
        Ok(Arc::new(RealFile(file)))
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(true).mode(0o600);
        Ok(Arc::new(RealFile(options.open(self.path(path)?)?)))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(self.path(from)?, self.path(to)?)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(self.path(path)?)
    }

    fn create_dir(&self, path: &Path) -> io::Result<()> {
        make_dirs(&self.path(path)?)
    }

    fn remove_dir(&self, path: &Path) -> io::Result<()> {
        match fs::remove_dir_all(self.path(path)?) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    fn list(&self, path: &Path) -> io::Result<Vec<String>> {
        let entries = match fs::read_dir(self.path(path)?) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let names = entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
        let mut names = names.collect::<io::Result<Vec<_>>>()?;
        names.sort_unstable();
        Ok(names)
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        File::open(self.path(path)?)?.sync_all()
    }

    fn free_bytes(&self) -> io::Result<u64> {
        let room = rustix::fs::statvfs(&self.root)?;
        Ok(room.f_bavail.saturating_mul(room.f_frsize))
    }
}

fn make_dirs(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

#[derive(Debug)]
struct RealFile(File);

impl DiskFile for RealFile {
    fn len(&self) -> io::Result<u64> {
        Ok(self.0.metadata()?.len())
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        self.0.read_exact_at(buffer, offset)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.0.write_all_at(bytes, offset)
    }

    fn set_len(&self, bytes: u64) -> io::Result<()> {
        self.0.set_len(bytes)
    }

    fn sync(&self) -> io::Result<()> {
        self.0.sync_data()
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn what_is_kept_is_for_its_owner_only() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().join("data");
        let disk = RealDisk::new(&root).unwrap();
        disk.create_dir(Path::new("db/ab")).unwrap();
        disk.create(Path::new("db/ab/file")).unwrap();
        let mode = |path: &str| fs::metadata(root.join(path)).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(""), mode("db/ab"), mode("db/ab/file")), (0o700, 0o700, 0o600));
    }

    #[test]
    fn no_path_leaves_the_directory() {
        let directory = tempfile::tempdir().unwrap();
        let disk = RealDisk::new(directory.path().join("data")).unwrap();
        for path in ["../outside", "/etc/passwd", "a/../../b"] {
            assert_eq!(
                disk.create(Path::new(path)).unwrap_err().kind(),
                io::ErrorKind::InvalidInput,
                "{path}"
            );
        }
    }

    /// Goal: both disks answer alike to whoever relies on the trait.
    #[test]
    fn the_simulated_disk_behaves_as_the_real_one() {
        let directory = tempfile::tempdir().unwrap();
        let real = RealDisk::new(directory.path().join("data")).unwrap();
        assert_eq!(transcript(&real), transcript(&crate::sim::SimDisk::new(1)));
    }

    fn transcript(disk: &dyn Disk) -> Vec<String> {
        let (d, a, b) = (Path::new("d/e"), Path::new("d/e/a"), Path::new("d/e/b"));
        let mut said = Vec::new();
        let mut say =
            |result: io::Result<String>| said.push(result.unwrap_or_else(|error| error.kind().to_string()));
        let unit = |result: io::Result<()>| result.map(|()| "done".to_owned());
        let length = |path: &Path| disk.open(path).and_then(|file| file.len()).map(|bytes| bytes.to_string());
        say(disk.create(a).map(|_| "made without a directory".into()));
        say(disk.list(d).map(|names| names.join(" ")));
        say(unit(disk.create_dir(d)));
        say(unit(disk.create_dir(d)));
        say(length(a));
        let file = disk.create(a).unwrap();
        say(unit(file.write_at(b"hello", 3)));
        let mut bytes = [9; 8];
        say(unit(file.read_at(&mut bytes, 0)));
        say(Ok(format!("{bytes:?}")));
        say(unit(file.read_at(&mut [0; 8], 1)));
        say(unit(file.set_len(4)));
        say(unit(file.set_len(6)));
        say(unit(file.read_at(&mut bytes[..6], 0)));
        say(Ok(format!("{bytes:?}")));
        say(unit(file.sync()));
        say(disk.create(b).map(|_| "made".into()));
        say(disk.list(d).map(|names| names.join(" ")));
        say(disk.list(Path::new("d")).map(|names| names.join(" ")));
        say(unit(disk.rename(a, b)));
        say(unit(disk.rename(a, b)));
        say(length(b));
        say(disk.create(b).map(|_| "emptied".into()));
        say(length(b));
        say(file.len().map(|bytes| bytes.to_string()));
        say(unit(disk.remove(b)));
        say(unit(disk.remove(b)));
        say(unit(disk.sync_dir(d)));
        say(unit(disk.sync_dir(Path::new("none"))));
        say(disk.create(a).map(|_| "made".into()));
        say(unit(disk.remove_dir(Path::new("d"))));
        say(unit(disk.remove_dir(Path::new("d"))));
        say(disk.list(d).map(|names| names.join(" ")));
        say(Ok((disk.free_bytes().unwrap() > 0).to_string()));
        said
    }
}
