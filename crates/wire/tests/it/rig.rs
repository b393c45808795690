//! A server with one database, and a client that compares bytes.

use std::net::SocketAddr;
use std::panic::Location;
use std::sync::Arc;

use latchkey_local::{About, Local, SystemClock};
use latchkey_pipeline::{Accounts, Clock, Gate, stack};
use latchkey_tenancy::{
    Authority, Change, DatabaseId, DatabaseRecord, Lease, LeaseDone, LeaseError, LeaseRequest, LeaseStore,
    Limits, Records, Return, TokenDigest, TokenId, TokenKind, TokenRecord, UserChange, UserDone, UserError,
    UserRecord, UserStore, UserToken,
};
use latchkey_tls::Tls;
use latchkey_wire::{Door, Server, Settings};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

pub(crate) const TOKEN: &str = "wire-token";
pub(crate) const READ_ONLY_TOKEN: &str = "wire-token-ro";
pub(crate) const OTHER_TOKEN: &str = "token-of-another-database";

/// A running server. Stops when dropped.
pub(crate) struct Rig {
    pub(crate) address: SocketAddr,
    pub(crate) authority: Arc<Authority>,
    local: Arc<Local>,
    stop: Option<oneshot::Sender<()>>,
    serving: JoinHandle<()>,
}

impl Rig {
    pub(crate) async fn start() -> Self {
        Self::start_with(Settings::default(), None).await
    }

    /// With these settings, and so many commands a day.
    pub(crate) async fn start_with(settings: Settings, commands_per_day: Option<u64>) -> Self {
        Self::start_at(settings, commands_per_day, None).await
    }

    /// With these settings, behind TLS.
    pub(crate) async fn start_behind(tls: Tls, settings: Settings) -> Self {
        Self::start_at(settings, None, Some(tls)).await
    }

    async fn start_at(settings: Settings, commands_per_day: Option<u64>, tls: Option<Tls>) -> Self {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let authority = Arc::new(Authority::new(&records(commands_per_day)).unwrap());
        let about = About { version: "0", run_id: "0".repeat(40) };
        let local = Arc::new(
            Local::new(Arc::clone(&clock), 7, about, None, latchkey_local::Settings::default()).unwrap(),
        );
        let leases: Arc<dyn LeaseStore> = Arc::new(Generous);
        let users = Arc::new(Generous);
        let accounts = Accounts::new(Arc::clone(&authority), users, Arc::clone(&clock), |_| Ok(()));
        let stack = stack(Arc::clone(&authority), leases, Arc::clone(&clock), Arc::clone(&local), accounts);
        let door = Arc::new(Door::new(stack, Gate::new(Arc::clone(&authority), clock), settings));
        let server = Server::bind(([127, 0, 0, 1], 0).into(), door, tls).await.unwrap();
        let address = server.address().unwrap();
        let (stop, stopped) = oneshot::channel();
        let serving = tokio::spawn(server.serve(async {
            drop(stopped.await);
        }));
        Self { address, authority, local, stop: Some(stop), serving }
    }

    pub(crate) async fn connect(&self) -> Client {
        Client { stream: TcpStream::connect(self.address).await.unwrap() }
    }

    /// A connection that has authenticated.
    pub(crate) async fn client(&self) -> Client {
        let mut client = self.connect().await;
        client.check(&format!("AUTH {TOKEN}\r\n"), "+OK\r\n").await;
        client
    }

    pub(crate) fn revoke(&self) {
        let record = TokenRecord { revoked_at_ms: Some(1), ..token(1, TOKEN, 1, None) };
        self.authority.apply(&Change::Token(record)).unwrap();
    }

    /// Makes or changes a user of the first database; its token.
    pub(crate) fn put_user(&self, name: &str, rules: &str, password: &[u8]) -> String {
        self.authority.apply(&Change::User(user(name, rules, password))).unwrap();
        UserToken { database: database(1).id, user: name.into(), password: password.into() }.text()
    }

    pub(crate) fn database_id(id: u8) -> DatabaseId {
        database(id).id
    }

    /// Deletes the first database.
    pub(crate) fn delete_database(&self) {
        let record = DatabaseRecord { deleted: true, ..database(1) };
        self.authority.apply(&Change::Database(record)).unwrap();
    }

    pub(crate) fn delete_user(&self, name: &str) {
        let record = UserRecord { deleted: true, ..user(name, "", b"") };
        self.authority.apply(&Change::User(record)).unwrap();
    }

    /// Commands that were counted for the database's main token.
    pub(crate) fn counted(&self) -> u64 {
        let usage = self.authority.take_usage();
        usage.iter().map(|record| record.usage.commands).sum()
    }

    /// How many commands wait on the first database, as INFO tells.
    pub(crate) async fn waiting(&self) -> usize {
        let mut client = self.client().await;
        client.send("INFO clients\r\n").await;
        let info = client.line_ended_by("\r\n\r\n").await;
        let waiting = info.lines().find_map(|line| line.strip_prefix("blocked_clients:"));
        waiting.unwrap().parse().unwrap()
    }

    /// Done when so many commands wait.
    pub(crate) async fn until_waiting(&self, waiting: usize) {
        while self.waiting().await != waiting {
            tokio::task::yield_now().await;
        }
    }

