//! Connections: accepted, served and drained.

use std::future::Future;
use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use latchkey_pipeline::Stack;
use latchkey_tls::{Tls, server_name};
use socket2::{SockRef, TcpKeepalive};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::timeout;

use crate::conversation::Conversation;
use crate::line::linger;
use crate::{Door, wrong_door};

/// After a failed accept (too many open files, say), so long until the next.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// A client that is silent for so long is asked by TCP whether it is still there.
const KEEPALIVE: Duration = Duration::from_secs(300);
/// What one connection too many is told.
const TOO_MANY: &[u8] = b"-ERR max concurrent connections exceeded\r\n";

/// A listening socket with the door behind it.
pub struct Server<S> {
    listener: TcpListener,
    door: Arc<Door<S>>,
    tls: Option<Tls>,
    places: Arc<Semaphore>,
}

/// The server could not listen.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}: {cause}")]
pub struct ServerError {
    address: SocketAddr,
    cause: std::io::Error,
}

impl ServerError {
    /// Whether somebody else listens there.
    pub fn is_taken(&self) -> bool {
        self.cause.kind() == std::io::ErrorKind::AddrInUse
    }
}

impl<S: Stack> Server<S> {
    /// Listens. With TLS, nothing else is spoken on this socket.
    pub async fn bind(
        address: SocketAddr,
        door: Arc<Door<S>>,
        tls: Option<Tls>,
    ) -> Result<Self, ServerError> {
        let listener = TcpListener::bind(address).await.map_err(|cause| ServerError { address, cause })?;
        let places = Arc::new(Semaphore::new(door.settings.connections_max));
        Ok(Self { listener, door, tls, places })
    }

    /// Where it listens: tells the port that the system chose for port 0.
    pub fn address(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves until `stop` is done. Then nothing more is accepted, connections finish the commands that have arrived, and
    /// what is left after the drain timeout is cut.
    pub async fn serve(self, stop: impl Future<Output = ()>) {
        let (stopping, stopped) = watch::channel(false);
        let mut stop = std::pin::pin!(stop);
        loop {
            tokio::select! {
                () = &mut stop => break,
                accepted = self.listener.accept() => match accepted {
                    Ok((stream, peer)) => self.take(stream, peer, stopped.clone()),
                    Err(error) => {
                        tracing::warn!(%error, "accept");
                        tokio::time::sleep(ACCEPT_PAUSE).await;
                    }
                },
            }
        }
        drop(self.listener);
        drop(stopped);
        stopping.send_replace(true);
        self.door.pauses.end_all();
        let drained = timeout(self.door.settings.drain_timeout, stopping.closed()).await;
        if drained.is_err() {
            let connections = stopping.receiver_count();
            tracing::warn!(connections, "cut connections that did not finish in time");
        }
    }

    fn take(&self, stream: TcpStream, peer: SocketAddr, stopped: watch::Receiver<bool>) {
        let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else {
            // Never waits: the socket's buffer is empty. Who speaks TLS sees the connection end.
            if self.tls.is_none() && stream.try_write(TOO_MANY).is_err() {
                tracing::debug!("one connection too many has gone already");
            }
            return;
        };
        let (door, tls) = (Arc::clone(&self.door), self.tls.clone());
        tokio::spawn(async move {
            let serving = AssertUnwindSafe(connection(stream, peer, &door, tls, stopped));
            if serving.catch_unwind().await.is_err() {
                tracing::error!("a connection made the server panic");
            }
            drop::<OwnedSemaphorePermit>(place);
        });
    }
}

async fn connection<S: Stack>(
    mut stream: TcpStream,
    peer: SocketAddr,
    door: &Door<S>,
    tls: Option<Tls>,
    stopped: watch::Receiver<bool>,
) {
    if let Err(error) = configure(&stream) {
        tracing::debug!(%error, "socket options");
    }
    let Ok(own) = stream.local_addr() else { return };
    let deadline = door.settings.authentication_timeout;
    let mut beginning = [0; BEGINNING_BYTES];
    let Ok(Ok(seen @ 1..)) = timeout(deadline, stream.peek(&mut beginning)).await else { return };
    match (tls, beginning[0]) {
        (Some(tls), TLS_HANDSHAKE) => match timeout(deadline, tls.accept(stream)).await {
            Ok(Ok(stream)) => {
                let database = server_name(&stream).and_then(|name| door.database_asked_for(name));
                Conversation::new(stream, [peer, own], database, door, stopped).hold().await;
            }
            Ok(Err(error)) => tracing::debug!(%error, "TLS handshake"),
            Err(_) => tracing::debug!("TLS handshake took too long"),
        },
        (Some(_), _) => {
            tracing::debug!(%peer, "plain text on a port with TLS");
            if stream.write_all(&wrong_door::plain_on_tls(&beginning[..seen])).await.is_ok() {
                linger(&mut stream).await;
            }
        }
        (None, TLS_HANDSHAKE) => {
            tracing::warn!(
                %peer,
                "a TLS handshake on the RESP port, which is without TLS: use redis:// instead of rediss://"
            );
            // What has arrived is read, so that the client sees the connection end and not break.
            drop(stream.try_read(&mut [0; 4096]));
        }
        (None, _) => Conversation::new(stream, [peer, own], None, door, stopped).hold().await,
    }
}

/// So much is looked at to tell what a client speaks. More than a line of HTTP begins with.
const BEGINNING_BYTES: usize = 64;

/// With this byte a TLS connection begins, and no command.
const TLS_HANDSHAKE: u8 = 0x16;

fn configure(stream: &TcpStream) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    SockRef::from(stream).set_tcp_keepalive(&TcpKeepalive::new().with_time(KEEPALIVE))
}
