//! Commands that wait, of requests without a connection. Time is not real: it goes on when nobody has anything to do.

use std::time::Duration;

use latchkey_journal::sim::{Loss, SimDisk};
use latchkey_local::Settings;
use latchkey_pipeline::{Refusal, Replies, Shape};
use latchkey_protocol::Reply;
use tokio::time::Instant;

use crate::support::Scene;
use crate::{bulk, poll};

fn pair(key: &str, item: &str) -> Reply {
    Reply::Array(vec![bulk(key), bulk(item)])
}

/// How many commands wait, as INFO tells.
fn waiting(scene: &Scene) -> usize {
    let Reply::Verbatim(info) = scene.one(1, "INFO clients") else { panic!("INFO answers text") };
    let info = String::from_utf8(info.to_vec()).unwrap();
    let waiting = info.lines().find_map(|line| line.strip_prefix("blocked_clients:"));
    waiting.unwrap().parse().unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_request_waits_until_another_brings_what_it_wants() {
    let scene = Scene::new();
    let mut ann = scene.send(1, Shape::One, &["BLPOP q 0"]);
    let mut bob = scene.send(1, Shape::One, &["BLPOP q 0"]);
    assert!(poll(&mut ann).is_none() && poll(&mut bob).is_none());
    assert_eq!(waiting(&scene), 2);
    assert!(matches!(
        scene.now(1, Shape::Atomic, &["RPUSH q 1", "RPUSH q 2", "RPUSH q 3"]),
        Replies::Many(_)
    ));
    for (who, item) in [(ann, "1"), (bob, "2")] {
        let answer = who.await;
        assert!(matches!(&answer.replies, Replies::One(reply) if *reply == pair("q", item)), "{answer:?}");
        assert!(answer.standing.unwrap().position.is_some_and(|position| position > 0));
    }
    assert_eq!((scene.one(1, "LLEN q"), waiting(&scene)), (Reply::Int(1), 0));
}

#[tokio::test]
async fn among_others_a_command_does_not_wait() {
    let scene = Scene::new();
    for shape in [Shape::Pipeline, Shape::Atomic, Shape::Stream] {
        let Replies::Many(replies) = scene.now(1, shape, &["BLPOP q 0", "SET k v"]) else {
            panic!("{shape:?}")
        };
        assert_eq!(replies.as_slice(), [Reply::NullArray, Reply::OK], "{shape:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_without_a_connection_waits_a_minute_at_most() {
    for (command, seconds) in
        [("BLPOP q 0", 60), ("BLPOP q 3600", 60), ("BLPOP q 7", 7), ("XREAD BLOCK 0 STREAMS s $", 60)]
    {
        let (scene, began) = (Scene::new(), Instant::now());
        let answer = scene.send(1, Shape::One, &[command]).await;
        assert!(matches!(answer.replies, Replies::One(Reply::NullArray)), "{answer:?}");
        assert_eq!(began.elapsed().as_secs(), seconds, "{command}");
        assert_eq!(waiting(&scene), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_token_that_is_revoked_ends_its_waits() {
    let (scene, began) = (Scene::new(), Instant::now());
    let mut ann = scene.send(1, Shape::One, &["BLPOP q 0"]);
    assert!(poll(&mut ann).is_none());
    scene.revoke(1);
    let Replies::Refused(Refusal::Unauthenticated(_)) = ann.await.replies else { panic!("it is revoked") };
    assert!(began.elapsed() <= Duration::from_secs(5));
}

/// Goal: once it is said that a token is revoked, nothing is taken for it. No time passes here, so nobody has looked.
#[tokio::test(start_paused = true)]
async fn nothing_is_taken_for_a_token_that_is_revoked() {
    let (scene, began) = (Scene::new(), Instant::now());
    let mut ann = scene.send(1, Shape::One, &["BLPOP q 0"]);
    assert!(poll(&mut ann).is_none());
    scene.revoke(1);
    // The token is the only one of its database.
    scene.issue(1, "another token");
    assert_eq!(scene.one_with("another token", "RPUSH q x"), Reply::Int(1));
    assert_eq!(scene.one_with("another token", "LLEN q"), Reply::Int(1));
    let Replies::Refused(Refusal::Unauthenticated(_)) = ann.await.replies else { panic!("it is revoked") };
    assert_eq!(began.elapsed(), Duration::ZERO, "it is told when something has come");
}

#[tokio::test]
async fn a_request_that_is_given_up_leaves() {
    let scene = Scene::new();
    let mut ann = scene.send(1, Shape::One, &["BLPOP q 0"]);
    assert!(poll(&mut ann).is_none());
    assert_eq!(waiting(&scene), 1);
    drop(ann);
    assert_eq!(waiting(&scene), 0);
}

/// Who goes while the database is busy cannot take leave. Nothing is taken for it all the same.
#[tokio::test]
async fn a_request_that_is_given_up_while_the_database_is_busy_is_skipped() {
    let scene = Scene::new();
    scene.one(1, "SET k v");
    let mut ann = scene.send(1, Shape::One, &["BLPOP q 0"]);
    assert!(poll(&mut ann).is_none());
    let calls = scene.clock.count(|| drop(scene.one(1, "GET k")));
    std::thread::scope(|scope| {
        let holder = scope.spawn(|| scene.clock.stopping_at(calls, || scene.one(1, "GET k")));
        scene.clock.await_stop();
        drop(ann);
        scene.clock.go_on();
        holder.join().unwrap();
    });
    assert_eq!(waiting(&scene), 1, "nobody has had the time to look");
    assert_eq!(scene.one(1, "RPUSH q x"), Reply::Int(1));
    assert_eq!((scene.one(1, "LLEN q"), waiting(&scene)), (Reply::Int(1), 0));
}

#[tokio::test]
async fn who_stops_lets_nobody_wait() {
    let scene = Scene::new();
    let mut ann = scene.send(1, Shape::One, &["BLPOP q 0"]);
    assert!(poll(&mut ann).is_none());
    scene.local.end_waits();
    for who in [ann, scene.send(1, Shape::One, &["BLPOP q 0"])] {
        let Replies::One(Reply::Error(error)) = who.await.replies else { panic!("no answer") };
        assert_eq!(error.code(), "UNBLOCKED");
    }
    assert_eq!(waiting(&scene), 0);
}

/// Goal: what a waiting client takes is in the record of the step that brought it, and is told when that is durable.
#[tokio::test(flavor = "multi_thread")]
async fn who_waits_keeps_the_database_awake_and_what_was_taken_stays_taken() {
    let disk = SimDisk::new(1);
    let at_once = Settings { memory_bytes_max: None, idle_after: Duration::ZERO };
    let scene = Scene::on(&disk, at_once);
    assert_eq!(scene.kept(1, "SET k v").await, Reply::OK);
    let mut ann = scene.send(1, Shape::One, &["BLMOVE q done LEFT LEFT 0"]);
    assert!(poll(&mut ann).is_none());
    scene.local.tend().await;
    assert_eq!(scene.local.stored_bytes().len(), 1, "it sleeps although somebody waits");
    assert_eq!(scene.kept(1, "RPUSH q 1 2").await, Reply::Int(2));
    assert!(matches!(ann.await.replies, Replies::One(reply) if reply == bulk("1")));
    scene.local.tend().await;
    assert!(scene.local.stored_bytes().is_empty(), "nobody waits any more");
    let after = Scene::on(&disk.crash(Loss::All), at_once);
    assert_eq!(after.kept(1, "LRANGE q 0 -1").await, Reply::Array(vec![bulk("2")]));
    assert_eq!(after.kept(1, "LRANGE done 0 -1").await, Reply::Array(vec![bulk("1")]));
}
