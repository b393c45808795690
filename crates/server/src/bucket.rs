//! A prefix of a bucket as a `Disk`: what copies of databases are written to and read from, and nothing more.
//!
//! Network traffic has a runtime of its own with one thread. Whoever uses the disk waits for it, and meanwhile the next
//! parts of a file are on their way.

use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::io;
use std::path::{Component, Path};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use latchkey_journal::{Disk, DiskFile};
use object_store::path::Path as Key;
use object_store::{MultipartUpload, ObjectStore, ObjectStoreExt};
use parking_lot::Mutex;
use tokio::runtime::Runtime;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;

/// A file goes in parts of this size, and comes in pieces of this size; a smaller one goes in one request. Services
/// want at least 5 MiB, and all parts but the last of one size.
const PART_BYTES: usize = 8 << 20;
/// So many parts of a file are on their way at once. Each is in memory, and the one that is being filled.
const PARTS_AT_ONCE: usize = 4;
/// No service takes more parts for one file: 78 GiB, compressed.
const PARTS_MAX: u64 = 10_000;
/// So many pieces of a file that is read are in memory: the one being read, and its end, where the index is.
const PIECES_KEPT: usize = 2;
/// How long parts of a file that was given up may take to be removed.
const ABORT_AT_MOST: Duration = Duration::from_secs(10);

/// Objects below a prefix. Nothing outside of it can be named.
///
/// Files come to be when they are synced, whole. They are written from beginning to end, once. What has not come to be
/// when it is dropped is taken back, as is what an interrupt (SIGINT, SIGTERM) keeps from coming to be.
#[derive(Clone)]
pub(crate) struct Bucket(Arc<Inner>);

struct Inner {
    store: Arc<dyn ObjectStore>,
    prefix: Key,
    /// Says what an error means to who has to do something about it.
    explain: Explain,
    runtime: Runtime,
    interrupted: watch::Receiver<bool>,
}

/// What an error of the store is to a person.
pub(crate) type Explain = Box<dyn Fn(&object_store::Error) -> String + Send + Sync>;

impl Bucket {
    /// From now on an interrupt does not end the process by itself: whatever waits for the store fails.
    pub(crate) fn new(store: Arc<dyn ObjectStore>, prefix: Key, explain: Explain) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let interrupted = watch_for_interrupt(&runtime)?;
        Ok(Self(Arc::new(Inner { store, prefix, explain, runtime, interrupted })))
    }

    /// Whether there is no object below the prefix.
    pub(crate) fn is_empty(&self) -> io::Result<bool> {
        let mut objects = self.0.store.list(Some(&self.0.prefix));
        self.wait(async { objects.next().await.transpose() }).map(|first| first.is_none())
    }

    fn key(&self, path: &Path) -> io::Result<Key> {
        path.components().try_fold(self.0.prefix.clone(), |key, component| match component {
            Component::Normal(name) => Ok(key.join(name.to_string_lossy().as_ref())),
            _ => {
                let what = format!("{} leaves the prefix", path.display());
                Err(io::Error::new(io::ErrorKind::InvalidInput, what))
            }
        })
    }

    fn wait<T>(&self, work: impl Future<Output = object_store::Result<T>>) -> io::Result<T> {
        let mut interrupted = self.0.interrupted.clone();
        let done = self.0.runtime.block_on(async {
            tokio::select! {
                biased;
                Ok(_) = interrupted.wait_for(|&is_interrupted| is_interrupted) => None,
                done = work => Some(done),
            }
        });
        let done = done.ok_or_else(|| io::Error::new(io::ErrorKind::Interrupted, "interrupted"))?;
        done.map_err(|error| self.explained(&error))
    }

    fn explained(&self, error: &object_store::Error) -> io::Error {
        let kind = match error {
            object_store::Error::NotFound { .. } => io::ErrorKind::NotFound,
            object_store::Error::PermissionDenied { .. } => io::ErrorKind::PermissionDenied,
            _ => io::ErrorKind::Other,
        };
        io::Error::new(kind, (self.0.explain)(error))
    }
}

fn watch_for_interrupt(runtime: &Runtime) -> io::Result<watch::Receiver<bool>> {
    let (tell, interrupted) = watch::channel(false);
    let _inside = runtime.enter();
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    runtime.spawn(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        tell.send_replace(true);
    });
    Ok(interrupted)
}

