//! The whole stack, before a backend, a quota store and a clock that do what a test tells them.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::mpsc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::{FutureExt, join_all};
use futures_util::task::noop_waker;
use latchkey_protocol::{Reply, ReplyError, Words};
use latchkey_tenancy::{
    AUTHENTICATION_REFUSED, Authority, Change, DatabaseId, DatabaseRecord, Lease, LeaseDone, LeaseError,
    LeaseRequest, LeaseStore, Limits, MeterScope, Records, Return, TokenDigest, TokenId, TokenKind,
    TokenRecord, Usage, UserChange, UserDone, UserError, UserRecord, UserStore,
};
use parking_lot::Mutex;
use tower::ServiceExt;

use crate::{
    Accounts, Admitted, Answer, Backend, Batch, Clock, Executed, Incoming, Refusal, Replies, Shape, stack,
};

const DAY_MS: u64 = 24 * 60 * 60 * 1_000;
const NOON_MS: u64 = 20_000 * DAY_MS + DAY_MS / 2;

pub(crate) const OWNER: &str = "owner's token";
pub(crate) const READER: &str = "reader's token";

/// A server with one database and two tokens, without a door.
pub(crate) struct Scene {
    pub(crate) authority: Arc<Authority>,
    store: Arc<Store>,
    clock: Arc<HandClock>,
    backend: Arc<Recorder>,
    send: Box<dyn Fn(Incoming) -> Answering + Send + Sync>,
}

pub(crate) type Answering = std::pin::Pin<Box<dyn Future<Output = Answer> + Send>>;

impl Scene {
    /// The owner may send so many commands a day.
    fn with_quota(commands_per_day: u64) -> Self {
        Self::new(Some(commands_per_day), Limits::UNLIMITED)
    }

    pub(crate) fn unlimited() -> Self {
        Self::new(None, Limits::UNLIMITED)
    }

    fn new(commands_per_day: Option<u64>, limits: Limits) -> Self {
        let database = database(1, limits);
        let tokens = vec![
            token(1, &database, OWNER, TokenRecord { commands_per_day, ..blank(&database) }),
            token(2, &database, READER, TokenRecord { read_only: true, ..blank(&database) }),
        ];
        let records = Records { databases: vec![database], tokens, ..Records::default() };
        let authority = Arc::new(Authority::new(&records).unwrap());
        let (store, clock) = (Arc::new(Store::default()), Arc::new(HandClock(AtomicU64::new(NOON_MS))));
        let backend = Arc::new(Recorder::default());
        let leases: Arc<dyn LeaseStore> = Arc::<Store>::clone(&store);
        let time: Arc<dyn Clock> = Arc::<HandClock>::clone(&clock);
        let users = Arc::new(Users(Arc::clone(&authority)));
        let accounts = Accounts::new(Arc::clone(&authority), users, Arc::clone(&time), count_up);
        let service = stack(Arc::clone(&authority), leases, time, Arc::clone(&backend), accounts);
        let send = Box::new(move |incoming| -> Answering {
            Box::pin(service.clone().oneshot(incoming).map(|answer| match answer {
                Ok(answer) => answer,
                Err(never) => match never {},
            }))
        });
        Self { authority, store, clock, backend, send }
    }

    pub(crate) fn send(&self, token: &str, shape: Shape, commands: &[&str]) -> Answering {
        let commands = commands.iter().map(|line| Ok(words(line))).collect();
        (self.send)(Incoming {
            caller: crate::Caller::Token(Bytes::copy_from_slice(token.as_bytes())),
            shape,
            commands,
        })
    }

    pub(crate) async fn one(&self, token: &str, command: &str) -> Result<Reply, Refusal> {
        match self.send(token, Shape::One, &[command]).await.replies {
            Replies::One(reply) => Ok(reply),
            Replies::Refused(refusal) => Err(refusal),
            Replies::Many(replies) => panic!("many replies to one command: {replies:?}"),
        }
    }

