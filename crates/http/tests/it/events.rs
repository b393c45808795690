//! Event streams, byte by byte.

use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper::{Request, StatusCode};
use latchkey_http::Settings;
use latchkey_pipeline::Scope;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::http2::connect;
use crate::support::{Client, PATIENCE, Served, TOKEN, post, request};

const ACCEPT: &str = "accept: text/event-stream\r\n";

/// Streams from this path, with the head of the response and the first events.
async fn listen(client: &mut Client<TcpStream>, path: &str) -> (crate::support::Response, String) {
    client.send(request("POST", path, ACCEPT, "[]")).await;
    (client.head().await, client.chunk().await)
}

/// Waits until the hub knows of no listener any more.
async fn nobody_listens(served: &Served) {
    let gone = async {
        while served.hub.has_listeners() {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, gone).await.expect("the listener stays");
}

#[tokio::test]
async fn a_stream_begins_at_once_and_carries_messages() {
    let served = Served::start(Settings::default()).await;
    let mut client = served.client().await;
    client.send(request("POST", "/subscribe/a/b%20c", &format!("{ACCEPT}origin: http://o\r\n"), "[]")).await;
    let head = client.head().await;
    assert_eq!(head.status, 200);
    assert_eq!(head.header("content-type"), Some("text/event-stream"));
    assert_eq!(head.header("cache-control"), Some("no-store"));
    assert_eq!(head.header("transfer-encoding"), Some("chunked"));
    assert_eq!(head.header("x-accel-buffering"), Some("no"));
    assert_eq!(head.header("upstash-sync-token"), Some("7"));
    assert_eq!(head.header("access-control-allow-origin"), Some("http://o"));
    assert_eq!(client.chunk().await, "data: subscribe,a,1\n\ndata: subscribe,b c,2\n\n");
    assert_eq!(served.publish("a", r#"{"x": [1,2]}"#), 1);
    assert_eq!(client.chunk().await, "data: message,a,{\"x\": [1,2]}\n\n");
    assert_eq!(served.publish("b c", "line\none\r\ntwo é"), 1);
    assert_eq!(client.chunk().await, "data: message,b c,line one  two é\n\n");
}

#[tokio::test]
async fn patterns_and_monitors_have_streams_too() {
    let served = Served::start(Settings::default()).await;
    let (mut patterns, mut monitor) = (served.client().await, served.client().await);
    assert_eq!(listen(&mut patterns, "/PSubscribe/n*").await.1, "data: psubscribe,n*,1\n\n");
    served.publish("news", "1,2");
    assert_eq!(patterns.chunk().await, "data: pmessage,n*,news,1,2\n\n");
    assert_eq!(listen(&mut monitor, "/monitor").await.1, "data: \"OK\"\n\n");
    served.hub.tell_monitors(r#"1721284005.242090 [0 0.0.0.0:0] "GET" "k""#.into());
    assert_eq!(monitor.chunk().await, "data: 1721284005.242090 [0 0.0.0.0:0] \"GET\" \"k\"\n\n");
}

#[tokio::test]
async fn get_and_a_token_in_the_query_will_do() {
    let served = Served::start(Settings::default()).await;
    let mut client = served.client().await;
    client
        .send(format!(
            "GET /subscribe/a?_token={TOKEN} HTTP/1.1\r\nhost: h\r\nAccept: text/event-stream\r\n\r\n"
        ))
        .await;
    assert_eq!(client.head().await.status, 200);
    assert_eq!(client.chunk().await, "data: subscribe,a,1\n\n");
}

#[tokio::test]
async fn what_cannot_be_streamed_is_an_error_in_json() {
    let served = Served::start(Settings::default()).await;
    let mut client = served.client().await;
    let plain = client.ask(post("/subscribe/a", "[]")).await;
    let wanted = r#"{"error":"ERR this is an event stream: send the header Accept: text/event-stream"}"#;
    assert_eq!((plain.status, plain.text()), (400, wanted));
    let headers = format!("{ACCEPT}upstash-encoding: base64\r\nupstash-response-format: json\r\n");
    let nothing = client.ask(request("POST", "/subscribe", &headers, "[]")).await;
    assert_eq!((nothing.status, nothing.text()), (400, r#"{"error":"ERR syntax error"}"#));
    for accept in ["", "Accept: text/event-stream\r\n"] {
        let unknown = format!("GET /subscribe/a HTTP/1.1\r\nhost: h\r\n{accept}\r\n");
        let unknown = client.ask(unknown).await;
        assert_eq!(unknown.status, 401, "{accept}");
        assert!(unknown.text().starts_with(r#"{"error":"WRONGPASS"#), "{}", unknown.text());
    }
    assert!(!served.hub.has_listeners());
}

#[tokio::test]
async fn head_listens_to_nothing() {
    let served = Served::start(Settings::default()).await;
    let mut client = served.client().await;
    client.send(request("HEAD", "/subscribe/a", ACCEPT, "")).await;
    assert_eq!(client.head().await.header("content-type"), Some("text/event-stream"));
    nobody_listens(&served).await;
    assert_eq!(client.ask(post("/", r#"["PING"]"#)).await.status, 200);
}

#[tokio::test]
async fn who_leaves_is_noticed_without_a_message() {
    let served = Served::start(Settings::default()).await;
    let mut client = served.client().await;
    listen(&mut client, "/subscribe/a").await;
    assert_eq!(served.hub.listeners_on(Scope::Channel, b"a"), 1);
    drop(client);
    nobody_listens(&served).await;
}

#[tokio::test]
async fn a_quiet_stream_has_a_heartbeat() {
    let served = Served::start(Settings { heartbeat: Duration::from_millis(5), ..Settings::default() }).await;
    let mut client = served.client().await;
    listen(&mut client, "/subscribe/a").await;
    for _ in 0..2 {
        assert_eq!(client.chunk().await, ": heartbeat\n\n");
    }
    served.revoke();
    let last = loop {
        let chunk = client.chunk().await;
        if chunk != ": heartbeat\n\n" {
            break chunk;
        }
    };
    assert_eq!(last, ": the token is not good any more\n\n");
    assert_eq!(client.chunk().await, "");
    assert!(!served.hub.has_listeners());
}

#[tokio::test]
async fn a_revoked_token_hears_nothing_more() {
    let served = Served::start(Settings::default()).await;
    let mut client = served.client().await;
    listen(&mut client, "/subscribe/a").await;
    served.publish("a", "1");
    assert_eq!(client.chunk().await, "data: message,a,1\n\n");
    served.revoke();
    served.publish("a", "2");
    assert_eq!(client.chunk().await, ": the token is not good any more\n\n");
    assert_eq!(client.chunk().await, "");
}

#[tokio::test]
async fn who_does_not_read_is_dropped_and_told() {
    let served = Served::start(Settings::default()).await;
    let mut client = served.client().await;
    listen(&mut client, "/subscribe/a").await;
    let payload = "x".repeat(1_000_000);
    // What the sockets hold comes on top of what the mailbox does.
    let published = (0..1_000).take_while(|_| served.publish("a", &payload) == 1).count();
    assert!(published < 1_000, "it was never dropped");
    let last = loop {
        let chunk = client.chunk().await;
        if !chunk.starts_with("data: message,a,x") {
            break chunk;
        }
    };
    assert_eq!(last, ": too many messages wait for this client\n\n");
    assert_eq!(client.chunk().await, "");
}

/// Goal: a listener that reads nothing does not hold its connection for as long as TCP has patience. There are two places
/// for connections, and a third client finds one.
#[tokio::test]
async fn who_never_reads_loses_the_connection() {
    let write_timeout = Duration::from_millis(50);
    let settings = Settings { write_timeout, connections_max: 2, ..Settings::default() };
    let served = Served::start(settings).await;
    let (mut silent, mut reader) = (served.client().await, served.client().await);
    listen(&mut silent, "/subscribe/a").await;
    listen(&mut reader, "/subscribe/a").await;
    let payload = "x".repeat(1_000_000);
    // What the reader has read was written to the other one as well, as far as there was room.
    for published in 0.. {
        assert!(published < 1_000, "it was never dropped");
        if served.publish("a", &payload) < 2 {
            break;
        }
        assert_eq!(reader.chunk().await.len(), payload.len() + "data: message,a,\n\n".len());
    }
    let mut third = served.client().await;
    assert_eq!(third.ask(post("/", r#"["PING"]"#)).await.status, 200);
    drop(silent);
}

#[tokio::test]
async fn streams_are_bounded() {
    let served = Served::start(Settings { streams_max: 1, ..Settings::default() }).await;
    let (mut first, mut second) = (served.client().await, served.client().await);
    listen(&mut first, "/subscribe/a").await;
    let refused = second.ask(request("POST", "/subscribe/a", ACCEPT, "[]")).await;
    let error = r#"{"error":"ERR too many event streams are open, try again"}"#;
    assert_eq!((refused.status, refused.text()), (503, error));
    drop(first);
    nobody_listens(&served).await;
    // The place is given back after the ear.
    let again = async {
        loop {
            second.send(request("POST", "/subscribe/a", ACCEPT, "[]")).await;
            let head = second.head().await;
            match head.header("content-length") {
                Some(length) => second.skip(length.parse().unwrap()).await,
                None => break head.status,
            }
        }
    };
    assert_eq!(timeout(PATIENCE, again).await.expect("the place is not given back"), 200);
}

#[tokio::test]
async fn streams_end_when_the_server_stops() {
    let settings = Settings { drain_timeout: PATIENCE * 2, ..Settings::default() };
    let served = Served::start(settings).await;
    let mut client = served.client().await;
    listen(&mut client, "/subscribe/a").await;
    let stopping = served.stop();
    assert_eq!(client.chunk().await, "");
    assert_eq!(client.rest().await, "");
    timeout(PATIENCE, stopping).await.expect("stops when its streams have ended").unwrap();
}

#[tokio::test]
async fn streams_share_a_connection_of_http2() {
    let served = Served::start(Settings::default()).await;
    let mut sender = connect(TcpStream::connect(served.address).await.unwrap()).await;
    let mut bodies = Vec::new();
    for channel in ["a", "b"] {
        let request = Request::post(format!("http://h/subscribe/{channel}"))
            .header("authorization", format!("Bearer {TOKEN}"))
            .header("accept", "text/event-stream");
        let response = sender.send_request(request.body(Full::default()).unwrap()).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        bodies.push(response.into_body());
    }
    let mut second = bodies.pop().unwrap();
    let mut first = bodies.pop().unwrap();
    let data = |frame: hyper::body::Frame<bytes::Bytes>| frame.into_data().unwrap();
    assert_eq!(data(first.frame().await.unwrap().unwrap()), "data: subscribe,a,1\n\n");
    assert_eq!(data(second.frame().await.unwrap().unwrap()), "data: subscribe,b,1\n\n");
    assert_eq!(served.publish("b", "1"), 1);
    assert_eq!(data(second.frame().await.unwrap().unwrap()), "data: message,b,1\n\n");
    drop(first);
    let left = async {
        while served.hub.listeners_on(Scope::Channel, b"a") > 0 {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, left).await.expect("a stream that is cancelled goes on");
    assert_eq!(served.publish("b", "2"), 1);
}
