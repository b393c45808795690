//! What a client can hold on to: connections, heads, silence.

use std::time::Duration;

use crate::support::{Served, post, request};
use futures_util::FutureExt;
use latchkey_http::Settings;

#[tokio::test]
async fn a_connection_beyond_the_limit_waits_for_a_place() {
    let served = Served::start(Settings { connections_max: 1, ..Settings::default() }).await;
    let mut first = served.client().await;
    assert_eq!(first.ask(post("/", r#"["PING"]"#)).await.status, 200);
    let mut second = served.client().await;
    second.send(post("/", r#"["WAIT"]"#)).await;
    for _ in 0..20 {
        assert_eq!(first.ask(post("/", r#"["PING"]"#)).await.status, 200);
    }
    assert!(served.gate.reached.notified().now_or_never().is_none(), "there is no place for a second");
    drop(first);
    served.gate.reached.notified().await;
    served.gate.open.notify_one();
    assert_eq!(second.response().await.status, 200);
}

#[tokio::test]
async fn silence_is_cut() {
    let short = Duration::from_millis(50);
    let settings = Settings { first_byte_timeout: short, head_timeout: short, ..Settings::default() };
    let served = Served::start(settings).await;
    assert_eq!(served.client().await.rest().await, "", "not a byte");
    let mut half = served.client().await;
    half.send("POST / HTTP/1.1\r\nhost:").await;
    assert_eq!(half.rest().await, "", "half a head");
    let mut idle = served.client().await;
    assert_eq!(idle.ask(post("/", r#"["PING"]"#)).await.status, 200);
    assert_eq!(idle.rest().await, "", "idle after a request");
    let mut preface = served.client().await;
    preface.send("PRI * HTTP/2.0\r\n").await;
    assert_eq!(preface.rest().await, "", "half a preface of HTTP/2");
}

#[tokio::test]
async fn a_long_path_is_fine_and_a_far_too_long_one_is_not() {
    let served = Served::start(Settings::default()).await;
    let mut client = served.client().await;
    let response = client.ask(request("GET", &format!("/LENGTH/{}", "x".repeat(60_000)), "", "")).await;
    assert_eq!(response.text(), r#"{"result":60000}"#);
    let response = client.ask(request("GET", &format!("/LENGTH/{}", "x".repeat(70_000)), "", "")).await;
    assert_eq!(response.status, 414);
}

#[tokio::test]
async fn a_head_that_is_too_large_is_refused() {
    let served = Served::start(Settings::default()).await;
    let mut client = served.client().await;
    let header = format!("x: {}\r\n", "x".repeat(300_000));
    client.try_send(request("GET", "/PING", &header, "").as_bytes()).await.unwrap();
    assert_eq!(client.response().await.status, 431);
    let mut client = served.client().await;
    client.send(request("GET", "/PING", &"x: y\r\n".repeat(200), "")).await;
    assert_eq!(client.response().await.status, 431);
}