    async fn many(&self, shape: Shape, commands: &[&str]) -> Result<Vec<Reply>, Refusal> {
        self.many_of(OWNER, shape, commands).await
    }

    pub(crate) async fn many_of(
        &self,
        token: &str,
        shape: Shape,
        commands: &[&str],
    ) -> Result<Vec<Reply>, Refusal> {
        match self.send(token, shape, commands).await.replies {
            Replies::Many(replies) => Ok(replies.into_vec()),
            Replies::Refused(refusal) => Err(refusal),
            Replies::One(reply) => panic!("one reply to many commands: {reply:?}"),
        }
    }

    /// Names of the commands that the backend ran.
    pub(crate) fn ran(&self) -> Vec<String> {
        std::mem::take(&mut self.backend.ran.lock())
    }

    /// What the owner has used of its quota, as the meter knows.
    fn left(&self) -> Option<u64> {
        let principal = self.authority.authenticate(OWNER.as_bytes(), self.clock.now_ms()).unwrap();
        principal.allowance().snapshot(self.clock.now_ms()).map(|snapshot| snapshot.remaining)
    }

    fn usage(&self) -> Usage {
        self.authority.authenticate(OWNER.as_bytes(), self.clock.now_ms()).unwrap().usage().take()
    }
}

fn words(line: &str) -> Words {
    let mut words = Words::new();
    line.split(' ').for_each(|word| words.push(Bytes::copy_from_slice(word.as_bytes())));
    words
}

fn database(n: u8, limits: Limits) -> DatabaseRecord {
    let id = DatabaseId::from_bytes([n; 16]);
    let (name, plan) = (format!("database {n}"), "test".into());
    DatabaseRecord { id, name, plan, limits, created_ms: 0, epoch: 0, deleted: false }
}

fn token(n: u8, database: &DatabaseRecord, secret: &str, record: TokenRecord) -> TokenRecord {
    let kind = TokenKind::Opaque(TokenDigest::of(secret.as_bytes()));
    TokenRecord { id: TokenId::from_bytes([n; 16]), database: database.id, kind, ..record }
}

fn blank(database: &DatabaseRecord) -> TokenRecord {
    TokenRecord {
        id: TokenId::from_bytes([0; 16]),
        database: database.id,
        kind: TokenKind::Signed,
        name: String::new(),
        read_only: false,
        commands_per_day: None,
        created_ms: 0,
        expires_at_ms: None,
        revoked_at_ms: None,
        epoch: 0,
    }
}

#[derive(Debug)]
struct HandClock(AtomicU64);

impl Clock for HandClock {
    fn now_us(&self) -> i64 {
        i64::try_from(self.0.load(Relaxed) * 1_000).unwrap()
    }
}

/// Answers `OK` to everything, and remembers what it was.
#[derive(Default)]
struct Recorder {
    ran: Mutex<Vec<String>>,
    /// So many metered commands of each batch have no room.
    unexecuted: AtomicU64,
    refusal: Mutex<Option<Refusal>>,
}

impl Backend for Recorder {
    async fn execute(&self, admitted: &Admitted) -> Result<Executed, Refusal> {
        if let Some(refusal) = self.refusal.lock().clone() {
            return Err(refusal);
        }
        let mut ran = self.ran.lock();
        let replies: Batch<Reply> = admitted
            .calls()
            .iter()
            .map(|call| match call {
                Ok(call) => {
                    ran.push(call.command().full_name());
                    Reply::OK
                }
                Err(refusal) => refusal.clone().into(),
            })
            .collect();
        Ok(Executed { replies, unexecuted: self.unexecuted.load(Relaxed), position: 7 })
    }
}

/// Keeps users nowhere but in the authority.
struct Users(Arc<Authority>);

impl UserStore for Users {
    fn change_user(&self, database: DatabaseId, name: String, change: UserChange, done: UserDone<()>) {
        let changed = change(self.0.user(database, &name)).map_err(UserError::Refused);
        done(changed.map(|record| self.0.apply(&Change::User(record)).unwrap()));
    }

