//! Requests that wait because the disk is behind.

use std::io;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use latchkey_journal::sim::{Faults, Loss, SimDisk};
use latchkey_journal::{Disk, DiskFile};
use latchkey_local::Settings;
use latchkey_pipeline::{Replies, Shape};
use latchkey_protocol::Reply;
use latchkey_storage::Storage;
use tokio::time::timeout;

use crate::support::Scene;
use crate::{bulk, poll};

/// By the clock of a test that is wound on when nobody has anything to do: whoever looks now and then has looked often.
const LONG: Duration = Duration::from_secs(60);

/// A scene that holds requests back when more than 8 KiB wait for tails, and what it keeps its databases in.
fn scene_with_little_room(disk: &SimDisk, gate: &Arc<Gate>) -> (Scene, Storage) {
    let disk = GatedTails { disk: disk.clone(), gate: Arc::clone(gate) };
    let mut settings = Scene::storage_settings();
    settings.pending_bytes_max = 8 << 10;
    settings.chunk_bytes = 1 << 10;
    let (storage, _) = Storage::open(Arc::new(disk), settings, |_| {}).expect("the disk is whole");
    (Scene::keeping(storage.clone(), Settings::default()), storage)
}

/// Writes to database 1 until so much waits for its tail that others have to wait.
async fn congest(scene: &Scene, storage: &Storage) {
    let write = format!("SET k {}", "x".repeat(500));
    for _ in 0..100 {
        if storage.is_congested() {
            return;
        }
        assert_eq!(scene.kept(1, &write).await, Reply::OK);
    }
    panic!("nobody minds how much waits");
}

/// Goal: while tails lag behind, whatever is asked waits, and goes on when they have caught up.
/// Method: a disk that takes nothing for tails until it is told to, although the log is written all the time.
#[tokio::test(start_paused = true)]
async fn requests_wait_while_tails_lag_behind_and_go_on_when_they_are_written() {
    let gate = Arc::new(Gate::default());
    let (scene, storage) = scene_with_little_room(&SimDisk::new(1), &gate);
    assert_eq!(scene.kept(2, "SET n 0").await, Reply::OK);
    let shut = gate.shut();
    congest(&scene, &storage).await;
    let last = storage.journal().last();
    let mut waiting: Vec<_> = (0..20).map(|_| scene.send(2, Shape::One, &["INCR n"])).collect();
    for request in &mut waiting {
        assert!(timeout(LONG, request).await.is_err());
    }
    assert_eq!(storage.journal().last(), last, "somebody was let through");
    drop(shut);
    for (request, expected) in waiting.into_iter().zip(1..) {
        assert!(matches!(request.await.replies, Replies::One(Reply::Int(n)) if n == expected));
    }
    assert_eq!(scene.kept(1, "STRLEN k").await, Reply::Int(500));
}

/// Goal: nobody waits for tails that will never be written: the process is about to end.
#[tokio::test(start_paused = true)]
async fn requests_that_wait_for_tails_are_refused_when_the_disk_fails() {
    let (disk, gate) = (SimDisk::new(1), Arc::new(Gate::default()));
    let (scene, storage) = scene_with_little_room(&disk, &gate);
    let shut = gate.shut();
    congest(&scene, &storage).await;
    let mut waiting = scene.send(1, Shape::One, &["GET k"]);
    assert!(timeout(LONG, &mut waiting).await.is_err());
    // From here on it refuses everything.
    disk.crash(Loss::All);
    drop(shut);
    let Replies::Refused(refusal) = waiting.await.replies else { panic!("answered after a failed write") };
    let error = refusal.error();
    assert!(error.text().starts_with("ERR the server cannot write to its disk"), "{error:?}");
}

/// Goal: a disk that becomes full while requests wait for it holds nobody up: what grows is refused until there is room.
#[tokio::test(flavor = "multi_thread")]
async fn on_a_full_disk_nobody_waits_for_tails() {
    let (disk, gate) = (SimDisk::new(1), Arc::new(Gate::default()));
    let (scene, storage) = scene_with_little_room(&disk, &gate);
    assert_eq!(scene.kept(2, "SET k v").await, Reply::OK);
    let shut = gate.shut();
    congest(&scene, &storage).await;
    let mut waiting = scene.send(2, Shape::One, &["GET k"]);
    assert!(poll(&mut waiting).is_none());
    disk.set_faults(Faults { capacity_bytes: Some(0), ..Faults::default() });
    drop(shut);
    assert!(matches!(waiting.await.replies, Replies::One(reply) if reply == bulk("v")));
    assert!(storage.is_congested() && storage.is_full());
    let refusal = scene.kept(2, "SET more 1").await;
    assert!(matches!(&refusal, Reply::Error(error) if error.code() == "MISCONF"), "{refusal:?}");
    assert_eq!(scene.kept(2, "DEL k").await, Reply::Int(1));
    disk.set_faults(Faults::default());
    while storage.is_full() {
        tokio::task::yield_now().await;
    }
    assert_eq!(scene.kept(2, "SET more 1").await, Reply::OK);
    assert_eq!(scene.kept(1, "STRLEN k").await, Reply::Int(500));
}

/// What stops writes to tails while it is shut.
#[derive(Debug, Default)]
struct Gate {
    is_shut: Mutex<bool>,
    opened: Condvar,
}

impl Gate {
    /// Until what this returns is dropped: a test that fails ends, too.
    fn shut(&self) -> Shut<'_> {
        *self.is_shut.lock().unwrap() = true;
        Shut(self)
    }

    fn open(&self) {
        *self.is_shut.lock().unwrap() = false;
        self.opened.notify_all();
    }

    fn pass(&self) {
        drop(self.opened.wait_while(self.is_shut.lock().unwrap(), |is_shut| *is_shut).unwrap());
    }
}

struct Shut<'a>(&'a Gate);

impl Drop for Shut<'_> {
    fn drop(&mut self) {
        self.0.open();
    }
}

/// A disk on which writes to the files of databases stop at a gate.
#[derive(Debug)]
struct GatedTails {
    disk: SimDisk,
    gate: Arc<Gate>,
}

#[derive(Debug)]
struct GatedFile {
    file: Arc<dyn DiskFile>,
    gate: Option<Arc<Gate>>,
}

impl GatedTails {
    fn gated(&self, path: &Path, file: Arc<dyn DiskFile>) -> Arc<dyn DiskFile> {
        let gate = path.starts_with("db").then(|| Arc::clone(&self.gate));
        Arc::new(GatedFile { file, gate })
    }
}

impl Disk for GatedTails {
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

impl DiskFile for GatedFile {
    fn len(&self) -> io::Result<u64> {
        self.file.len()
    }
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        self.file.read_at(buffer, offset)
    }
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        if let Some(gate) = &self.gate {
            gate.pass();
        }
        self.file.write_at(bytes, offset)
    }
    fn set_len(&self, bytes: u64) -> io::Result<()> {
        self.file.set_len(bytes)
    }
    fn sync(&self) -> io::Result<()> {
        self.file.sync()
    }
}
