//! The parts of a running server, put together and taken apart again.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use latchkey_control::{Control, Role};
use latchkey_http::{Door, Readiness, Server, Settings};
use latchkey_local::{About, Local, SystemClock};
use latchkey_pipeline::{Clock, Stack, stack};
use latchkey_tenancy::{Authority, Change, LeaseStore, Records, SigningKeyRecord};
use latchkey_tls::{RELOAD_PERIOD, Tls};
use tokio::sync::watch;

use crate::entropy;

/// How often usage is written down. A crash loses what was used since; quotas do not depend on it.
const USAGE_PERIOD: Duration = Duration::from_secs(5);

/// A server without its sockets.
pub(crate) struct Node {
    pub(crate) control: Arc<Control>,
    pub(crate) clock: Arc<dyn Clock>,
    authority: Arc<Authority>,
    local: Arc<Local>,
}

impl Node {
    /// Opens the data directory, or keeps everything in memory, and reads who may do what.
    pub(crate) fn open(data: Option<&Path>) -> Result<Self> {
        let control = match data {
            Some(directory) => Control::open(directory, Role::Server)?,
            None => Control::ephemeral()?,
        };
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let about = About { version: env!("CARGO_PKG_VERSION"), run_id: entropy::run_id()? };
        let local = Arc::new(Local::new(Arc::clone(&clock), entropy::seed()?, about)?);
        let authority = Arc::new(Authority::new(&Records::default())?);
        // A node that has never run has no key yet.
        control.first_key(SigningKeyRecord::ed25519(entropy::bytes()?, clock.now_ms())).wait()?;
        let node = Self { control: Arc::new(control), clock, authority, local };
        node.watch()?;
        Ok(node)
    }

    /// Follows what is changed in databases, tokens and keys, also by other processes.
    fn watch(&self) -> Result<()> {
        let (authority, local) = (Arc::clone(&self.authority), Arc::clone(&self.local));
        self.control.watch(move |change| {
            if let Err(error) = authority.apply(&change) {
                tracing::error!(%error, "a key in the control store cannot be used");
            }
            match &change {
                Change::Database(database) if database.deleted => local.drop_database(database.id),
                Change::All(records) => {
                    local.keep_databases(|id| {
                        records.databases.iter().any(|known| known.id == id && !known.deleted)
                    });
                }
                Change::Database(_) | Change::Token(_) | Change::Key(_) => {}
            }
        })?;
        Ok(())
    }

    /// Listens on every address, and serves until `stop` changes; then finishes what was begun and settles the accounts.
    /// `listening` is told the addresses once all are bound.
    pub(crate) async fn serve(
        self,
        addresses: &[SocketAddr],
        tls: Option<Tls>,
        settings: Settings,
        stop: watch::Receiver<bool>,
        listening: impl FnOnce(&[SocketAddr]) -> Result<()>,
    ) -> Result<()> {
        let readiness = Readiness::default();
        let door = Arc::new(self.door(settings, readiness.clone()));
        let servers = bind(addresses, &door, tls.as_ref()).await?;
        let bound: Vec<SocketAddr> = servers.iter().map(Server::address).collect::<std::io::Result<_>>()?;
        let tasks = self.start_tasks(tls);
        readiness.set(true);
        listening(&bound)?;
        let serving: Vec<_> =
            servers.into_iter().map(|server| tokio::spawn(server.serve(stopped(stop.clone())))).collect();
        stopped(stop).await;
        readiness.set(false);
        for server in serving {
            server.await.context("a listener ended")?;
        }
        tasks.iter().for_each(tokio::task::JoinHandle::abort);
        self.settle().await
    }

    fn door(&self, settings: Settings, readiness: Readiness) -> Door<impl Stack> {
        let leases: Arc<dyn LeaseStore> = Arc::<Control>::clone(&self.control);
        let stack =
            stack(Arc::clone(&self.authority), leases, Arc::clone(&self.clock), Arc::clone(&self.local));
        let (authority, clock) = (Arc::clone(&self.authority), Arc::clone(&self.clock));
        let is_known = move |token: &[u8]| authority.authenticate(token, clock.now_ms()).is_ok();
        Door::new(stack, Arc::clone(&self.clock), is_known, settings, readiness)
    }

    fn start_tasks(&self, tls: Option<Tls>) -> Vec<tokio::task::JoinHandle<()>> {
        let mut tasks = vec![tokio::spawn(Arc::clone(&self.local).sweep_forever())];
        let (control, authority) = (Arc::clone(&self.control), Arc::clone(&self.authority));
        let (local, clock) = (Arc::clone(&self.local), Arc::clone(&self.clock));
        tasks.push(tokio::spawn(async move {
            let mut ticks = tokio::time::interval(USAGE_PERIOD);
            loop {
                ticks.tick().await;
                record_usage(&control, &authority, &local, clock.now_ms()).await;
            }
        }));
        tasks.extend(tls.map(|tls| tokio::spawn(reload_forever(tls))));
        tasks
    }

    /// Gives back the quota that was not used, and writes down what was.
    async fn settle(self) -> Result<()> {
        record_usage(&self.control, &self.authority, &self.local, self.clock.now_ms()).await;
        let (done, settled) = tokio::sync::oneshot::channel();
        self.control
            .give_back(self.authority.close_meters(), Box::new(move |outcome| drop(done.send(outcome))));
        settled.await.context("the control store ended")?.context("giving back quota")
    }
}

async fn bind<S: Stack>(
    addresses: &[SocketAddr],
    door: &Arc<Door<S>>,
    tls: Option<&Tls>,
) -> Result<Vec<Server<S>>> {
    let mut servers: Vec<Server<S>> = Vec::new();
    for &address in addresses {
        // All listen on the port that the first one got.
        let port =
            servers.first().map_or(Ok(address.port()), |first| first.address().map(|bound| bound.port()))?;
        let address = SocketAddr::new(address.ip(), port);
        match Server::bind(address, Arc::clone(door), tls.cloned()).await {
            Ok(server) => servers.push(server),
            Err(error) if servers.is_empty() => return Err(error.into()),
            Err(error) => tracing::info!(%error, "not listening there as well"),
        }
    }
    Ok(servers)
}

async fn stopped(mut stop: watch::Receiver<bool>) {
    // An error means that whoever could stop us is gone, which is a stop as well.
    drop(stop.wait_for(|&stop| stop).await);
}

async fn record_usage(control: &Control, authority: &Authority, local: &Local, now_ms: u64) {
    let recorded = control.record_usage(authority.take_usage(), local.stored_bytes(), now_ms).await;
    if let Err(error) = recorded {
        tracing::error!(%error, "usage was not recorded");
    }
}

async fn reload_forever(tls: Tls) {
    let mut ticks = tokio::time::interval(RELOAD_PERIOD);
    loop {
        ticks.tick().await;
        match tls.reload() {
            Ok(true) => tracing::info!("took in a new certificate"),
            Ok(false) => {}
            Err(error) => tracing::error!(%error, "the new certificate cannot be used; the old one stays"),
        }
    }
}