    /// Asks the server to stop, and waits until it has.
    pub(crate) async fn stop(mut self) {
        self.local.end_waits();
        self.stop.take().unwrap().send(()).unwrap();
        self.serving.await.unwrap();
    }
}

/// One connection.
pub(crate) struct Client<T = TcpStream> {
    pub(crate) stream: T,
}

impl<T: AsyncRead + AsyncWrite + Unpin> Client<T> {
    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).await.unwrap();
    }

    /// Fails unless exactly these bytes come next.
    #[track_caller]
    pub(crate) fn expect<'a>(&'a mut self, expected: &'a str) -> impl Future<Output = ()> + 'a {
        self.expect_at(expected, Location::caller())
    }

    /// Sends, and fails unless exactly these bytes come back.
    #[track_caller]
    pub(crate) fn check<'a>(&'a mut self, sent: &'a str, expected: &'a str) -> impl Future<Output = ()> + 'a {
        let place = Location::caller();
        async move {
            self.send(sent).await;
            self.expect_at(expected, place).await;
        }
    }

    async fn expect_at(&mut self, expected: &str, place: &Location<'_>) {
        let mut read = Vec::new();
        while read.len() < expected.len() {
            let missing = (expected.len() - read.len()) as u64;
            let bytes = (&mut self.stream).take(missing).read_buf(&mut read).await.unwrap();
            assert_ne!(bytes, 0, "{place}: the connection ended after {}", read.escape_ascii());
            let so_far = read.escape_ascii();
            assert!(expected.as_bytes().starts_with(&read), "{place}: expected {expected:?}, got {so_far}");
        }
    }

    /// Fails unless the server closes, with nothing more to read.
    #[track_caller]
    pub(crate) fn expect_end(mut self) -> impl Future<Output = ()> {
        let place = std::panic::Location::caller();
        async move {
            let mut rest = Vec::new();
            self.stream.read_to_end(&mut rest).await.unwrap();
            assert_eq!(rest.escape_ascii().to_string(), "", "{place}");
        }
    }

    /// All that comes until the server closes.
    pub(crate) async fn read_to_end(mut self) -> String {
        let mut rest = Vec::new();
        self.stream.read_to_end(&mut rest).await.unwrap();
        String::from_utf8(rest).unwrap()
    }

    /// The next line, without its end.
    pub(crate) async fn line(&mut self) -> String {
        self.line_ended_by("\r\n").await.trim_end().to_owned()
    }

    /// What comes next up to and with this end.
    pub(crate) async fn line_ended_by(&mut self, end: &str) -> String {
        let mut line = Vec::new();
        while !line.ends_with(end.as_bytes()) {
            line.push(self.stream.read_u8().await.unwrap());
        }
        String::from_utf8(line).unwrap()
    }
}

/// A command as clients send it.
pub(crate) fn array(words: &[&str]) -> String {
    let count = words.len();
    let words: String = words.iter().map(|word| format!("${}\r\n{word}\r\n", word.len())).collect();
    format!("*{count}\r\n{words}")
}

fn records(commands_per_day: Option<u64>) -> Records {
    let databases = vec![database(1), database(2)];
    let tokens = vec![
        token(1, TOKEN, 1, commands_per_day),
        TokenRecord { read_only: true, ..token(2, READ_ONLY_TOKEN, 1, None) },
        token(3, OTHER_TOKEN, 2, None),
    ];
    Records { databases, tokens, ..Records::default() }
}

fn user(name: &str, rules: &str, password: &[u8]) -> UserRecord {
    UserRecord {
        id: TokenId::from_bytes([9; 16]),
        database: database(1).id,
        name: name.into(),
        rules: rules.into(),
        passwords: vec![TokenDigest::of(password)],
        deleted: false,
    }
}

fn database(id: u8) -> DatabaseRecord {
    DatabaseRecord {
        id: DatabaseId::from_bytes([id; 16]),
        name: format!("database-{id}"),
        plan: "unlimited".into(),
        limits: Limits::UNLIMITED,
        created_ms: 0,
        epoch: 0,
        deleted: false,
    }
}

fn token(id: u8, secret: &str, database: u8, commands_per_day: Option<u64>) -> TokenRecord {
    TokenRecord {
        id: TokenId::from_bytes([id; 16]),
        database: DatabaseId::from_bytes([database; 16]),
        kind: TokenKind::Opaque(TokenDigest::of(secret.as_bytes())),
        name: secret.into(),
        read_only: false,
        commands_per_day,
        created_ms: 0,
        expires_at_ms: None,
        revoked_at_ms: None,
        epoch: 0,
    }
}

/// Leases all that is left, once.
struct Generous;

impl LeaseStore for Generous {
    fn lease(&self, request: LeaseRequest, done: LeaseDone) {
        let LeaseRequest { scope, day, limit, .. } = request;
        done(Ok(Lease { scope, day, granted: limit, total: limit }));
    }

    fn give_back(&self, _: Vec<Return>, done: Box<dyn FnOnce(Result<(), LeaseError>) + Send>) {
        done(Ok(()));
    }
}

impl UserStore for Generous {
    fn change_user(&self, _: DatabaseId, _: String, _: UserChange, done: UserDone<()>) {
        done(Err(UserError::Unavailable("nobody keeps users here".into())));
    }

    fn delete_users(&self, _: DatabaseId, _: Vec<String>, done: UserDone<u64>) {
        done(Err(UserError::Unavailable("nobody keeps users here".into())));
    }
}