    fn delete_users(&self, database: DatabaseId, names: Vec<String>, done: UserDone<u64>) {
        let delete = |name: &String| {
            let user = self.0.user(database, name)?;
            self.0.apply(&Change::User(UserRecord { deleted: true, ..user })).ok()
        };
        done(Ok(names.iter().filter_map(delete).count() as u64));
    }
}

/// Not random at all: 0, 1, 2, …
fn count_up(bytes: &mut [u8]) -> std::io::Result<()> {
    bytes.iter_mut().zip((0..=u8::MAX).cycle()).for_each(|(byte, n)| *byte = n);
    Ok(())
}

/// A quota store in memory.
#[derive(Default)]
struct Store(Mutex<Books>);

#[derive(Default)]
struct Books {
    totals: HashMap<(MeterScope, u64), u64>,
    mood: Mood,
    waiting: Vec<(LeaseRequest, LeaseDone)>,
    requests: u64,
}

#[derive(Clone, Copy, Default, PartialEq)]
enum Mood {
    /// Answers before `lease` returns.
    #[default]
    AtOnce,
    /// Keeps wishes until [`Store::answer`].
    Later,
    /// Answers with an error.
    Down,
}

impl Store {
    fn set(&self, mood: Mood) {
        self.0.lock().mood = mood;
    }

    fn requests(&self) -> u64 {
        self.0.lock().requests
    }

    /// Answers all wishes that it kept; how many.
    fn answer(&self) -> usize {
        let waiting = std::mem::take(&mut self.0.lock().waiting);
        let answered = waiting.len();
        for (request, done) in waiting {
            let outcome = self.0.lock().decide(request);
            done(outcome);
        }
        answered
    }
}

impl Books {
    fn decide(&mut self, request: LeaseRequest) -> Result<Lease, LeaseError> {
        if self.mood == Mood::Down {
            return Err(LeaseError("no disk".into()));
        }
        let LeaseRequest { scope, day, limit, want, spent } = request;
        let total = self.totals.entry((scope, day)).or_default();
        *total += spent;
        let granted = want.min(limit.saturating_sub(*total));
        *total += granted;
        Ok(Lease { scope, day, granted, total: *total })
    }
}

impl LeaseStore for Store {
    fn lease(&self, request: LeaseRequest, done: LeaseDone) {
        let mut books = self.0.lock();
        books.requests += 1;
        if books.mood == Mood::Later {
            books.waiting.push((request, done));
            return;
        }
        let outcome = books.decide(request);
        drop(books);
        done(outcome);
    }

    fn give_back(&self, _: Vec<Return>, done: Box<dyn FnOnce(Result<(), LeaseError>) + Send>) {
        done(Ok(()));
    }
}

/// Polls once; `None` if it still waits.
fn poll<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
    match future.poll_unpin(&mut Context::from_waker(&noop_waker())) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}

fn error_of(reply: &Reply) -> &str {
    match reply {
        Reply::Error(error) => error.text(),
        reply => panic!("not an error: {reply:?}"),
    }
}

fn quota_text(limit: u64, used: u64) -> String {
    format!(
        "ERR max daily request limit exceeded. Limit: {limit}, Usage: {used}. \
         See https://upstash.com/docs/redis/troubleshooting/max_daily_request_limit for details"
    )
}

#[tokio::test]
async fn an_unknown_token_learns_nothing_and_reaches_nothing() {
    let scene = Scene::with_quota(10);
    for token in ["", "wrong", "owner's token "] {
        let answer = scene.send(token, Shape::One, &["GET k"]).await;
        let refused = Refusal::Unauthenticated(ReplyError::fixed(AUTHENTICATION_REFUSED));
        assert!(matches!(answer.replies, Replies::Refused(refusal) if refusal == refused), "{token:?}");
        assert!(answer.standing.is_none());
    }
    assert_eq!((scene.ran(), scene.store.requests()), (vec![], 0));
}

