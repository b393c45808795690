//! Connections: accepted, served and drained.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
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

use crate::Door;
use crate::peek::{self, Speech};

/// What a TLS client can choose from.
const PROTOCOLS: &[&[u8]] = &[b"h2", b"http/1.1"];
/// Streams that one HTTP/2 connection may have open.
const STREAMS_MAX: u32 = 256;
/// The largest head of a request: path form puts arguments there.
const HEAD_BYTES_MAX: usize = 256 * 1024;
/// How often an HTTP/2 connection that is quiet is asked whether somebody is there.
const PING_PERIOD: Duration = Duration::from_secs(30);
/// So long whoever came to the wrong door may take to read what it is told.
const LINGER: Duration = Duration::from_secs(1);
/// After a failed accept (too many open files, say), so long until the next.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

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
        let mut stop = std::pin::pin!(stop);
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
    mut stream: TcpStream,
    door: Arc<Door<S>>,
    tls: Option<Tls>,
    stopped: watch::Receiver<bool>,
) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "set_nodelay");
    }
    let first_byte_timeout = door.settings.first_byte_timeout;
    let Some(speech) = peek::speech(&stream, first_byte_timeout).await else { return };
    match (tls, speech) {
        (Some(tls), Speech::Tls) => match timeout(first_byte_timeout, tls.accept(stream)).await {
            Ok(Ok(stream)) if is_http2(&stream) => serve_http2(stream, door, stopped).await,
            Ok(Ok(stream)) => serve_http1(stream, door, stopped).await,
            Ok(Err(error)) => tracing::debug!(%error, "TLS handshake"),
            Err(_) => tracing::debug!("TLS handshake took too long"),
        },
        (_, Speech::Resp) => say(&mut stream, RESP_ON_HTTP).await,
        (Some(_), _) => say(&mut stream, PLAIN_ON_TLS).await,
        (None, Speech::Tls) => tracing::debug!("a TLS handshake on a port without TLS"),
        (None, Speech::Http1) => serve_http1(stream, door, stopped).await,
        (None, Speech::Http2) => serve_http2(stream, door, stopped).await,
    }
}

/// What a plain HTTP request on a TLS port is told.
const PLAIN_ON_TLS: &str = concat!(
    "HTTP/1.1 400 Bad Request\r\ncontent-type: application/json; charset=utf-8\r\nconnection: close\r\n",
    "content-length: 76\r\n\r\n",
    "{\"error\":\"ERR this port speaks TLS: use https:// instead of http:// in the URL\"}"
);

/// What a client of Redis is told here.
const RESP_ON_HTTP: &str = concat!(
    "-ERR this is the REST port, which speaks HTTP: give its http:// or https:// URL to a REST client; the Redis ",
    "protocol has a port of its own (redis:// or rediss://, 6379 unless configured otherwise)\r\n"
);

async fn say(stream: &mut TcpStream, what: &str) {
    if let Err(error) = stream.write_all(what.as_bytes()).await {
        return tracing::debug!(%error, "answering at the wrong door");
    }
    // To close before all is read that the client sends would take the answer from it.
    let mut dropped = [0; 4096];
    let told = async {
        stream.shutdown().await?;
        while stream.read(&mut dropped).await? > 0 {}
        Ok::<_, std::io::Error>(())
    };
    if !matches!(timeout(LINGER, told).await, Ok(Ok(()))) {
        tracing::debug!("whoever came to the wrong door did not close in time");
    }
}

fn is_http2(stream: &tokio_rustls::server::TlsStream<TcpStream>) -> bool {
    stream.get_ref().1.alpn_protocol() == Some(b"h2")
}

/// Drives a connection to its end; when the server stops, lets it finish what it has begun.
macro_rules! drive {
    ($connection:expr, $stopped:expr) => {{
        let mut connection = std::pin::pin!($connection);
        let mut stopped = $stopped;
        let stopping = async { stopped.wait_for(|&stopped| stopped).await.is_ok() };
        let ended = tokio::select! {
            ended = &mut connection => ended,
            _ = stopping => {
                connection.as_mut().graceful_shutdown();
                connection.await
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
    let service = service_fn(|request| answer(&door, request));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(head_timeout)
        .max_buf_size(HEAD_BYTES_MAX)
        .half_close(false)
        .serve_connection(TokioIo::new(stream), service);
    drive!(connection, stopped);
}

async fn serve_http2<S: Stack>(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    door: Arc<Door<S>>,
    stopped: watch::Receiver<bool>,
) {
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
    drive!(connection, stopped);
}

async fn answer<S: Stack>(
    door: &Door<S>,
    request: Request<HyperBody>,
) -> Result<Response<http_body_util::Full<bytes::Bytes>>, Infallible> {
    Ok(door.answer(request).await)
}