impl fmt::Debug for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The store knows secrets.
        write!(f, "Bucket({})", self.0.prefix)
    }
}

impl Disk for Bucket {
    fn open(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        let key = self.key(path)?;
        let bytes = self.wait(self.0.store.head(&key))?.size;
        Ok(Arc::new(Stored { bucket: self.clone(), key, bytes, pieces: Mutex::default() }))
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        let bucket = self.clone();
        Ok(Arc::new(Upload { bucket, key: self.key(path)?, state: Mutex::default() }))
    }

    fn rename(&self, _: &Path, _: &Path) -> io::Result<()> {
        Err(unsupported())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let key = self.key(path)?;
        self.wait(self.0.store.delete(&key))
    }

    /// There are none: a key just has slashes.
    fn create_dir(&self, path: &Path) -> io::Result<()> {
        self.key(path).map(drop)
    }

    fn remove_dir(&self, _: &Path) -> io::Result<()> {
        Err(unsupported())
    }

    fn list(&self, path: &Path) -> io::Result<Vec<String>> {
        let key = self.key(path)?;
        let found = self.wait(self.0.store.list_with_delimiter(Some(&key)))?;
        let keys = found.objects.iter().map(|object| &object.location).chain(&found.common_prefixes);
        let mut names: Vec<_> = keys.filter_map(Key::filename).map(str::to_owned).collect();
        names.sort_unstable();
        Ok(names)
    }

    /// Nothing is to do: an object that is there stays there.
    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        self.key(path).map(drop)
    }

    fn free_bytes(&self) -> io::Result<u64> {
        Ok(u64::MAX)
    }
}

fn unsupported() -> io::Error {
    io::Error::new(io::ErrorKind::Unsupported, "objects of a bucket are written and read as a whole")
}

/// An object that comes to be.
struct Upload {
    bucket: Bucket,
    key: Key,
    state: Mutex<UploadState>,
}

#[derive(Default)]
struct UploadState {
    written_bytes: u64,
    /// What was not sent, less than a part.
    part: Vec<u8>,
    /// Once there has been a whole part.
    sending: Option<Sending>,
}

impl UploadState {
    fn send_part(&mut self, bucket: &Bucket, key: &Key) -> io::Result<()> {
        if self.written_bytes > PARTS_MAX * PART_BYTES as u64 {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, "a file of more than 78 GiB"));
        }
        let sending = match &mut self.sending {
            Some(sending) => sending,
            none => {
                let upload = bucket.wait(bucket.0.store.put_multipart(key))?;
                none.insert(Sending { upload, parts: JoinSet::new() })
            }
        };
        bucket.wait(sending.send(std::mem::take(&mut self.part)))
    }
}

/// A file on its way, in parts.
struct Sending {
    upload: Box<dyn MultipartUpload>,
    parts: JoinSet<object_store::Result<()>>,
}

impl Sending {
    async fn send(&mut self, part: Vec<u8>) -> object_store::Result<()> {
        self.wait_for_all_but(PARTS_AT_ONCE - 1).await?;
        self.parts.spawn(self.upload.put_part(part.into()));
        Ok(())
    }

    async fn finish(&mut self, last: Vec<u8>) -> object_store::Result<()> {
        if !last.is_empty() {
            self.send(last).await?;
        }
        self.wait_for_all_but(0).await?;
        self.upload.complete().await.map(drop)
    }

    async fn wait_for_all_but(&mut self, count: usize) -> object_store::Result<()> {
        while self.parts.len() > count {
            self.parts.join_next().await.transpose()?.transpose()?;
        }
        Ok(())
    }

    async fn abort(mut self) -> object_store::Result<()> {
        self.parts.shutdown().await;
        self.upload.abort().await
    }
}

impl DiskFile for Upload {
    fn len(&self) -> io::Result<u64> {
        Ok(self.state.lock().written_bytes)
    }

    fn read_at(&self, _: &mut [u8], _: u64) -> io::Result<()> {
        Err(unsupported())
    }

