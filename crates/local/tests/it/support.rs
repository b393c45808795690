//! Three databases behind the pipeline, and a clock that does what a test tells it.

use std::cell::Cell;
use std::pin::Pin;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Barrier};

use bytes::Bytes;
use futures_util::FutureExt;
use latchkey_journal::Disk;
use latchkey_local::{About, Local, Settings};
use latchkey_pipeline::{Accounts, Answer, Batch, Clock, Ear, Incoming, Replies, Shape, stack};
use latchkey_protocol::{Reply, Words};
use latchkey_storage::Storage;
use latchkey_tenancy::{
    Authority, Change, DatabaseId, DatabaseRecord, LeaseDone, LeaseError, LeaseRequest, LeaseStore, Limits,
    Records, Return, TokenDigest, TokenId, TokenKind, TokenRecord, UserChange, UserDone, UserError,
    UserStore,
};
use tower::ServiceExt;

/// What the replies of one request may hold together.
pub(crate) const REPLY_BYTES_MAX: u64 = 1_000;

type Answering = Pin<Box<dyn Future<Output = Answer> + Send>>;

/// A server without doors and without quotas.
pub(crate) struct Scene {
    pub(crate) local: Arc<Local>,
    pub(crate) clock: Arc<TestClock>,
    authority: Arc<Authority>,
    send: Box<dyn Fn(Incoming) -> Answering + Send + Sync>,
}

impl Scene {
    pub(crate) fn new() -> Self {
        Self::with(None, Settings::default())
    }

    /// One whose databases are kept on this disk. What runs on it needs a runtime.
    pub(crate) fn on(disk: &(impl Disk + Clone), settings: Settings) -> Self {
        let (storage, _) = Storage::open(Arc::new(disk.clone()), Self::storage_settings(), |_| {}).unwrap();
        Self::keeping(storage, settings)
    }

    /// One whose databases are kept there.
    pub(crate) fn keeping(storage: Storage, settings: Settings) -> Self {
        Self::with(Some(storage), settings)
    }

    /// Limits for small disks.
    pub(crate) fn storage_settings() -> latchkey_storage::Settings {
        let mut settings = latchkey_storage::Settings::new(1);
        settings.journal.segment_bytes = 64 * 1024;
        settings.journal.free_bytes_min = 0;
        settings
    }

    fn with(storage: Option<Storage>, settings: Settings) -> Self {
        let limits = Limits { reply_bytes_max: REPLY_BYTES_MAX, ..Limits::UNLIMITED };
        let databases = [1, 2, 3].map(|n| record(n, limits));
        let tokens = [1, 2, 3].map(token);
        let records = Records { databases: databases.into(), tokens: tokens.into(), ..Records::default() };
        let authority = Arc::new(Authority::new(&records).unwrap());
        let clock = Arc::new(TestClock::default());
        let time: Arc<dyn Clock> = Arc::<TestClock>::clone(&clock);
        let about = About { version: "0", run_id: "0".repeat(40) };
        let local = Arc::new(Local::new(Arc::clone(&time), 7, about, storage, settings).unwrap());
        let accounts =
            Accounts::new(Arc::clone(&authority), Arc::new(NoStore), Arc::clone(&time), |_| Ok(()));
        let service = stack(Arc::clone(&authority), Arc::new(NoStore), time, Arc::clone(&local), accounts);
        let send = Box::new(move |incoming| -> Answering {
            Box::pin(service.clone().oneshot(incoming).map(|answer| match answer {
                Ok(answer) => answer,
                Err(never) => match never {},
            }))
        });
        Self { local, clock, authority, send }
    }

    pub(crate) fn database(n: u8) -> DatabaseId {
        DatabaseId::from_bytes([n; 16])
    }

    pub(crate) fn set_limits(&self, n: u8, limits: Limits) {
        self.authority.apply(&Change::Database(record(n, limits))).unwrap();
    }

    /// Revokes the token of a database.
    pub(crate) fn revoke(&self, n: u8) {
        self.authority.apply(&Change::Token(TokenRecord { revoked_at_ms: Some(1), ..token(n) })).unwrap();
    }

    /// Makes another token for a database.
    pub(crate) fn issue(&self, n: u8, secret: &str) {
        let kind = TokenKind::Opaque(TokenDigest::of(secret.as_bytes()));
        let record = TokenRecord { id: TokenId::from_bytes([n + 100; 16]), kind, ..token(n) };
        self.authority.apply(&Change::Token(record)).unwrap();
    }

    /// Commands for a database. Nothing runs before it is polled.
    pub(crate) fn send(&self, database: u8, shape: Shape, commands: &[&str]) -> Answering {
        self.send_with(&secret(database), shape, commands)
    }

    fn send_with(&self, secret: &str, shape: Shape, commands: &[&str]) -> Answering {
        let caller = latchkey_pipeline::Caller::Token(Bytes::copy_from_slice(secret.as_bytes()));
        let commands: Batch<_> = commands.iter().map(|line| Ok(words(line))).collect();
        (self.send)(Incoming { caller, shape, commands })
    }

    /// Has somebody listen with this ear.
    pub(crate) fn listen(&self, database: u8, ear: &Arc<Ear>, command: &str) -> Answering {
        (self.send)(Incoming {
            caller: latchkey_pipeline::Caller::Listener(Bytes::from(secret(database)), Arc::clone(ear)),
            shape: Shape::Listen,
            commands: Batch::from_iter([Ok(words(command))]),
        })
    }