#[tokio::test]
async fn a_revoked_token_is_refused_from_the_next_request_on() {
    let scene = Scene::unlimited();
    assert_eq!(scene.one(READER, "GET k").await, Ok(Reply::OK));
    let database = database(1, Limits::UNLIMITED);
    let revoked = TokenRecord { revoked_at_ms: Some(NOON_MS), ..blank(&database) };
    scene.authority.apply(&Change::Token(token(2, &database, READER, revoked))).unwrap();
    assert!(matches!(scene.one(READER, "GET k").await, Err(Refusal::Unauthenticated(_))));
}

#[tokio::test]
async fn a_reader_reads_and_does_nothing_else() {
    let scene = Scene::unlimited();
    for command in ["GET k", "PING", "TTL k", "MGET a b", "HGETALL h", "ZRANGE z 0 -1"] {
        assert_eq!(scene.one(READER, command).await, Ok(Reply::OK), "{command}");
    }
    assert_eq!(scene.ran().len(), 6);
    for command in ["SET k v", "SCAN 0", "KEYS *", "GETDEL k", "EXPIRE k 1", "SORT l STORE m"] {
        let reply = scene.one(READER, command).await.unwrap();
        let name = command.split(' ').next().unwrap().to_ascii_lowercase();
        let text =
            format!("NOPERM this user has no permissions to run the '{name}' command or its subcommand");
        assert_eq!(error_of(&reply), text);
    }
    assert_eq!(scene.ran(), [""; 0]);
    assert_eq!(scene.one(OWNER, "SET k v").await, Ok(Reply::OK));
}

#[tokio::test]
async fn what_is_larger_than_the_plan_allows_is_refused() {
    let limits = Limits { request_bytes_max: 20, key_bytes_max: 8, ..Limits::UNLIMITED };
    let scene = Scene::new(Some(5), limits);
    let reply = scene.one(OWNER, "SET k 0123456789abcdefghij").await.unwrap();
    assert_eq!(error_of(&reply), "ERR max request size exceeded. Limit: 20 bytes, Actual: 24 bytes");
    let reply = scene.one(OWNER, "GET 012345678").await.unwrap();
    assert_eq!(error_of(&reply), "ERR max key size exceeded. Limit: 8 bytes, Actual: 9 bytes");
    assert_eq!(scene.one(OWNER, "SET 01234567 abcdefgh").await, Ok(Reply::OK), "both at their limits");
    assert_eq!(scene.left(), Some(4));
}

#[tokio::test]
async fn a_refused_entry_of_a_pipeline_is_its_own_affair() {
    let scene = Scene::with_quota(10);
    let commands = ["SET k v", "GET", "NOSUCH", "SUBSCRIBE c", "GET k"];
    let replies = scene.many(Shape::Pipeline, &commands).await.unwrap();
    assert_eq!((&replies[0], &replies[4]), (&Reply::OK, &Reply::OK));
    assert_eq!(error_of(&replies[1]), "ERR wrong number of arguments for 'get' command");
    assert!(error_of(&replies[2]).starts_with("ERR Command is not available: 'NOSUCH'"), "{replies:?}");
    assert!(matches!(replies[3], Reply::Error(_)));
    assert_eq!(scene.ran(), ["set", "get"]);
    assert_eq!(scene.left(), Some(8), "only what ran is counted");
}

#[tokio::test]
async fn errors_and_free_commands_cost_nothing_and_need_no_quota() {
    let scene = Scene::with_quota(1);
    assert_eq!(scene.one(OWNER, "GET k").await, Ok(Reply::OK));
    assert!(matches!(scene.one(OWNER, "GET k").await, Err(Refusal::Exhausted(_))));
    assert_eq!(scene.one(OWNER, "PING").await, Ok(Reply::OK));
    assert!(matches!(scene.one(OWNER, "GET").await, Ok(Reply::Error(_))));
    assert!(matches!(scene.one(OWNER, "NOSUCH").await, Ok(Reply::Error(_))));
    let replies = scene.many(Shape::Pipeline, &["PING", "GET k", "PING"]).await.unwrap();
    assert_eq!((&replies[0], &replies[2]), (&Reply::OK, &Reply::OK));
    assert_eq!(error_of(&replies[1]), quota_text(1, 1));
    assert_eq!(scene.usage().commands, 1);
}

