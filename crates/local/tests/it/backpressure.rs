//! Requests that wait because the disk is behind.

use std::sync::Arc;
use std::time::Duration;

use latchkey_journal::sim::gate::{Gate, GatedDisk, Operation};
use latchkey_journal::sim::{Faults, Loss, SimDisk};
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
fn scene_with_little_room(disk: &SimDisk, gate: &Gate) -> (Scene, Storage) {
    // Writes to the files of databases wait there, not those to the log.
    let disk =
        GatedDisk::new(disk, gate, |path, operation| path.starts_with("db") && operation == Operation::Write);
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
    let gate = Gate::default();
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
    let (disk, gate) = (SimDisk::new(1), Gate::default());
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
    let (disk, gate) = (SimDisk::new(1), Gate::default());
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
