//! The parts of a running server, put together and taken apart again.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use latchkey_control::{Control, Role};
use latchkey_http::{Door, Readiness, Settings};
use latchkey_journal::RealDisk;
use latchkey_local::{About, Local, SystemClock};
use latchkey_pipeline::{Accounts, Clock, Gate, Stack, stack};
use latchkey_storage::Storage;
use latchkey_tenancy::{Authority, Change, DatabaseId, LeaseStore, Records, SigningKeyRecord, UserStore};
use latchkey_tls::{RELOAD_PERIOD, Tls};
use tokio::sync::watch;

use crate::doors::{Bound, Doors, stopped};
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
    pub(crate) fn open(
        data: Option<&Path>,
        memory: latchkey_local::Settings,
        storage: latchkey_storage::Settings,
    ) -> Result<Self> {
        // The control store first: it holds the lock that keeps a second server from the directory.
        let (control, storage) = match data {
            Some(directory) => {
                (Control::open(directory, Role::Server)?, Some(open_storage(directory, storage)?))
            }
            None => (Control::ephemeral()?, None),
        };
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let about = About { version: env!("CARGO_PKG_VERSION"), run_id: entropy::run_id()? };
        let local = Arc::new(Local::new(Arc::clone(&clock), entropy::seed()?, about, storage, memory)?);
        let authority = Arc::new(Authority::new(&Records::default())?);
        // A node that has never run has no key yet.
        control.first_key(SigningKeyRecord::ed25519(entropy::bytes()?, clock.now_ms())).wait()?;
        let node = Self { control: Arc::new(control), clock, authority, local };
        node.watch()?;
        // A crash may have come between the deletion of a database and that of its files.
        let deleted = node.control.deleted_databases().wait()?;
        deleted.into_iter().for_each(|id| node.local.drop_database(id));
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
                Change::Database(_) | Change::Token(_) | Change::User(_) | Change::Key(_) => {}
            }
        })?;
        Ok(())
    }

    /// Opens the doors, and serves until `stop` changes; then finishes what was begun and settles the accounts.
    /// `listening` is told the addresses once all are bound.
    pub(crate) async fn serve(
        self,
        doors: Doors,
        stop: watch::Receiver<bool>,
        listening: impl FnOnce(Bound) -> Result<()>,
    ) -> Result<()> {
        let readiness = Readiness::default();
        let certificates = doors.certificates();
        let stack = self.stack();
        let door = self.http_door(stack.clone(), doors.http.settings, readiness.clone());
        let gate = Gate::new(Arc::clone(&self.authority), Arc::clone(&self.clock));
        let open = doors.open(door, stack, gate).await?;
        let tasks = self.start_tasks(certificates);
        readiness.set(true);
        listening(open.bound)?;
        let serving = open.serve(&stop);
        stopped(stop).await;
        readiness.set(false);
        self.local.end_waits();
        for server in serving {
            server.await.context("a listener ended")?;
        }
        tasks.iter().for_each(tokio::task::JoinHandle::abort);
        self.settle().await
    }

    fn stack(&self) -> impl Stack + use<> {
        let leases: Arc<dyn LeaseStore> = Arc::<Control>::clone(&self.control);
        let (authority, clock) = (&self.authority, &self.clock);
        let users: Arc<dyn UserStore> = Arc::<Control>::clone(&self.control);
        let accounts = Accounts::new(Arc::clone(authority), users, Arc::clone(clock), entropy::fill);
        stack(Arc::clone(authority), leases, Arc::clone(clock), Arc::clone(&self.local), accounts)
    }

    fn http_door<S: Stack>(&self, stack: S, settings: Settings, readiness: Readiness) -> Door<S> {
        let (authority, clock) = (Arc::clone(&self.authority), Arc::clone(&self.clock));
        let is_known = move |token: &[u8]| authority.authenticate(token, clock.now_ms()).is_ok();
        Door::new(stack, Arc::clone(&self.clock), is_known, settings, readiness)
    }

    fn start_tasks(&self, certificates: Vec<Tls>) -> Vec<tokio::task::JoinHandle<()>> {
        let mut tasks = vec![
            tokio::spawn(Arc::clone(&self.local).sweep_forever()),
            tokio::spawn(Arc::clone(&self.local).tend_forever()),
        ];
        let (control, authority) = (Arc::clone(&self.control), Arc::clone(&self.authority));
        let (local, clock) = (Arc::clone(&self.local), Arc::clone(&self.clock));
        tasks.push(tokio::spawn(async move {
            let mut ticks = tokio::time::interval(USAGE_PERIOD);
            loop {
                ticks.tick().await;
                record_usage(&control, &authority, &local, clock.now_ms()).await;
            }
        }));
        tasks.extend(certificates.into_iter().map(|tls| tokio::spawn(reload_forever(tls))));
        tasks
    }

    /// Writes databases away, gives back the quota that was not used, and writes down what was.
    async fn settle(self) -> Result<()> {
        record_usage(&self.control, &self.authority, &self.local, self.clock.now_ms()).await;
        self.local.close().await.context("closing the databases")?;
        let (done, settled) = tokio::sync::oneshot::channel();
        self.control
            .give_back(self.authority.close_meters(), Box::new(move |outcome| drop(done.send(outcome))));
        settled.await.context("the control store ended")?.context("giving back quota")
    }
}

/// Opens what databases are kept in, and recovers what a crash left in the log.
fn open_storage(directory: &Path, settings: latchkey_storage::Settings) -> Result<Storage> {
    let cannot = || format!("cannot read the databases in {}", directory.display());
    let disk = Arc::new(RealDisk::new(directory).with_context(cannot)?);
    let (storage, recovered) = Storage::open(disk, settings, |error| {
        // What is in memory may be more than what is on the disk, and nobody can know: only a restart finds out.
        tracing::error!(%error, "the disk failed: the server stops, and what it has not acknowledged may be lost");
        std::process::exit(EXIT_DISK_FAILED);
    })
    .with_context(cannot)?;
    if recovered.frames > 0 {
        let (frames, databases, cut_bytes) = (recovered.frames, recovered.databases, recovered.log_cut_bytes);
        tracing::info!(frames, databases, cut_bytes, "took over what the log held");
    }
    for (id, error) in &recovered.damaged {
        tracing::error!(database = %DatabaseId::from_bytes(*id), %error, "a database cannot be served");
    }
    Ok(storage)
}

/// For whoever restarts the process: EX_IOERR of sysexits.h.
const EXIT_DISK_FAILED: i32 = 74;

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