#[tokio::test]
async fn a_pipeline_gets_what_is_left_and_its_rest_the_refusal() {
    let scene = Scene::with_quota(3);
    let commands = ["SET a 1", "PING", "SET b 2", "GET", "SET c 3", "SET d 4", "PING", "GET a"];
    let replies = scene.many(Shape::Pipeline, &commands).await.unwrap();
    for at in [0, 1, 2, 4, 6] {
        assert_eq!(replies[at], Reply::OK, "{at}");
    }
    for at in [5, 7] {
        assert_eq!(error_of(&replies[at]), quota_text(3, 3));
    }
    assert_eq!(error_of(&replies[3]), "ERR wrong number of arguments for 'get' command");
    assert_eq!(scene.ran().len(), 5);
    assert_eq!(scene.left(), Some(0));
}

#[tokio::test]
async fn a_transaction_that_does_not_fit_counts_nothing() {
    let scene = Scene::with_quota(3);
    let Err(Refusal::Exhausted(refusal)) = scene.many(Shape::Atomic, &["SET a 1"; 4]).await else {
        panic!("4 of 3 were run")
    };
    assert_eq!((refusal.to_string(), scene.ran().len()), (quota_text(3, 0), 0));
    assert_eq!(scene.left(), Some(3));
    assert_eq!(scene.many(Shape::Atomic, &["SET a 1"; 3]).await, Ok(vec![Reply::OK; 3]));
    assert_eq!(scene.left(), Some(0));
}

#[tokio::test]
async fn a_transaction_with_a_bad_command_is_discarded_and_counts_nothing() {
    let scene = Scene::with_quota(3);
    for bad in ["GET", "NOSUCH", "SUBSCRIBE c"] {
        let Err(Refusal::Discarded(error)) = scene.many(Shape::Atomic, &["SET a 1", bad]).await else {
            panic!("{bad} was run")
        };
        assert!(error.text().starts_with("EXECABORT Transaction discarded because of: ERR "), "{error}");
    }
    assert_eq!(scene.ran(), [""; 0]);
    assert_eq!((scene.left(), scene.usage()), (Some(3), Usage::default()));
}

#[tokio::test]
async fn commands_without_room_are_neither_charged_nor_used() {
    let scene = Scene::with_quota(5);
    scene.backend.unexecuted.store(2, Relaxed);
    scene.many(Shape::Pipeline, &["SET a 1", "SET b 2", "GET a"]).await.unwrap();
    assert_eq!(scene.left(), Some(4));
    let Usage { commands, reads, writes, .. } = scene.usage();
    assert_eq!((commands, reads, writes), (1, 1, 0));
}

#[tokio::test]
async fn a_backend_that_refuses_a_batch_charges_nothing() {
    let scene = Scene::with_quota(5);
    let busy = Refusal::Unavailable(ReplyError::fixed("BUSY"));
    *scene.backend.refusal.lock() = Some(busy.clone());
    assert_eq!(scene.many(Shape::Pipeline, &["SET a 1", "GET a"]).await, Err(busy));
    assert_eq!((scene.left(), scene.usage()), (Some(5), Usage::default()));
}

