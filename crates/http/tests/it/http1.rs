//! HTTP/1.1: methods, connections, and requests that are not quite right.

use crate::support::{Served, post, request};
use latchkey_http::Settings;

#[tokio::test]
async fn a_connection_is_used_again() {
    let served = Served::start(Settings::default()).await;
    let mut client = served.client().await;
    for _ in 0..3 {
        let response = client.ask(post("/", r#"["ECHO","hello"]"#)).await;
        assert_eq!((response.status, response.text()), (200, r#"{"result":"hello"}"#));
        assert_eq!(response.header("content-type"), Some("application/json; charset=utf-8"));
        assert_eq!(response.header("cache-control"), Some("no-store"));
        assert_eq!(response.header("upstash-sync-token"), Some("7"));
    }
}

#[tokio::test]
async fn requests_sent_together_are_answered_in_order() {
    let served = Served::start(Settings::default()).await;
    let mut client = served.client().await;
    let together: String = (0..20).map(|n| post("/", &format!(r#"["ECHO","{n}"]"#))).collect();
    client.send(together).await;
    for n in 0..20 {
        assert_eq!(client.response().await.text(), format!(r#"{{"result":"{n}"}}"#));
    }
}

#[tokio::test]
async fn a_head_request_gets_the_length_and_no_body() {
    let served = Served::start(Settings::default()).await;
    let mut client = served.client().await;
    client.send(request("HEAD", "/ECHO/hello", "", "")).await;
    let head = client.head().await;
    assert_eq!((head.status, head.header("content-length")), (200, Some("18")));
    assert_eq!(client.ask(request("GET", "/ECHO/hello", "", "")).await.text(), r#"{"result":"hello"}"#);
}

#[tokio::test]
async fn a_preflight_needs_no_token_and_allows_what_it_asks_for() {
    let served = Served::start(Settings::default()).await;
    let mut client = served.client().await;
    let preflight = "OPTIONS /pipeline HTTP/1.1\r\nhost: h\r\norigin: https://page\r\n\
                     access-control-request-headers: authorization, upstash-encoding\r\n\r\n";
    let response = client.ask(preflight).await;
    assert_eq!((response.status, response.text()), (200, ""));
    assert_eq!(response.header("access-control-allow-origin"), Some("https://page"));
    assert_eq!(response.header("access-control-allow-headers"), Some("authorization, upstash-encoding"));
    assert_eq!(response.header("access-control-allow-methods"), Some("head, get, post, put"));
}

#[tokio::test]
async fn a_page_can_read_errors_too() {
    let served = Served::start(Settings::default()).await;
    let mut client = served.client().await;
    let response = client.ask("GET /get/k HTTP/1.1\r\nhost: h\r\norigin: https://page\r\n\r\n").await;
    assert_eq!(
        (response.status, response.header("access-control-allow-origin")),
        (401, Some("https://page"))
    );
}

#[tokio::test]
async fn other_methods_are_refused_with_an_empty_body() {
    let served = Served::start(Settings::default()).await;
    let mut client = served.client().await;
    for (method, path, allowed) in [
        ("DELETE", "/get/k", "head, get, post, put, options"),
        ("PATCH", "/", "head, get, post, put, options"),
        ("GET", "/pipeline", "post, put, options"),
        ("GET", "/multi-exec", "post, put, options"),
    ] {
        let response = client.ask(request(method, path, "", "")).await;
        assert_eq!((response.status, response.text()), (405, ""), "{method} {path}");
        assert_eq!(response.header("allow"), Some(allowed), "{method} {path}");
    }
}

#[tokio::test]
async fn a_panic_is_an_error_and_the_connection_lives() {
    let served = Served::start(Settings::default()).await;
    let mut client = served.client().await;
    let response = client.ask(post("/", r#"["PANIC"]"#)).await;
    assert_eq!((response.status, response.text()), (500, r#"{"error":"ERR internal error"}"#));
    assert_eq!(client.ask(post("/", r#"["ECHO","on"]"#)).await.text(), r#"{"result":"on"}"#);
}

#[tokio::test]
async fn what_is_no_http_is_told_so_and_closed() {
    let served = Served::start(Settings::default()).await;
    let mut client = served.client().await;
    client.send("\u{1}\u{2} what is this?\r\n\r\n").await;
    assert!(client.rest().await.starts_with("HTTP/1.1 400 Bad Request\r\n"));
    assert_eq!(served.client().await.ask(post("/", r#"["PING"]"#)).await.status, 200);
}

#[tokio::test]
async fn a_redis_client_is_told_that_this_is_http() {
    let served = Served::start(Settings::default()).await;
    let mut client = served.client().await;
    client.send("*1\r\n$4\r\nPING\r\n").await;
    let told = client.rest().await;
    assert!(told.starts_with("-ERR this is the REST port") && told.ends_with("\r\n"), "{told:?}");
}

#[tokio::test]
async fn health_and_readiness_need_no_token() {
    let served = Served::start(Settings::default()).await;
    let mut client = served.client().await;
    let get = |path: &str| format!("GET {path} HTTP/1.1\r\nhost: h\r\n\r\n");
    assert_eq!(client.ask(get("/healthz")).await.text(), r#"{"status":"ok"}"#);
    assert_eq!(client.ask(get("/readyz")).await.status, 503);
    served.readiness.set(true);
    assert_eq!(client.ask(get("/readyz")).await.status, 200);
}
