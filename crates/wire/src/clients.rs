//! The connections that are open, by the database that they speak to.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use latchkey_pipeline::DatabaseId;
use latchkey_protocol::resp::Version;
use parking_lot::{Mutex, RwLock};

/// All connections that have authenticated. A client sees those of its own database only.
#[derive(Debug, Default)]
pub(crate) struct Clients {
    last_id: AtomicU64,
    by_database: RwLock<HashMap<DatabaseId, BTreeMap<u64, Arc<Client>>>>,
}

/// What is known of a connection.
#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) id: u64,
    peer: SocketAddr,
    own: SocketAddr,
    connected_at_ms: u64,
    last_heard_at_ms: AtomicU64,
    profile: Mutex<Profile>,
}

/// What a client says of itself.
#[derive(Clone, Debug, Default)]
pub(crate) struct Profile {
    pub(crate) name: String,
    pub(crate) library_name: String,
    pub(crate) library_version: String,
    pub(crate) version: Version,
    /// The user that it is.
    pub(crate) user: String,
    /// How many commands wait for EXEC, in a transaction.
    pub(crate) queued: Option<usize>,
    pub(crate) watched: usize,
    /// How many channels, patterns and shard channels it listens on.
    pub(crate) subscriptions: [usize; 3],
    /// Whether it monitors.
    pub(crate) monitors: bool,
}

impl Clients {
    /// A connection that has just been opened, by number.
    pub(crate) fn open(&self, [peer, own]: [SocketAddr; 2], now_ms: u64) -> Client {
        Client {
            id: self.last_id.fetch_add(1, Relaxed) + 1,
            peer,
            own,
            connected_at_ms: now_ms,
            last_heard_at_ms: AtomicU64::new(now_ms),
            profile: Mutex::default(),
        }
    }

    /// Notes that a connection speaks to another database than before.
    pub(crate) fn moved(&self, client: &Arc<Client>, from: Option<DatabaseId>, to: Option<DatabaseId>) {
        if from == to {
            return;
        }
        let mut databases = self.by_database.write();
        if let Some(from) = from
            && let Some(clients) = databases.get_mut(&from)
        {
            clients.remove(&client.id);
            if clients.is_empty() {
                databases.remove(&from);
            }
        }
        if let Some(to) = to {
            databases.entry(to).or_default().insert(client.id, Arc::clone(client));
        }
    }

    /// The lines of CLIENT LIST: of all connections to the database that are wanted, oldest first.
    pub(crate) fn list(
        &self,
        database: DatabaseId,
        now_ms: u64,
        is_wanted: impl Fn(&Client) -> bool,
    ) -> String {
        let clients: Vec<Arc<Client>> = self
            .by_database
            .read()
            .get(&database)
            .map_or_else(Vec::new, |all| all.values().cloned().collect());
        let mut lines = String::new();
        for client in clients.iter().filter(|client| is_wanted(client)) {
            client.describe(&mut lines, now_ms);
        }
        lines
    }
}

impl Profile {
    /// What it is doing, a letter each as in Redis; `N` for nothing of note.
    fn flags(&self) -> String {
        let letters =
            [('O', self.monitors), ('P', self.subscriptions != [0; 3]), ('x', self.queued.is_some())];
        let flags: String = letters.iter().filter(|(_, is_set)| *is_set).map(|(letter, _)| letter).collect();
        if flags.is_empty() { "N".into() } else { flags }
    }
}

impl Client {
    /// Notes that it has sent something.
    pub(crate) fn heard(&self, now_ms: u64) {
        self.last_heard_at_ms.store(now_ms, Relaxed);
    }

    /// Whether it listens on channels or patterns.
    pub(crate) fn is_listening(&self) -> bool {
        self.profile.lock().subscriptions != [0; 3]
    }

    /// What it says of itself now.
    pub(crate) fn profile(&self) -> Profile {
        self.profile.lock().clone()
    }

    /// Changes what it says of itself.
    pub(crate) fn update(&self, change: impl FnOnce(&mut Profile)) {
        change(&mut self.profile.lock());
    }

    /// Appends its line, as CLIENT INFO shows it. Memory is not counted by connection, but clients want its fields.
    pub(crate) fn describe(&self, line: &mut String, now_ms: u64) {
        let profile = self.profile();
        let flags = profile.flags();
        let Profile { name, library_name, library_version, version, user, queued, watched, .. } = profile;
        let [sub, psub, ssub] = profile.subscriptions;
        let seconds_since = |then_ms: u64| now_ms.saturating_sub(then_ms) / 1000;
        let age = seconds_since(self.connected_at_ms);
        let idle = seconds_since(self.last_heard_at_ms.load(Relaxed));
        let Self { id, peer, own, .. } = self;
        let user = if user.is_empty() { "default" } else { &user };
        let multi = queued.map_or(-1, |queued| i64::try_from(queued).unwrap_or(i64::MAX));
        let resp = if version == Version::Resp3 { 3 } else { 2 };
        writeln!(
            line,
            "id={id} addr={peer} laddr={own} name={name} age={age} idle={idle} flags={flags} db=0 sub={sub} psub={psub} \
             ssub={ssub} multi={multi} watch={watched} qbuf=0 qbuf-free=0 argv-mem=0 tot-mem=0 user={user} resp={resp} \
             lib-name={library_name} lib-ver={library_version}"
        )
        .expect("writing to a string does not fail");
    }
}
