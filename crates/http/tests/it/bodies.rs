//! Bodies: too large, too slow, of strangers.

use std::time::Duration;

use crate::support::{Served, post, request};
use futures_util::FutureExt;
use latchkey_http::Settings;

fn small() -> Settings {
    Settings { body_bytes_max: 100_000, ..Settings::default() }
}

#[tokio::test]
async fn a_body_that_announces_too_much_is_not_read() {
    let served = Served::start(small()).await;
    let mut client = served.client().await;
    client
        .send("POST / HTTP/1.1\r\nhost: h\r\nauthorization: Bearer good\r\ncontent-length: 100001\r\n\r\n")
        .await;
    let response = client.response().await; // and not a byte of the body was sent
    let text = r#"{"error":"ERR max request size exceeded. Limit: 100000 bytes, Actual: 100001 bytes"}"#;
    assert_eq!((response.status, response.text()), (413, text));
}

/// The client has to be able to read the answer, though it sent a body that nobody wanted.
#[tokio::test]
async fn the_answer_arrives_though_the_body_was_not_wanted() {
    let served = Served::start(small()).await;
    let mut client = served.client().await;
    let body = "x".repeat(4_000_000);
    client.try_send(request("POST", "/set/k", "", &body).as_bytes()).await.unwrap();
    assert_eq!(client.response().await.status, 413);
    assert_eq!(client.rest().await, "");
}

#[tokio::test]
async fn a_chunked_body_is_cut_at_the_limit() {
    let served = Served::start(small()).await;
    let mut client = served.client().await;
    client.send("POST /set/k HTTP/1.1\r\nhost: h\r\nauthorization: Bearer good\r\ntransfer-encoding: chunked\r\n\r\n").await;
    let chunk = format!("ea60\r\n{}\r\n", "x".repeat(60_000));
    client.send(&chunk).await;
    client.send(&chunk).await;
    assert_eq!(client.response().await.status, 413);
}

#[tokio::test]
async fn a_chunked_body_within_the_limit_is_read() {
    let served = Served::start(small()).await;
    let mut client = served.client().await;
    client.send("POST /LENGTH HTTP/1.1\r\nhost: h\r\nauthorization: Bearer good\r\ntransfer-encoding: chunked\r\n\r\n").await;
    for _ in 0..4 {
        client.send(format!("4e20\r\n{}\r\n", "x".repeat(20_000))).await;
    }
    client.send("0\r\n\r\n").await;
    assert_eq!(client.response().await.text(), r#"{"result":80000}"#);
}

#[tokio::test]
async fn a_strangers_large_body_is_not_read() {
    let served = Served::start(small()).await;
    for length in ["content-length: 70000", "transfer-encoding: chunked"] {
        let mut client = served.client().await;
        client
            .send(format!("POST / HTTP/1.1\r\nhost: h\r\nauthorization: Bearer bad\r\n{length}\r\n\r\n"))
            .await;
        let response = client.response().await; // and not a byte of the body was sent
        assert_eq!(response.status, 401, "{length}");
        assert!(response.text().starts_with(r#"{"error":"WRONGPASS "#), "{}", response.text());
    }
}

#[tokio::test]
async fn a_stranger_does_not_learn_what_is_wrong_with_his_body() {
    let served = Served::start(small()).await;
    let mut client = served.client().await;
    let stranger = |body: &str| post("/", body).replace("Bearer good", "Bearer bad");
    assert_eq!(client.ask(stranger("not JSON")).await.status, 401);
    assert_eq!(client.ask(post("/", "not JSON")).await.status, 400);
}

#[tokio::test]
async fn a_body_that_does_not_come_is_not_waited_for() {
    let settings = Settings { body_timeout: Duration::from_millis(50), ..small() };
    let served = Served::start(settings).await;
    let mut client = served.client().await;
    client
        .send("POST / HTTP/1.1\r\nhost: h\r\nauthorization: Bearer good\r\ncontent-length: 10\r\n\r\n[")
        .await;
    let response = client.response().await;
    let text = r#"{"error":"ERR the request's body did not arrive in time"}"#;
    assert_eq!((response.status, response.text()), (408, text));
}

/// Large bodies share memory: one that does not fit waits until another is answered.
#[tokio::test]
async fn large_bodies_wait_for_each_other() {
    let settings = Settings { large_bodies_bytes_max: 100_000, ..small() };
    let served = Served::start(settings).await;
    let (mut first, mut second) = (served.client().await, served.client().await);
    let body = "x".repeat(90_000);
    first.send(request("POST", "/WAIT", "", &body)).await;
    served.gate.reached.notified().await;
    second.send(request("POST", "/WAIT", "", &body)).await;
    let mut third = served.client().await;
    for _ in 0..20 {
        assert_eq!(third.ask(post("/", r#"["PING"]"#)).await.status, 200, "small ones need not wait");
    }
    assert!(served.gate.reached.notified().now_or_never().is_none(), "there is no memory for a second");
    served.gate.open.notify_one();
    assert_eq!(first.response().await.status, 200);
    served.gate.reached.notified().await;
    served.gate.open.notify_one();
    assert_eq!(second.response().await.status, 200);
}