    /// What comes of commands that wait for nothing but others that run at the same time.
    pub(crate) fn now(&self, database: u8, shape: Shape, commands: &[&str]) -> Replies {
        finish(&mut self.send(database, shape, commands)).replies
    }

    /// The reply to a command that may have to wait for a disk.
    pub(crate) async fn kept(&self, database: u8, command: &str) -> Reply {
        match self.send(database, Shape::One, &[command]).await.replies {
            Replies::One(reply) => reply,
            Replies::Refused(refusal) => Reply::Error(refusal.error()),
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn one(&self, database: u8, command: &str) -> Reply {
        self.one_with(&secret(database), command)
    }

    /// The reply to a command that comes with this token.
    pub(crate) fn one_with(&self, secret: &str, command: &str) -> Reply {
        let answering = self.send_with(secret, Shape::One, &[command]);
        match answering.now_or_never().expect("nothing to wait for").replies {
            Replies::One(reply) => reply,
            other => panic!("{other:?}"),
        }
    }
}

fn secret(n: u8) -> String {
    format!("token {n}")
}

fn words(line: &str) -> Words {
    let mut words = Words::new();
    line.split(' ').for_each(|word| words.push(Bytes::copy_from_slice(word.as_bytes())));
    words
}

fn record(n: u8, limits: Limits) -> DatabaseRecord {
    let (id, name, plan) = (Scene::database(n), format!("database {n}"), "test".into());
    DatabaseRecord { id, name, plan, limits, created_ms: 0, epoch: 0, deleted: false }
}

fn token(n: u8) -> TokenRecord {
    TokenRecord {
        id: TokenId::from_bytes([n; 16]),
        database: Scene::database(n),
        kind: TokenKind::Opaque(TokenDigest::of(secret(n).as_bytes())),
        name: String::new(),
        read_only: false,
        commands_per_day: None,
        created_ms: 0,
        expires_at_ms: None,
        revoked_at_ms: None,
        epoch: 0,
    }
}

/// Nothing is limited, so nobody asks.
struct NoStore;

impl LeaseStore for NoStore {
    fn lease(&self, request: LeaseRequest, _: LeaseDone) {
        panic!("nothing is limited: {request:?}");
    }

    fn give_back(&self, _: Vec<Return>, done: Box<dyn FnOnce(Result<(), LeaseError>) + Send>) {
        done(Ok(()));
    }
}

impl UserStore for NoStore {
    fn change_user(&self, _: DatabaseId, _: String, _: UserChange, done: UserDone<()>) {
        done(Err(UserError::Unavailable("nobody keeps users here".into())));
    }

    fn delete_users(&self, _: DatabaseId, _: Vec<String>, done: UserDone<u64>) {
        done(Err(UserError::Unavailable("nobody keeps users here".into())));
    }
}

/// What comes of what waits for nothing but others that run at the same time.
pub(crate) fn finish(answering: &mut Answering) -> Answer {
    for _ in 0..1_000_000 {
        if let Some(answer) = answering.now_or_never() {
            return answer;
        }
        std::thread::yield_now();
    }
    panic!("there is something else to wait for")
}

/// Goes on by a set step with every look. On a thread that asks for it, a look stops until it is told to go on.
#[derive(Debug)]
pub(crate) struct TestClock {
    now_us: AtomicI64,
    tick_us: AtomicI64,
    looks: AtomicUsize,
    stopped: Barrier,
    goes_on: Barrier,
}

thread_local! {
    /// The look of this thread that stops, counted down; 0 for none.
    static STOPS_AT: Cell<usize> = const { Cell::new(0) };
}

impl Default for TestClock {
    fn default() -> Self {
        Self {
            now_us: AtomicI64::new(1_700_000_000_000_000),
            tick_us: AtomicI64::new(0),
            looks: AtomicUsize::new(0),
            stopped: Barrier::new(2),
            goes_on: Barrier::new(2),
        }
    }
}

impl TestClock {
    /// Lets time pass.
    pub(crate) fn pass_us(&self, us: i64) {
        self.now_us.fetch_add(us, Relaxed);
    }

    /// From now on each look takes so long.
    pub(crate) fn tick_us(&self, us: i64) {
        self.tick_us.store(us, Relaxed);
    }

    /// How often `work` looks at the clock.
    pub(crate) fn count(&self, work: impl FnOnce()) -> usize {
        let before = self.looks.load(Relaxed);
        work();
        self.looks.load(Relaxed) - before
    }

    /// Does `work` on this thread; its `nth` look stops.
    pub(crate) fn stopping_at<T>(&self, nth: usize, work: impl FnOnce() -> T) -> T {
        STOPS_AT.set(nth);
        work()
    }

    pub(crate) fn await_stop(&self) {
        self.stopped.wait();
    }

    pub(crate) fn go_on(&self) {
        self.goes_on.wait();
    }
}

impl Clock for TestClock {
    fn now_us(&self) -> i64 {
        self.looks.fetch_add(1, Relaxed);
        let left = STOPS_AT.get();
        STOPS_AT.set(left.saturating_sub(1));
        if left == 1 {
            self.stopped.wait();
            self.goes_on.wait();
        }
        self.now_us.fetch_add(self.tick_us.load(Relaxed), Relaxed)
    }
}
