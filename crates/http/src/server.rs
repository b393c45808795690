//! Connections: accepted, served and drained.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use hyper::body::Incoming as HyperBody;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use latchkey_pipeline::Stack;
use latchkey_tls::Tls;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::timeout;
use tokio_rustls::server::TlsStream;

use crate::Door;
use crate::door::Content;
use crate::patience::Patience;
use crate::peek::{self, Speech};

/// What a TLS client can choose from.
const PROTOCOLS: &[&[u8]] = &[b"h2", b"http/1.1"];
/// Streams that one HTTP/2 connection may have open.
const STREAMS_MAX: u32 = 256;
/// The largest head of a request: a path, which can hold arguments and is at most 64 KiB long, and headers. Also what a
/// connection of HTTP/1.1 may buffer.
const HEAD_BYTES_MAX: usize = 96 * 1024;
/// How often an HTTP/2 connection that is quiet is asked whether somebody is there.
const PING_PERIOD: Duration = Duration::from_secs(30);
/// After a failed accept (too many open files, say), so long until the next.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// So long, and so much, is read from a client that goes on sending after it was answered.
const LINGER: Duration = Duration::from_secs(1);
const LINGER_BYTES_MAX: usize = 16 * 1024 * 1024;

/// A listening socket with the door behind it.
pub struct Server<S> {
    listener: TcpListener,
    door: Arc<Door<S>>,
    tls: Option<Tls>,
}

/// The server could not listen.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}: {cause}")]
pub struct ServerError {
    address: SocketAddr,
    cause: std::io::Error,
}

impl<S: Stack> Server<S> {
    /// Listens. With TLS, nothing else is spoken on this socket.
    pub async fn bind(
        address: SocketAddr,
        door: Arc<Door<S>>,
        tls: Option<Tls>,
    ) -> Result<Self, ServerError> {
        let listener = TcpListener::bind(address).await.map_err(|cause| ServerError { address, cause })?;
        Ok(Self { listener, door, tls: tls.map(|tls| tls.offering(PROTOCOLS)) })
    }

    /// Where it listens: tells the port that the system chose for port 0.
    pub fn address(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves until `stop` is done. Then nothing more is accepted, connections finish what they have begun, and what is
    /// left after the drain timeout is cut.
    pub async fn serve(self, stop: impl Future<Output = ()>) {
        let (stopping, stopped) = watch::channel(false);
        let places = Arc::new(Semaphore::new(self.door.settings.connections_max));
        let mut stop = pin!(stop);
        loop {
            // A place first: beyond the limit, connections wait in the system's queue.
            let next = async {
                let place = Arc::clone(&places).acquire_owned().await.ok()?;
                Some((self.listener.accept().await, place))
            };
            tokio::select! {
                () = &mut stop => break,
                accepted = next => match accepted {
                    Some((Ok((stream, _)), place)) => self.take(stream, place, stopped.clone()),
                    Some((Err(error), _)) => {
                        tracing::warn!(%error, "accept");
                        tokio::time::sleep(ACCEPT_PAUSE).await;
                    }
                    None => break,
                },
            }
        }
        drop(self.listener);
        self.door.stop_streams();
        drop(stopped);
        let _ = stopping.send(true);
        let drained = timeout(self.door.settings.drain_timeout, stopping.closed()).await;
        if drained.is_err() {
            tracing::warn!(
                connections = stopping.receiver_count(),
                "cut connections that did not finish in time"
            );
        }
    }

    fn take(&self, stream: TcpStream, place: OwnedSemaphorePermit, stopped: watch::Receiver<bool>) {
        let (door, tls) = (Arc::clone(&self.door), self.tls.clone());
        tokio::spawn(async move {
            connection(stream, door, tls, stopped).await;
            drop(place);
        });
    }
}

async fn connection<S: Stack>(
    stream: TcpStream,
    door: Arc<Door<S>>,
    tls: Option<Tls>,
    mut stopped: watch::Receiver<bool>,
) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "set_nodelay");
    }
    let opened = tokio::select! {
        opened = open(stream, tls, door.settings.first_byte_timeout) => opened,
        // Nothing was begun that would have to be finished.
        () = stops(&mut stopped) => None,
    };
    match opened {
        Some(Opened::Plain(stream, Speech::Http2)) => serve_http2(stream, door, stopped).await,
        Some(Opened::Plain(stream, _)) => serve_http1(stream, door, stopped).await,
        Some(Opened::Tls(stream)) if is_http2(&stream) => serve_http2(stream, door, stopped).await,
        Some(Opened::Tls(stream)) => serve_http1(stream, door, stopped).await,
        None => {}
    }
}

/// Done when the server is told to stop.
async fn stops(stopped: &mut watch::Receiver<bool>) {
    drop(stopped.wait_for(|&stopped| stopped).await);
}

/// Done when the server waits for nobody any more.
async fn goes(stopped: &mut watch::Receiver<bool>) {
    drop(stopped.wait_for(|_| false).await);
}

/// A connection on which requests can be served.
enum Opened {
    Plain(TcpStream, Speech),
    Tls(Box<TlsStream<TcpStream>>),
}