    fn write_at(&self, mut bytes: &[u8], offset: u64) -> io::Result<()> {
        let mut state = self.state.lock();
        if offset != state.written_bytes {
            return Err(unsupported());
        }
        while !bytes.is_empty() {
            let (now, later) = bytes.split_at(bytes.len().min(PART_BYTES - state.part.len()));
            state.part.extend_from_slice(now);
            state.written_bytes += now.len() as u64;
            bytes = later;
            if state.part.len() == PART_BYTES {
                state.send_part(&self.bucket, &self.key)?;
            }
        }
        Ok(())
    }

    fn set_len(&self, _: u64) -> io::Result<()> {
        Err(unsupported())
    }

    fn sync(&self) -> io::Result<()> {
        let mut state = self.state.lock();
        let part = std::mem::take(&mut state.part);
        let Some(sending) = &mut state.sending else {
            return self.bucket.wait(self.bucket.0.store.put(&self.key, part.into())).map(drop);
        };
        self.bucket.wait(sending.finish(part))?;
        // There is nothing to take back any more.
        state.sending = None;
        Ok(())
    }

    /// Full parts are on their way as soon as they are written.
    fn write_back(&self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        let Some(sending) = self.state.get_mut().sending.take() else { return };
        // Parts that stay although nobody wants them are removed by a rule of the bucket, if it has one; no reason to
        // hide the error that led here.
        drop(self.bucket.0.runtime.block_on(async { timeout(ABORT_AT_MOST, sending.abort()).await }));
    }
}

impl fmt::Debug for Upload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Upload({})", self.key)
    }
}

/// An object that is read, a piece at a time.
#[derive(Debug)]
struct Stored {
    bucket: Bucket,
    key: Key,
    bytes: u64,
    /// The pieces that were used last, by number.
    pieces: Mutex<VecDeque<(u64, Bytes)>>,
}

impl Stored {
    fn piece(&self, number: u64) -> io::Result<Bytes> {
        let mut pieces = self.pieces.lock();
        if let Some((_, piece)) = pieces.iter().find(|(kept, _)| *kept == number) {
            return Ok(piece.clone());
        }
        let start = number * PART_BYTES as u64;
        let range = start..self.bytes.min(start + PART_BYTES as u64);
        let expected = range.end - range.start;
        let piece = self.bucket.wait(self.bucket.0.store.get_range(&self.key, range))?;
        if piece.len() as u64 != expected {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "it has become shorter while it was read",
            ));
        }
        pieces.truncate(PIECES_KEPT - 1);
        pieces.push_front((number, piece.clone()));
        Ok(piece)
    }
}

impl DiskFile for Stored {
    fn len(&self) -> io::Result<u64> {
        Ok(self.bytes)
    }

