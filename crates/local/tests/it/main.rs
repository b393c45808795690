//! Many tenants in one process: who waits for whom, and who does not.
#![allow(clippy::unwrap_used)] // a test that cannot go on stops; clippy exempts only the functions marked #[test]

mod backpressure;
mod listening;
mod peek;
mod sleep;
mod support;
mod waiting;

use std::sync::mpsc;
use std::task::{Context, Poll};

use futures_util::FutureExt;
use futures_util::task::noop_waker;
use latchkey_pipeline::{Refusal, Replies, Shape};
use latchkey_protocol::Reply;
use latchkey_tenancy::Limits;

use crate::support::{REPLY_BYTES_MAX, Scene};

/// Polls once; `None` if it is not done.
fn poll<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
    match future.poll_unpin(&mut Context::from_waker(&noop_waker())) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}

fn bulk(text: &str) -> Reply {
    Reply::bulk(text)
}

#[test]
fn a_pipeline_lets_others_in_after_64_commands() {
    let scene = Scene::new();
    let mut pipeline = scene.send(1, Shape::Pipeline, &vec!["INCR n"; 200]);
    for turn in [64, 128, 192] {
        assert!(poll(&mut pipeline).is_none());
        assert_eq!(scene.one(1, "GET n"), bulk(&turn.to_string()), "another gets the database in between");
    }
    let Replies::Many(replies) = poll(&mut pipeline).expect("the last 8").replies else {
        panic!("one reply")
    };
    assert_eq!((replies.len(), &replies[199]), (200, &Reply::Int(200)));
}

#[test]
fn a_pipeline_lets_others_in_after_half_a_millisecond() {
    let scene = Scene::new();
    scene.clock.tick_us(100);
    let mut pipeline = scene.send(1, Shape::Pipeline, &["INCR n"; 20]);
    assert!(poll(&mut pipeline).is_none());
    assert_eq!(scene.one(1, "GET n"), bulk("6"), "those that began within 500 µs");
    for _ in 0..2 {
        assert!(poll(&mut pipeline).is_none());
    }
    assert!(poll(&mut pipeline).is_some());
    assert_eq!(scene.one(1, "GET n"), bulk("20"));
}

#[test]
fn a_transaction_lets_nobody_in() {
    let scene = Scene::new();
    scene.clock.tick_us(100);
    let mut transaction = scene.send(1, Shape::Atomic, &vec!["INCR n"; 200]);
    let Replies::Many(replies) = poll(&mut transaction).expect("in one go").replies else {
        panic!("one reply")
    };
    assert_eq!(replies[199], Reply::Int(200));
}

#[test]
fn databases_do_not_share_keys_and_a_dropped_one_is_empty() {
    let scene = Scene::new();
    scene.one(1, "SET k one");
    assert_eq!(scene.one(2, "GET k"), Reply::Null);
    scene.one(2, "SET k two");
    scene.local.drop_database(Scene::database(1));
    assert_eq!(scene.one(1, "GET k"), Reply::Null);
    assert_eq!(scene.one(2, "GET k"), bulk("two"));
    scene.local.keep_databases(|id| id == Scene::database(1));
    assert_eq!(scene.one(2, "GET k"), Reply::Null);
}

/// A tenant's database is held up, by a clock that stops in the middle of its command. Another's is not; and of its own
/// callers no more than 128 wait. A pipeline that has begun keeps the replies of what ran.
#[test]
fn a_busy_database_holds_up_nobody_else_and_only_so_many_of_its_own() {
    const CALLERS: usize = 140;
    const WAITING_MAX: usize = 128;
    let scene = Scene::new();
    scene.one(1, "SET k v");
    scene.one(2, "SET k v");
    let mut pipeline = scene.send(1, Shape::Pipeline, &vec!["INCR n"; 70]);
    assert!(poll(&mut pipeline).is_none(), "64 ran");
    let calls = scene.clock.count(|| drop(scene.one(1, "GET k")));
    std::thread::scope(|scope| {
        let holder = scope.spawn(|| scene.clock.stopping_at(calls, || scene.one(1, "GET k")));
        scene.clock.await_stop();

        assert_eq!(scene.one(2, "GET k"), bulk("v"), "another database");

        let (answered, answers) = mpsc::channel();
        for _ in 0..CALLERS {
            let (scene, answered) = (&scene, answered.clone());
            scope.spawn(move || answered.send(scene.now(1, Shape::One, &["GET k"])).unwrap());
        }
        for _ in WAITING_MAX..CALLERS {
            let Replies::Refused(refusal) = answers.recv().unwrap() else { panic!("ran beside the holder") };
            let Refusal::Unavailable(error) = refusal else { panic!("{refusal:?}") };
            assert_eq!(error.code(), "BUSY");
        }
        let Replies::Many(replies) = support::finish(&mut pipeline).replies else {
            panic!("what ran was forgotten")
        };
        assert_eq!((replies.len(), &replies[63]), (70, &Reply::Int(64)));
        for reply in &replies[64..] {
            assert!(matches!(reply, Reply::Error(error) if error.code() == "BUSY"), "{reply:?}");
        }
        scene.clock.go_on();
        for _ in 0..WAITING_MAX {
            assert!(matches!(answers.recv().unwrap(), Replies::One(Reply::Bulk(_))));
        }
        assert_eq!(holder.join().unwrap(), bulk("v"));
    });
    assert_eq!(scene.one(1, "GET k"), bulk("v"), "and it is not busy any more");
    assert_eq!(scene.one(1, "GET n"), bulk("64"));
}

#[test]
fn a_batch_gathers_no_more_than_one_reply_may_hold() {
    let scene = Scene::new();
    let value = "x".repeat(400);
    scene.one(1, &format!("SET k {value}"));
    for shape in [Shape::Pipeline, Shape::Atomic] {
        let Replies::Many(replies) = scene.now(1, shape, &["GET k", "GET k", "GET k", "GET k", "STRLEN k"])
        else {
            panic!("{shape:?}")
        };
        let Reply::Error(error) = &replies[2] else { panic!("{replies:?}") };
        assert_eq!(
            error.text(),
            format!("ERR max request size exceeded. Limit: {REPLY_BYTES_MAX} bytes, Actual: 1200 bytes")
        );
        assert_eq!(replies[2], replies[3]);
        assert_eq!(
            (&replies[1], &replies[4]),
            (&bulk(&value), &Reply::Int(400)),
            "{shape:?}: what fits stays"
        );
    }
}

#[test]
fn limits_that_change_hold_from_the_next_request_on() {
    let scene = Scene::new();
    let write = format!("SET k {}", "x".repeat(500));
    assert_eq!(scene.one(1, &write), Reply::OK);
    scene.set_limits(1, Limits { stored_bytes_max: Some(100), ..Limits::UNLIMITED });
    assert!(matches!(scene.one(1, &write), Reply::Error(error) if error.text().contains("capacity quota")));
    scene.set_limits(1, Limits::UNLIMITED);
    assert_eq!(scene.one(1, &write), Reply::OK);
}