#[tokio::test]
async fn midnight_renews_the_quota() {
    let scene = Scene::with_quota(2);
    let midnight_ms = NOON_MS + DAY_MS / 2;
    scene.clock.0.store(midnight_ms - 1, Relaxed);
    assert_eq!(scene.many(Shape::Atomic, &["GET k"; 2]).await, Ok(vec![Reply::OK; 2]));
    let Err(Refusal::Exhausted(refusal)) = scene.one(OWNER, "GET k").await else { panic!("2 a day") };
    assert_eq!((refusal.resets_at_ms, refusal.retry_after_seconds(midnight_ms - 1)), (midnight_ms, 1));
    scene.clock.0.store(midnight_ms, Relaxed);
    assert_eq!(scene.many(Shape::Atomic, &["GET k"; 2]).await, Ok(vec![Reply::OK; 2]));
    assert!(matches!(scene.one(OWNER, "GET k").await, Err(Refusal::Exhausted(_))));
}

#[tokio::test]
async fn usage_and_standing_tell_what_was_done() {
    let scene = Scene::with_quota(10);
    let answer = scene.send(OWNER, Shape::Pipeline, &["SET a 1", "GET a", "PING", "GET"]).await;
    let standing = answer.standing.unwrap();
    assert_eq!(standing.position, Some(7));
    assert_eq!(standing.quota.map(|quota| (quota.limit, quota.remaining)), Some((10, 8)));
    standing.count_reply_bytes(40);
    let bytes_in = ("SETa1".len() + "GETa".len()) as u64;
    assert_eq!(scene.usage(), Usage { commands: 2, reads: 1, writes: 1, bytes_in, bytes_out: 40 });
}

/// More callers than quota, on several threads, with a store that answers from a thread of its own.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn tasks_get_exactly_the_quota() {
    let scene = Scene::with_quota(300);
    scene.store.set(Mood::Later);
    let (stop, stopped) = mpsc::channel::<()>();
    let store = Arc::clone(&scene.store);
    let answering = std::thread::spawn(move || {
        while stopped.try_recv() == Err(mpsc::TryRecvError::Empty) {
            store.answer();
            std::thread::yield_now();
        }
    });
    let callers = (0..1_000).map(|_| tokio::spawn(scene.send(OWNER, Shape::One, &["SET k v"])));
    let answers = join_all(callers).await;
    drop(stop);
    answering.join().unwrap();
    let ran = answers
        .iter()
        .filter(|answer| matches!(answer.as_ref().unwrap().replies, Replies::One(Reply::Status(_))));
    assert_eq!((ran.count(), scene.ran().len()), (300, 300));
    let exhausted = |answer: &Answer| matches!(answer.replies, Replies::Refused(Refusal::Exhausted(_)));
    assert_eq!(answers.iter().filter(|answer| exhausted(answer.as_ref().unwrap())).count(), 700);
}

#[tokio::test]
async fn all_who_wait_are_woken_by_one_lease() {
    let scene = Scene::with_quota(1_000);
    scene.store.set(Mood::Later);
    let mut waiting: Vec<_> = (0..10).map(|_| scene.send(OWNER, Shape::One, &["GET k"])).collect();
    assert!(waiting.iter_mut().all(|one| poll(one).is_none()));
    assert_eq!(scene.store.requests(), 1, "one wish for all");
    assert_eq!(scene.store.answer(), 1);
    assert!(waiting.iter_mut().all(|one| poll(one).is_some()));
    assert_eq!(scene.ran().len(), 10);
}

/// The answer may come between the wish and the first look of whoever made it.
#[tokio::test]
async fn an_answer_before_the_first_look_is_not_missed() {
    let scene = Scene::with_quota(1_000);
    scene.store.set(Mood::Later);
    let mut early = scene.send(OWNER, Shape::One, &["GET k"]);
    assert!(poll(&mut early).is_none());
    let mut second = scene.send(OWNER, Shape::One, &["GET k"]);
    scene.store.answer();
    assert!(poll(&mut second).is_some());
    assert!(poll(&mut early).is_some());
}

