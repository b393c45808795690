//! Databases that leave the memory and come back.

use std::time::Duration;

use latchkey_journal::sim::{Faults, Loss, SimDisk};
use latchkey_local::Settings;
use latchkey_pipeline::{Replies, Shape};
use latchkey_protocol::Reply;
use latchkey_tenancy::Limits;

use crate::support::Scene;
use crate::{bulk, poll};

/// Whoever is not used when it is looked at sleeps.
const AT_ONCE: Settings = Settings { memory_bytes_max: None, idle_after: Duration::ZERO };

fn is_error(reply: &Reply, with: &str) -> bool {
    matches!(reply, Reply::Error(error) if error.text().starts_with(with))
}

fn awake(scene: &Scene) -> usize {
    scene.local.stored_bytes().len()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_nobody_uses_sleeps_and_wakes_as_it_was() {
    let scene = Scene::on(&SimDisk::new(1), AT_ONCE);
    assert_eq!(scene.kept(1, "RPUSH l a b c").await, Reply::Int(3));
    assert_eq!(scene.kept(1, "CONFIG SET notify-keyspace-events KEA").await, Reply::OK);
    assert_eq!(awake(&scene), 1);
    scene.local.tend().await;
    assert_eq!(awake(&scene), 0, "it should sleep");
    assert_eq!(scene.kept(1, "LPOP l").await, bulk("a"));
    let settings = scene.kept(1, "CONFIG GET notify-keyspace-events").await;
    assert!(format!("{settings:?}").contains("AKE"), "what CONFIG SET has changed stays: {settings:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_answered_survives_a_power_cut() {
    let disk = SimDisk::new(1);
    let scene = Scene::on(&disk, Settings::default());
    assert_eq!(scene.kept(1, "SET k 1").await, Reply::OK);
    let synced = Reply::Array(vec![Reply::Int(1), Reply::Int(0)]);
    assert_eq!(scene.kept(1, "WAITAOF 1 0 0").await, synced, "so it is on the disk");
    let Replies::Many(_) = scene.send(2, Shape::Atomic, &["SET a 1", "SET b 2"]).await.replies else {
        panic!("refused")
    };
    let after = Scene::on(&disk.crash(Loss::All), Settings::default());
    assert_eq!(after.kept(1, "GET k").await, bulk("1"));
    assert_eq!(after.kept(2, "MGET a b").await, Reply::Array(vec![bulk("1"), bulk("2")]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_stops_leaves_nothing_in_the_log() {
    let disk = SimDisk::new(1);
    let scene = Scene::on(&disk, Settings::default());
    assert_eq!(scene.kept(1, "SET k 1").await, Reply::OK);
    scene.local.close().await.expect("the disk is whole");
    let after = Scene::on(&disk, Settings::default());
    assert_eq!(after.kept(1, "GET k").await, bulk("1"));
}

/// Goal: a database does not fall asleep under a request that is half done.
#[tokio::test]
async fn who_uses_a_database_keeps_it_awake() {
    let scene = Scene::on(&SimDisk::new(1), AT_ONCE);
    assert_eq!(scene.kept(1, "SET n 0").await, Reply::OK);
    let mut pipeline = scene.send(1, Shape::Pipeline, &["INCR n"; 100]);
    assert!(poll(&mut pipeline).is_none(), "it gives others a turn in between");
    scene.local.tend().await;
    assert_eq!(awake(&scene), 1);
    let Replies::Many(replies) = pipeline.await.replies else { panic!("refused") };
    assert_eq!(replies[99], Reply::Int(100));
    scene.local.tend().await;
    assert_eq!(awake(&scene), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn memory_is_never_exceeded_and_sleepers_make_room() {
    let scene =
        Scene::on(&SimDisk::new(1), Settings { memory_bytes_max: Some(1 << 20), ..Settings::default() });
    let half = format!("SET k {}", "x".repeat(700_000));
    assert_eq!(scene.kept(1, &half).await, Reply::OK);
    let mut using = scene.send(1, Shape::Pipeline, &["INCR n"; 100]);
    assert!(poll(&mut using).is_none(), "it gives others a turn in between");
    let refusal = scene.kept(2, &half).await;
    assert!(is_error(&refusal, "OOM command not allowed"), "{refusal:?}");
    assert_eq!(scene.kept(2, "SET small 1").await, Reply::OK, "there is room for that");
    let total: u64 = scene.local.stored_bytes().iter().map(|(_, bytes)| bytes).sum();
    assert!(total > 700_000 && total <= 1 << 20);
    drop(using);
    scene.local.tend().await;
    assert_eq!(scene.kept(2, &half).await, Reply::OK, "the first database has left the memory");
    assert_eq!(scene.kept(1, "STRLEN k").await, Reply::Int(700_000), "and takes turns with the second");
}

/// Goal: whoever wakes takes the memory of those who used theirs longest ago, of no more than it has to, and of nobody if
/// there is not enough anyway.
#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_wakes_sends_the_least_recently_used_to_sleep() {
    const MEGABYTE: u64 = 1 << 20;
    let disk = SimDisk::new(1);
    let before = Scene::on(&disk, Settings::default());
    for (database, megabytes) in [(1, 1), (2, 1), (3, 1)] {
        for key in 0..megabytes {
            let value = "x".repeat(1 << 20);
            assert_eq!(before.kept(database, &format!("SET key:{key} {value}")).await, Reply::OK);
        }
    }
    before.local.close().await.unwrap();
    let memory_bytes_max = Some(3 * MEGABYTE + MEGABYTE / 2);
    let scene = Scene::on(&disk, Settings { memory_bytes_max, ..Settings::default() });
    let awake = || {
        let mut ids: Vec<_> = scene.local.stored_bytes().into_iter().map(|(id, _)| id).collect();
        ids.sort();
        ids
    };
    for database in [2, 1] {
        assert_eq!(scene.kept(database, "APPEND log x").await, Reply::Int(1));
        scene.clock.pass_us(1_000_000);
    }
    assert_eq!(awake(), [1, 2].map(Scene::database));
    assert_eq!(scene.kept(3, "APPEND log x").await, Reply::Int(1));
    assert_eq!(awake(), [1, 3].map(Scene::database), "the second was used longest ago");
    let refusal = scene.kept(2, "APPEND log x").await;
    assert_eq!(refusal, Reply::Int(2), "it comes back: nothing was lost");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_database_leaves_no_files() {
    let disk = SimDisk::new(1);
    let scene = Scene::on(&disk, Settings::default());
    assert_eq!(scene.kept(1, "SET k 1").await, Reply::OK);
    scene.local.drop_database(Scene::database(1));
    scene.local.tend().await;
    assert_eq!(scene.kept(1, "GET k").await, Reply::Null);
    scene.local.close().await.expect("the disk is whole");
    assert_eq!(Scene::on(&disk, Settings::default()).kept(1, "GET k").await, Reply::Null);
}

/// Goal: what could not be kept is not acknowledged.
#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_fails_to_sync_is_not_believed() {
    let disk = SimDisk::new(1);
    let scene = Scene::on(&disk, Settings::default());
    assert_eq!(scene.kept(1, "SET k 1").await, Reply::OK);
    // What the log does in the background may meet the fault first, and survive it: then it is set again.
    let mut reply = Reply::OK;
    for _ in 0..100 {
        let fail_at = Some((disk.operations() + 1, latchkey_journal::sim::Refusal::Broken));
        disk.set_faults(Faults { fail_at, ..Faults::default() });
        reply = scene.kept(1, "SET k 2").await;
        if reply != Reply::OK {
            break;
        }
    }
    assert!(is_error(&reply, "ERR the server cannot write to its disk"), "{reply:?}");
    let reply = scene.kept(1, "GET k").await;
    assert!(
        is_error(&reply, "ERR the server cannot write to its disk"),
        "a read of what may be lost: {reply:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cache_waits_for_no_disk() {
    let scene = Scene::on(&SimDisk::new(1), AT_ONCE);
    let durability = latchkey_tenancy::Durability::None;
    scene.set_limits(1, Limits { durability, ..Limits::UNLIMITED });
    assert_eq!(scene.kept(1, "SET k 1").await, Reply::OK);
    assert!(is_error(&scene.kept(1, "WAITAOF 1 0 0").await, "ERR WAITAOF cannot be used"));
    scene.local.tend().await;
    assert_eq!(scene.kept(1, "GET k").await, bulk("1"), "it sleeps and wakes like others");
}