/// Finds out what is spoken. `None` if it is nothing that this port speaks; then the client has been told.
async fn open(stream: TcpStream, tls: Option<Tls>, deadline: Duration) -> Option<Opened> {
    let speech = peek::speech(&stream, deadline).await?;
    match (tls, speech) {
        (Some(tls), Speech::Tls) => match timeout(deadline, tls.accept(stream)).await {
            Ok(Ok(stream)) => return Some(Opened::Tls(Box::new(stream))),
            Ok(Err(error)) => tracing::debug!(%error, "TLS handshake"),
            Err(_) => tracing::debug!("TLS handshake took too long"),
        },
        (_, Speech::Resp) => say(stream, RESP_ON_HTTP).await,
        (Some(_), Speech::Http1 | Speech::Http2) => say(stream, &plain_on_tls()).await,
        (None, Speech::Tls) => tracing::debug!("a TLS handshake on a port without TLS"),
        (None, Speech::Http1 | Speech::Http2) => return Some(Opened::Plain(stream, speech)),
    }
    None
}

/// What a Redis client is told.
const RESP_ON_HTTP: &str = concat!(
    "-ERR this is the REST port, which speaks HTTP: give its http:// or https:// URL to a REST client; the Redis ",
    "protocol has a port of its own (redis:// or rediss://, 6379 unless configured otherwise)\r\n"
);

/// What a plain HTTP request on a TLS port is told.
fn plain_on_tls() -> String {
    let body = r#"{"error":"ERR this port speaks TLS: use https:// instead of http:// in the URL"}"#;
    format!(
        "HTTP/1.1 400 Bad Request\r\ncontent-type: application/json; charset=utf-8\r\nconnection: close\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    )
}

async fn say(mut stream: TcpStream, what: &str) {
    let told = async {
        stream.write_all(what.as_bytes()).await?;
        stream.shutdown().await
    };
    match told.await {
        Ok(()) => linger(stream).await,
        Err(error) => tracing::debug!(%error, "answering at the wrong door"),
    }
}

/// Reads what the client is still sending after it was answered, within limits. If the connection were closed with
/// something unread, the system would reset it, and the client might lose the answer.
async fn linger(mut stream: impl AsyncRead + Unpin) {
    let mut sink = vec![0; 8 * 1024];
    let draining = async {
        let mut bytes = 0;
        while let Ok(read @ 1..) = stream.read(&mut sink).await {
            bytes += read;
            if bytes > LINGER_BYTES_MAX {
                break;
            }
        }
    };
    if timeout(LINGER, draining).await.is_err() {
        tracing::debug!("the client goes on sending");
    }
}

fn is_http2(stream: &TlsStream<TcpStream>) -> bool {
    stream.get_ref().1.alpn_protocol() == Some(b"h2")
}

/// Drives a pinned connection to its end. When the server stops, lets it finish what it has begun; when the server is
/// gone, cuts it.
macro_rules! drive {
    ($connection:expr, $stopped:expr) => {{
        let mut connection = $connection;
        let mut stopped = $stopped;
        let ended = tokio::select! {
            biased; // this is polled for every request, and needs no fairness
            ended = connection.as_mut() => ended,
            () = stops(&mut stopped) => {
                connection.as_mut().graceful_shutdown();
                tokio::select! {
                    ended = connection => ended,
                    () = goes(&mut stopped) => Ok(()),
                }
            }
        };
        if let Err(error) = ended {
            tracing::debug!(%error, "connection");
        }
    }};
}

async fn serve_http1<S: Stack>(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    door: Arc<Door<S>>,
    stopped: watch::Receiver<bool>,
) {
    let head_timeout = door.settings.head_timeout;
    let stream = Patience::new(stream, door.settings.write_timeout);
    let service = service_fn(|request| answer(&door, request));
    let mut connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(head_timeout)
        .max_buf_size(HEAD_BYTES_MAX)
        .max_header_size(HEAD_BYTES_MAX)
        .half_close(false)
        .serve_connection(TokioIo::new(stream), service);
    drive!(Pin::new(&mut connection), stopped);
    linger(connection.into_parts().io.into_inner()).await;
}

async fn serve_http2<S: Stack>(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    door: Arc<Door<S>>,
    stopped: watch::Receiver<bool>,
) {
    let Some(stream) = peek::http2_preface(stream, door.settings.first_byte_timeout).await else { return };
    let stream = Patience::new(stream, door.settings.write_timeout);
    let service = service_fn(move |request| {
        let door = Arc::clone(&door);
        async move { answer(&door, request).await }
    });
    let connection = http2::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS_MAX)
        .max_header_list_size(HEAD_BYTES_MAX as u32)
        .keep_alive_interval(PING_PERIOD)
        .serve_connection(TokioIo::new(stream), service);
    drive!(pin!(connection), stopped);
}

async fn answer<S: Stack>(
    door: &Door<S>,
    request: Request<HyperBody>,
) -> Result<Response<Content>, Infallible> {
    Ok(door.answer(request).await)
}
