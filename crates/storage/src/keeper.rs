//! The threads that keep storage in order.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use std::{io, thread};

use crate::compact::Compacted;
use crate::error::StorageError;
use crate::storage::Storage;

/// What a thread did, for whoever writes the log lines.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum News {
    /// A database was compacted.
    Compacted(Compacted),
    /// Something failed. It is tried again, unless [`Storage::failure`] says that nothing is.
    Failed(StorageError),
}

/// One thread that calls [`Storage::tend`] and one that calls [`Storage::compact_due`], until it is stopped or dropped.
#[derive(Debug)]
pub struct Keeper {
    storage: Storage,
    is_stopping: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

/// What is there to be written is looked for so often, even if nobody told of it.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// What fails is tried again after so long.
const RETRY_AFTER: Duration = Duration::from_secs(1);

impl Keeper {
    /// Starts the threads. `tell` is called on them.
    pub fn start(storage: Storage, tell: impl Fn(News) + Send + Sync + 'static) -> io::Result<Self> {
        let is_stopping = Arc::new(AtomicBool::new(false));
        let mut keeper = Self { storage, is_stopping, threads: Vec::new() };
        let tell = Arc::new(tell);
        let tell_too = tell.clone();
        keeper.run("storage-tend", move |storage| {
            storage.tend().map_err(|error| tell(News::Failed(error))).is_ok()
        })?;
        keeper.run("storage-compact", move |storage| match storage.compact_due(now_ms()) {
            Ok(compacted) => {
                compacted.into_iter().for_each(|compacted| tell_too(News::Compacted(compacted)));
                true
            }
            Err(error) => {
                tell_too(News::Failed(error));
                false
            }
        })?;
        Ok(keeper)
    }

    /// Ends the threads, after what they are doing. Blocking.
    pub fn stop(self) {}

    fn run(&mut self, name: &str, step: impl Fn(&Storage) -> bool + Send + 'static) -> io::Result<()> {
        let (storage, is_stopping) = (self.storage.clone(), self.is_stopping.clone());
        let run = move || {
            while !is_stopping.load(Relaxed) {
                let pause = if step(&storage) { LOOK_EVERY } else { RETRY_AFTER };
                storage.inner().work.wait(pause, &is_stopping);
            }
        };
        self.threads.push(thread::Builder::new().name(name.to_owned()).spawn(run)?);
        Ok(())
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.is_stopping.store(true, Relaxed);
        self.storage.inner().work.tell();
        for thread in self.threads.drain(..) {
            thread.join().expect("storage does not panic");
        }
    }
}

fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
