//! The doors of a server: where they listen, and how they are opened.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context, Result};
use latchkey_pipeline::{Gate, Stack};
use latchkey_tls::Tls;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What to open.
pub(crate) struct Doors {
    pub(crate) http: HttpDoor,
    pub(crate) resp: Option<RespDoor>,
}

/// The REST door. All its addresses get the same port.
pub(crate) struct HttpDoor {
    pub(crate) addresses: Vec<SocketAddr>,
    pub(crate) tls: Option<Tls>,
    pub(crate) settings: latchkey_http::Settings,
}

/// The RESP door. All its addresses get the same port.
pub(crate) struct RespDoor {
    pub(crate) addresses: Vec<SocketAddr>,
    /// If the port is taken, so many after it are tried.
    pub(crate) more_ports: u16,
    pub(crate) tls: Option<Tls>,
    pub(crate) settings: latchkey_wire::Settings,
}

/// Where the doors are: the first address of each.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bound {
    pub(crate) http: SocketAddr,
    pub(crate) resp: Option<SocketAddr>,
}

/// Sockets that listen, and serve nobody yet.
pub(crate) struct Open<S> {
    http: Vec<latchkey_http::Server<S>>,
    resp: Vec<latchkey_wire::Server<S>>,
    pub(crate) bound: Bound,
}

impl Doors {
    /// Every certificate in use, to be taken in anew when it changes.
    pub(crate) fn certificates(&self) -> Vec<Tls> {
        let resp = self.resp.as_ref().and_then(|resp| resp.tls.clone());
        self.http.tls.iter().cloned().chain(resp).collect()
    }

    /// Listens at every door, with this pipeline behind all of them.
    pub(crate) async fn open<S: Stack>(
        self,
        door: latchkey_http::Door<S>,
        stack: S,
        gate: Gate,
    ) -> Result<Open<S>> {
        let scheme = if self.http.tls.is_some() { "https" } else { "http" };
        let http = self.http.open(door).await?;
        let mut bound = Bound { http: first_address(&http, latchkey_http::Server::address)?, resp: None };
        let mut resp = Vec::new();
        if let Some(mut door) = self.resp {
            door.settings.rest_url = rest_url(scheme, bound.http);
            resp = door.open(stack, gate).await?;
            bound.resp = Some(first_address(&resp, latchkey_wire::Server::address)?);
        }
        Ok(Open { http, resp, bound })
    }
}

/// The URL as which clients know the REST door, as far as it is known here.
fn rest_url(scheme: &str, bound: SocketAddr) -> String {
    if bound.ip().is_unspecified() {
        format!("{scheme}://<this host>:{}", bound.port())
    } else {
        format!("{scheme}://{bound}")
    }
}

impl HttpDoor {
    async fn open<S: Stack>(self, door: latchkey_http::Door<S>) -> Result<Vec<latchkey_http::Server<S>>> {
        let door = Arc::new(door);
        let bind =
            async |address| latchkey_http::Server::bind(address, Arc::clone(&door), self.tls.clone()).await;
        Ok(bind_all(&self.addresses, bind, latchkey_http::Server::address).await?)
    }
}

impl RespDoor {
    async fn open<S: Stack>(self, stack: S, gate: Gate) -> Result<Vec<latchkey_wire::Server<S>>> {
        let Self { mut addresses, more_ports, tls, settings } = self;
        let door = Arc::new(latchkey_wire::Door::new(stack, gate, settings));
        let bind = async |address| latchkey_wire::Server::bind(address, Arc::clone(&door), tls.clone()).await;
        for _ in 0..more_ports {
            match bind_all(&addresses, &bind, latchkey_wire::Server::address).await {
                Err(error) if error.is_taken() => {
                    addresses.iter_mut().for_each(|address| address.set_port(address.port() + 1));
                }
                bound => return Ok(bound?),
            }
        }
        Ok(bind_all(&addresses, &bind, latchkey_wire::Server::address).await?)
    }
}

/// Binds the first address, and the others to the port that it got. Only the first one has to succeed: a machine may
/// lack IPv6.
async fn bind_all<T, E: std::fmt::Display>(
    addresses: &[SocketAddr],
    bind: impl AsyncFn(SocketAddr) -> Result<T, E>,
    address_of: impl Fn(&T) -> io::Result<SocketAddr>,
) -> Result<Vec<T>, E> {
    let mut servers: Vec<T> = Vec::new();
    for &address in addresses {
        let first = servers.first().and_then(|first| address_of(first).ok());
        let port = first.map_or(address.port(), |first| first.port());
        match bind(SocketAddr::new(address.ip(), port)).await {
            Ok(server) => servers.push(server),
            Err(error) if servers.is_empty() => return Err(error),
            Err(error) => tracing::info!(%error, "not listening there as well"),
        }
    }
    Ok(servers)
}

fn first_address<T>(servers: &[T], address_of: impl Fn(&T) -> io::Result<SocketAddr>) -> Result<SocketAddr> {
    Ok(address_of(servers.first().context("a door needs an address")?)?)
}

impl<S: Stack> Open<S> {
    /// Serves until `stop` changes, each socket in a task that ends when all that was begun is done.
    pub(crate) fn serve(self, stop: &watch::Receiver<bool>) -> Vec<JoinHandle<()>> {
        let http = self.http.into_iter().map(|server| tokio::spawn(server.serve(stopped(stop.clone()))));
        let resp = self.resp.into_iter().map(|server| tokio::spawn(server.serve(stopped(stop.clone()))));
        http.chain(resp).collect()
    }
}

/// Done when the server is to stop.
pub(crate) async fn stopped(mut stop: watch::Receiver<bool>) {
    // An error means that whoever could stop us is gone, which is a stop as well.
    drop(stop.wait_for(|&stop| stop).await);
}
