//! Listeners, and databases that sleep.

use std::sync::Arc;
use std::time::Duration;

use latchkey_journal::sim::SimDisk;
use latchkey_local::Settings;
use latchkey_pipeline::{Ear, Message, Replies, Stale, Terms};
use latchkey_protocol::Reply;

use crate::support::Scene;

fn awake(scene: &Scene) -> usize {
    scene.local.stored_bytes().len()
}

pub(crate) async fn listen(scene: &Scene, database: u8, command: &str) -> Arc<Ear> {
    let ear = Arc::<Ear>::default();
    let answer = scene.listen(database, &ear, command).await;
    assert!(matches!(answer.replies, Replies::One(Reply::Array(_))), "{answer:?}");
    ear
}

/// Has somebody keep copies of keys.
async fn track(scene: &Scene, database: u8) -> Arc<Ear> {
    let ear = Arc::<Ear>::default();
    let answer = scene.listen(database, &ear, "CLIENT TRACKING ON").await;
    assert!(matches!(answer.replies, Replies::One(Reply::Status(_))), "{answer:?}");
    ear.track(&Terms::default(), None).unwrap();
    ear
}

pub(crate) fn heard(ear: &Ear) -> Vec<String> {
    let messages = std::iter::from_fn(|| ear.try_hear().unwrap());
    let text = |bytes: &bytes::Bytes| String::from_utf8_lossy(bytes).into_owned();
    messages
        .map(|message| match message {
            Message::Channel(news) => text(&news.payload),
            Message::Stale { stale: Stale::Everything, .. } => "everything is stale".into(),
            other => panic!("{other:?}"),
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn who_listens_keeps_a_database_awake() {
    let settings = Settings { idle_after: Duration::ZERO, ..Settings::default() };
    let scene = Scene::on(&SimDisk::new(1), settings);
    let ear = listen(&scene, 1, "SUBSCRIBE a").await;
    scene.local.tend().await;
    assert_eq!(awake(&scene), 1, "a key may expire, which is to be told");
    drop(ear);
    scene.local.tend().await;
    assert_eq!(awake(&scene), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_listens_goes_on_hearing_when_memory_was_needed() {
    let settings = Settings { memory_bytes_max: Some(1 << 20), ..Settings::default() };
    let scene = Scene::on(&SimDisk::new(1), settings);
    let half = format!("SET k {}", "x".repeat(700_000));
    assert_eq!(scene.kept(1, &half).await, Reply::OK);
    let ear = listen(&scene, 1, "SUBSCRIBE a").await;
    assert_eq!(scene.kept(2, &half).await, Reply::OK);
    assert_eq!(awake(&scene), 1, "there is no room for both");
    assert_eq!(scene.kept(1, "PUBLISH a 1").await, Reply::Int(1));
    assert_eq!(heard(&ear), ["1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_keeps_copies_keeps_a_database_awake() {
    let settings = Settings { idle_after: Duration::ZERO, ..Settings::default() };
    let scene = Scene::on(&SimDisk::new(1), settings);
    let ear = track(&scene, 1).await;
    scene.local.tend().await;
    assert_eq!((awake(&scene), heard(&ear)), (1, vec![]), "a key may expire, which is to be told");
    drop(ear);
    scene.local.tend().await;
    assert_eq!(awake(&scene), 0);
}

/// Goal: while its database sleeps, a copy may expire, and nobody would say so.
#[tokio::test(flavor = "multi_thread")]
async fn who_keeps_copies_gives_them_up_when_memory_was_needed() {
    let settings = Settings { memory_bytes_max: Some(1 << 20), ..Settings::default() };
    let scene = Scene::on(&SimDisk::new(1), settings);
    let half = format!("SET k {}", "x".repeat(700_000));
    assert_eq!(scene.kept(1, &half).await, Reply::OK);
    let ear = track(&scene, 1).await;
    assert_eq!(scene.kept(2, &half).await, Reply::OK);
    assert_eq!((awake(&scene), heard(&ear)), (1, vec!["everything is stale".to_owned()]));
}

#[tokio::test]
async fn nothing_crosses_databases() {
    let scene = Scene::new();
    let (one, two) = (listen(&scene, 1, "SUBSCRIBE a").await, listen(&scene, 2, "SUBSCRIBE a").await);
    assert_eq!(scene.one(1, "PUBLISH a 1"), Reply::Int(1));
    assert_eq!(scene.one(2, "PUBLISH a 2"), Reply::Int(1));
    assert_eq!((heard(&one), heard(&two)), (vec!["1".to_owned()], vec!["2".to_owned()]));
    drop(one);
    assert_eq!((scene.one(1, "PUBLISH a 1"), scene.one(2, "PUBLISH a 2")), (Reply::Int(0), Reply::Int(1)));
}

/// Goal: ten thousand who listen and hear nothing cost no task and no timer here, and a message costs those who hear it.
#[tokio::test]
async fn many_may_listen() {
    let scene = Scene::new();
    let mut ears = Vec::new();
    for n in 0..10_000 {
        ears.push(listen(&scene, 1, &format!("SUBSCRIBE {n}")).await);
    }
    assert_eq!(scene.one(1, "PUBLISH 7 hello"), Reply::Int(1));
    assert_eq!(heard(&ears[7]), ["hello"]);
    assert!(heard(&ears[8]).is_empty());
}
