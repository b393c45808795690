//! HTTP/2 without TLS, by prior knowledge.

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http2::{self, SendRequest};
use hyper::{Request, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo};
use latchkey_http::Settings;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use crate::support::{PATIENCE, Served, TOKEN};

pub(crate) type Sender = SendRequest<Full<Bytes>>;

pub(crate) async fn connect(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) -> Sender {
    let (sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    sender
}

pub(crate) async fn ask(sender: &mut Sender, path: &str, body: String) -> (StatusCode, String) {
    let request = Request::post(format!("http://h{path}")).header("authorization", format!("Bearer {TOKEN}"));
    let response = sender.send_request(request.body(Full::from(body)).unwrap()).await.unwrap();
    let status = response.status();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(body.into()).unwrap())
}

#[tokio::test]
async fn many_requests_share_a_connection() {
    let served = Served::start(Settings::default()).await;
    let sender = connect(TcpStream::connect(served.address).await.unwrap()).await;
    let asking = (0..100).map(|n| {
        let mut sender = sender.clone();
        async move { ask(&mut sender, "/", format!(r#"["ECHO","{n}"]"#)).await }
    });
    for (n, (status, body)) in futures_util::future::join_all(asking).await.into_iter().enumerate() {
        assert_eq!((status, body), (StatusCode::OK, format!(r#"{{"result":"{n}"}}"#)));
    }
}

#[tokio::test]
async fn a_body_that_is_not_wanted_costs_its_stream_only() {
    let served = Served::start(Settings { body_bytes_max: 100_000, ..Settings::default() }).await;
    let mut sender = connect(TcpStream::connect(served.address).await.unwrap()).await;
    assert_eq!(ask(&mut sender, "/set/k", "x".repeat(4_000_000)).await.0, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(ask(&mut sender, "/", r#"["PANIC"]"#.into()).await.0, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(ask(&mut sender, "/LENGTH", "x".repeat(90_000)).await.1, r#"{"result":90000}"#);
}

#[tokio::test]
async fn a_stream_that_was_begun_is_finished_when_the_server_stops() {
    let served = Served::start(Settings { drain_timeout: PATIENCE * 2, ..Settings::default() }).await;
    let mut sender = connect(TcpStream::connect(served.address).await.unwrap()).await;
    let asking = tokio::spawn(async move { ask(&mut sender, "/WAIT", String::new()).await });
    served.gate.reached.notified().await;
    let gate = std::sync::Arc::clone(&served.gate);
    let stopping = served.stop();
    gate.open.notify_one();
    assert_eq!(asking.await.unwrap(), (StatusCode::OK, r#"{"result":"OK"}"#.into()));
    tokio::time::timeout(PATIENCE, stopping).await.expect("nothing is left").unwrap();
}