    fn read_at(&self, mut buffer: &mut [u8], mut offset: u64) -> io::Result<()> {
        let part_bytes = PART_BYTES as u64;
        if offset.checked_add(buffer.len() as u64).is_none_or(|end| end > self.bytes) {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        while !buffer.is_empty() {
            let piece = self.piece(offset / part_bytes)?;
            let from = usize::try_from(offset % part_bytes).expect("it is less than a part");
            let (now, later) = buffer.split_at_mut((piece.len() - from).min(buffer.len()));
            now.copy_from_slice(&piece[from..from + now.len()]);
            offset += now.len() as u64;
            buffer = later;
        }
        Ok(())
    }

    fn write_at(&self, _: &[u8], _: u64) -> io::Result<()> {
        Err(unsupported())
    }

    fn set_len(&self, _: u64) -> io::Result<()> {
        Err(unsupported())
    }

    fn sync(&self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use object_store::memory::InMemory;

    use super::*;

    fn bucket(store: &Arc<InMemory>, prefix: &str) -> Bucket {
        let explain: Explain = Box::new(ToString::to_string);
        Bucket::new(store.clone(), prefix.into(), explain).unwrap()
    }

    fn bytes(length: usize) -> Vec<u8> {
        (0..length).map(|at| (at ^ (at >> 8) ^ (at >> 16)) as u8).collect()
    }

    #[test]
    fn what_is_written_is_read_whatever_its_length() {
        let bucket = bucket(&Arc::default(), "a/b");
        let path = Path::new("db/file");
        for length in [0, 1, PART_BYTES - 1, PART_BYTES, PART_BYTES + 1, 2 * PART_BYTES + 17] {
            let content = bytes(length);
            let file = bucket.create(path).unwrap();
            for (number, chunk) in content.chunks(3 << 20).enumerate() {
                file.write_at(chunk, (number * (3 << 20)) as u64).unwrap();
            }
            file.sync().unwrap();
            let stored = bucket.open(path).unwrap();
            assert_eq!(stored.len().unwrap(), length as u64);
            let mut read = vec![0; length];
            stored.read_at(&mut read, 0).unwrap();
            assert!(read == content, "{length}");
            assert_eq!(
                stored.read_at(&mut [0; 1], length as u64).unwrap_err().kind(),
                io::ErrorKind::UnexpectedEof
            );
        }
        let stored = bucket.open(path).unwrap();
        let content = bytes(2 * PART_BYTES + 17);
        for at in [PART_BYTES - 5, 2 * PART_BYTES - 1, 0, PART_BYTES, 2 * PART_BYTES + 7] {
            let mut read = [0; 10];
            stored.read_at(&mut read, at as u64).unwrap();
            assert_eq!(read, content[at..at + 10], "{at}");
        }
    }

    #[test]
    fn a_file_that_is_not_synced_does_not_come_to_be() {
        let bucket = bucket(&Arc::default(), "");
        let file = bucket.create(Path::new("file")).unwrap();
        file.write_at(&bytes(PART_BYTES + 1), 0).unwrap();
        file.write_back().unwrap();
        assert!(bucket.is_empty().unwrap());
        drop(file);
        assert!(bucket.is_empty().unwrap());
        assert_eq!(bucket.open(Path::new("file")).unwrap_err().kind(), io::ErrorKind::NotFound);
    }

    #[test]
    fn a_file_is_written_from_beginning_to_end() {
        let bucket = bucket(&Arc::default(), "");
        let file = bucket.create(Path::new("file")).unwrap();
        file.write_at(b"begin", 0).unwrap();
        for offset in [0, 4, 6] {
            assert_eq!(file.write_at(b"x", offset).unwrap_err().kind(), io::ErrorKind::Unsupported);
        }
        file.write_at(b"end", 5).unwrap();
        file.sync().unwrap();
        let mut read = [0; 8];
        bucket.open(Path::new("file")).unwrap().read_at(&mut read, 0).unwrap();
        assert_eq!(&read, b"beginend");
    }

    /// Goal: neither what has a longer name nor what is above is taken for what is below the prefix.
    #[test]
    fn a_prefix_is_a_world_of_its_own() {
        let store = Arc::default();
        let (monday, other) = (bucket(&store, "backups/monday"), bucket(&store, "backups/monday2"));
        for path in ["db/ab/file", "index"] {
            other.create(Path::new(path)).unwrap().sync().unwrap();
        }
        assert!(monday.is_empty().unwrap());
        assert_eq!(other.list(Path::new("")).unwrap(), ["db", "index"]);
        assert_eq!(other.list(Path::new("db/ab")).unwrap(), ["file"]);
        assert_eq!(other.list(Path::new("nothing")).unwrap(), Vec::<String>::new());
        for path in ["../monday2/index", "/index", "db/../../monday2/index", "./index"] {
            let error = monday.open(Path::new(path)).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput, "{path}");
        }
    }

    /// Goal: a snapshot is read again by its index, which is at its end, without asking for all of it twice.
    #[test]
    fn the_end_of_a_file_stays_while_its_beginning_is_read() {
        let store = Arc::new(InMemory::new());
        let bucket = bucket(&store, "");
        let file = bucket.create(Path::new("file")).unwrap();
        file.write_at(&bytes(3 * PART_BYTES), 0).unwrap();
        file.sync().unwrap();
        let stored = bucket.open(Path::new("file")).unwrap();
        let mut byte = [0];
        stored.read_at(&mut byte, 0).unwrap();
        stored.read_at(&mut byte, 3 * PART_BYTES as u64 - 1).unwrap();
        // Without the object only what is kept can be read.
        bucket.remove(Path::new("file")).unwrap();
        stored.read_at(&mut byte, 1).unwrap();
        stored.read_at(&mut byte, 3 * PART_BYTES as u64 - 2).unwrap();
        assert_eq!(stored.read_at(&mut byte, PART_BYTES as u64).unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}
