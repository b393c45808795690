//! The connections that are open, by the database that they speak to.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Weak};

use latchkey_pipeline::{Command, DatabaseId, Ear, Mode, Tracked, Watching};
use latchkey_protocol::resp::Version;
use parking_lot::{Mutex, RwLock};
use tokio::sync::Notify;

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
    pub(crate) peer: SocketAddr,
    own: SocketAddr,
    connected_at_ms: u64,
    last_heard_at_ms: AtomicU64,
    profile: Mutex<Profile>,
    is_killed: AtomicBool,
    killed: Notify,
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
    /// CLIENT NO-EVICT.
    pub(crate) is_kept: bool,
    /// CLIENT NO-TOUCH.
    pub(crate) leaves_no_trace: bool,
    /// What its session keeps watch over.
    pub(crate) vigil: Option<Watching>,
    /// What it hears with.
    pub(crate) ear: Weak<Ear>,
    /// The last command that it has sent.
    pub(crate) said: Option<&'static Command>,
}

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Normal,
    Subscriber,
    /// To or from another server. There are none.
    Replication,
}

impl Kind {
    /// The kind of this name, in any case.
    pub(crate) fn named(name: &[u8]) -> Option<Self> {
        match name.to_ascii_lowercase().as_slice() {
            b"normal" => Some(Self::Normal),
            b"pubsub" => Some(Self::Subscriber),
            b"master" | b"replica" | b"slave" => Some(Self::Replication),
            _ => None,
        }
    }
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
            is_killed: AtomicBool::new(false),
            killed: Notify::new(),
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

    /// All connections to the database, oldest first, without those that are about to end.
    pub(crate) fn all(&self, database: DatabaseId) -> Vec<Arc<Client>> {
        let databases = self.by_database.read();
        let clients = databases.get(&database).into_iter().flat_map(BTreeMap::values);
        clients.filter(|client| !client.is_killed.load(Relaxed)).cloned().collect()
    }

    /// The lines of CLIENT LIST: of all connections to the database that are wanted, oldest first.
    pub(crate) fn list(
        &self,
        database: DatabaseId,
        now_ms: u64,
        is_wanted: impl Fn(&Client) -> bool,
    ) -> String {
        let clients = self.all(database);
        let mut lines = String::new();
        for client in clients.iter().filter(|client| is_wanted(client)) {
            client.describe(&mut lines, now_ms);
        }
        lines
    }
}

impl Profile {
    /// What it is for.
    pub(crate) fn kind(&self) -> Kind {
        if self.subscriptions == [0; 3] { Kind::Normal } else { Kind::Subscriber }
    }

    /// The user that it speaks for.
    pub(crate) fn user(&self) -> &str {
        if self.user.is_empty() { "default" } else { &self.user }
    }

    /// How keys are tracked for it, if they are.
    fn tracked(&self) -> Option<Tracked> {
        self.ear.upgrade()?.tracked()
    }

    /// What it is doing, a letter each as in Redis; `N` for nothing of note.
    fn flags(&self, tracked: Option<&Tracked>) -> String {
        let is_waiting = self.vigil.as_ref().is_some_and(|vigil| vigil.is_waiting());
        let letters = [
            ('O', self.monitors),
            ('P', self.subscriptions != [0; 3]),
            ('x', self.queued.is_some()),
            ('b', is_waiting),
            ('t', tracked.is_some()),
            ('R', tracked.is_some_and(|tracked| tracked.is_broken)),
            ('B', tracked.is_some_and(|tracked| tracked.mode == Mode::Broadcast)),
            ('e', self.is_kept),
            ('T', self.leaves_no_trace),
        ];
        let flags: String = letters.iter().filter(|(_, is_set)| *is_set).map(|(letter, _)| letter).collect();
        if flags.is_empty() { "N".into() } else { flags }
    }
}

impl Client {
    /// Notes that it has sent something.
    pub(crate) fn heard(&self, now_ms: u64) {
        self.last_heard_at_ms.store(now_ms, Relaxed);
    }

    /// Ends it, whatever it is doing.
    pub(crate) fn kill(&self) {
        self.is_killed.store(true, Relaxed);
        self.killed.notify_one();
    }

    /// Done when somebody has killed it.
    pub(crate) async fn killed(&self) {
        self.killed.notified().await;
    }

    /// Where it comes from.
    pub(crate) fn address(&self) -> String {
        self.peer.to_string()
    }

    /// Where it came to.
    pub(crate) fn own_address(&self) -> String {
        self.own.to_string()
    }

    /// How long it has been open, in seconds.
    pub(crate) fn age_s(&self, now_ms: u64) -> u64 {
        now_ms.saturating_sub(self.connected_at_ms) / 1000
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
        let tracked = profile.tracked();
        let (flags, user) = (profile.flags(tracked.as_ref()), profile.user());
        let cmd = profile.said.map_or_else(|| "NULL".into(), Command::full_name);
        let redir = redirection(tracked.as_ref());
        let Profile { name, library_name, library_version, version, queued, watched, .. } = &profile;
        let [sub, psub, ssub] = profile.subscriptions;
        let age = self.age_s(now_ms);
        let idle = now_ms.saturating_sub(self.last_heard_at_ms.load(Relaxed)) / 1000;
        let Self { id, peer, own, .. } = self;
        let multi = queued.map_or(-1, |queued| i64::try_from(queued).unwrap_or(i64::MAX));
        let resp = if *version == Version::Resp3 { 3 } else { 2 };
        writeln!(
            line,
            "id={id} addr={peer} laddr={own} name={name} age={age} idle={idle} flags={flags} db=0 sub={sub} psub={psub} \
             ssub={ssub} multi={multi} watch={watched} qbuf=0 qbuf-free=0 argv-mem=0 tot-mem=0 cmd={cmd} user={user} redir={redir} \
             resp={resp} lib-name={library_name} lib-ver={library_version}"
        )
        .expect("writing to a string does not fail");
    }
}

/// The number of the connection that is told in its place when copies of keys are stale: 0 if it is told itself, -1 if it
/// keeps no copies.
pub(crate) fn redirection(tracked: Option<&Tracked>) -> i64 {
    let number = tracked.map(|tracked| tracked.redirect.unwrap_or(0));
    number.map_or(-1, |number| i64::try_from(number).unwrap_or(i64::MAX))
}