/// A meter makes no other wish while one is on its way, so that one must be sent whatever becomes of its request.
#[tokio::test]
async fn a_client_that_leaves_blocks_nobody() {
    let scene = Scene::with_quota(1_000);
    scene.store.set(Mood::Later);
    drop(scene.send(OWNER, Shape::One, &["GET k"])); // gone before it was looked at
    let mut left = scene.send(OWNER, Shape::One, &["GET k"]);
    assert!(poll(&mut left).is_none());
    drop(left);
    scene.store.answer();
    scene.store.set(Mood::AtOnce);
    let answered = tokio::time::timeout(Duration::from_secs(10), scene.one(OWNER, "GET k")).await;
    assert_eq!(answered.expect("the meter is stuck"), Ok(Reply::OK));
    assert_eq!(scene.left(), Some(999), "who left before the lease came is not counted");
}

#[tokio::test]
async fn a_store_that_fails_refuses_and_recovers() {
    let scene = Scene::with_quota(1_000);
    scene.store.set(Mood::Down);
    let unknown = Refusal::Unavailable(ReplyError::QUOTA_UNKNOWN);
    for _ in 0..3 {
        assert_eq!(scene.one(OWNER, "GET k").await, Err(unknown.clone()));
    }
    assert_eq!(scene.ran(), [""; 0]);
    scene.store.set(Mood::AtOnce);
    assert_eq!(scene.one(OWNER, "GET k").await, Ok(Reply::OK));
    assert_eq!(scene.left(), Some(999));
}

/// Not one failure after the other, each as slow as the disk is.
#[tokio::test]
async fn all_who_wait_for_a_lease_that_fails_give_up_together() {
    let scene = Scene::with_quota(1_000);
    scene.store.set(Mood::Later);
    let mut waiting: Vec<_> = (0..10).map(|_| scene.send(OWNER, Shape::One, &["GET k"])).collect();
    assert!(waiting.iter_mut().all(|one| poll(one).is_none()));
    scene.store.set(Mood::Down);
    scene.store.answer();
    for one in &mut waiting {
        let answer = poll(one).expect("it has failed");
        assert!(matches!(answer.replies, Replies::Refused(Refusal::Unavailable(_))), "{:?}", answer.replies);
    }
    scene.store.set(Mood::AtOnce);
    assert_eq!(scene.one(OWNER, "GET k").await, Ok(Reply::OK));
}

/// Databases share waiting rooms: many answers to others must not make a request give up.
#[tokio::test]
async fn the_answers_to_others_are_no_reason_to_give_up() {
    let scene = Scene::with_quota(1_000);
    let other = database(65, Limits::UNLIMITED); // 1 and 65 use the same room
    scene.authority.apply(&Change::Database(other.clone())).unwrap();
    scene.store.set(Mood::Later);
    let mut patient = scene.send(OWNER, Shape::One, &["GET k"]);
    assert!(poll(&mut patient).is_none());
    let own = std::mem::take(&mut scene.store.0.lock().waiting);
    for n in 0..100 {
        let (n, secret) = (100 + n, format!("token {n}"));
        let limited = TokenRecord { commands_per_day: Some(10), ..blank(&other) };
        scene.authority.apply(&Change::Token(token(n, &other, &secret, limited))).unwrap();
        let mut neighbour = scene.send(&secret, Shape::One, &["GET k"]);
        assert!(poll(&mut neighbour).is_none());
        scene.store.answer();
        assert!(poll(&mut neighbour).is_some());
        assert!(poll(&mut patient).is_none(), "gave up after {n}");
    }
    scene.store.0.lock().waiting = own;
    scene.store.answer();
    let answer = poll(&mut patient).expect("its lease has come");
    assert!(matches!(answer.replies, Replies::One(Reply::Status(_))));
}

#[test]
fn what_ends_in_a_log_holds_no_secret() {
    let incoming = Incoming {
        caller: crate::Caller::Token(Bytes::from_static(b"hunter2")),
        shape: Shape::One,
        commands: Batch::from_iter([Ok(words("SET password hunter2"))]),
    };
    let text = format!("{incoming:?}");
    assert!(!text.contains("hunter2") && !text.contains("password"), "{text}");
}
