//! A server on a port of its own, and a client that shows every byte.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use latchkey_http::{Door, Readiness, Server, Settings};
use latchkey_pipeline::{
    AUTHENTICATION_REFUSED, Answer, Batch, Caller, Clock, Ear, Incoming, Refusal, Replies, Scope, Shape,
    Standing,
};
use latchkey_protocol::{Reply, ReplyError, Words};
use latchkey_pubsub::{Hub, Outbox};
use latchkey_tenancy::{
    Authority, Change, DatabaseId, DatabaseRecord, Limits, Principal, Records, TokenDigest, TokenId,
    TokenKind, TokenRecord,
};
use latchkey_tls::Tls;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufStream};
use tokio::net::TcpStream;
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;
use tower::Service;

/// The one good token.
pub(crate) const TOKEN: &str = "good";

/// Replies may be so long.
pub(crate) const REPLY_BYTES_MAX: u64 = 1_000;

/// Long enough that nothing waits for it; a test that would, fails instead of hanging.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A stack that knows a few words: `ECHO`, `BYTES n`, `PANIC`, `WAIT`. Anything else is `OK`.
#[derive(Clone)]
pub(crate) struct Puppet {
    principal: Arc<Principal>,
    pub(crate) hub: Arc<Hub>,
    pub(crate) gate: Arc<Gate>,
}

/// Where `WAIT` waits.
#[derive(Default)]
pub(crate) struct Gate {
    pub(crate) reached: Notify,
    pub(crate) open: Notify,
}

impl Service<Incoming> for Puppet {
    type Response = Answer;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Answer, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, incoming: Incoming) -> Self::Future {
        let puppet = self.clone();
        Box::pin(async move { Ok(puppet.answer(incoming).await) })
    }
}

impl Puppet {
    async fn answer(self, incoming: Incoming) -> Answer {
        let (Caller::Token(token) | Caller::Listener(token, _)) = &incoming.caller else {
            panic!("no token")
        };
        if token != TOKEN {
            let refusal = Refusal::Unauthenticated(ReplyError::fixed(AUTHENTICATION_REFUSED));
            return Answer { replies: Replies::Refused(refusal), standing: None, rest: Batch::new() };
        }
        if let (Caller::Listener(_, ear), Shape::Listen) = (&incoming.caller, incoming.shape) {
            let reply = self.listen(ear, incoming.commands[0].as_ref().unwrap());
            let standing = Standing { principal: self.principal, quota: None, position: Some(7) };
            return Answer { replies: Replies::One(reply), standing: Some(standing), rest: Batch::new() };
        }
        let mut replies = Batch::new();
        for command in incoming.commands {
            replies.push(match command {
                Ok(words) => self.run(&words).await,
                Err(error) => error.into(),
            });
        }
        let replies = match incoming.shape {
            Shape::One => Replies::One(replies.pop().unwrap()),
            _ => Replies::Many(replies),
        };
        Answer {
            replies,
            standing: Some(Standing { principal: self.principal, quota: None, position: Some(7) }),
            rest: Batch::new(),
        }
    }

    fn listen(&self, ear: &Ear, words: &Words) -> Reply {
        let names = &words.as_slice()[1..];
        let scope = match words.name() {
            _ if names.is_empty() && words.name() != b"MONITOR" => return ReplyError::SYNTAX.into(),
            b"SUBSCRIBE" => Scope::Channel,
            b"PSUBSCRIBE" => Scope::Pattern,
            _ => {
                self.hub.monitor(ear);
                return Reply::OK;
            }
        };
        let kind = Reply::bulk(words.name().to_ascii_lowercase());
        let counts = self.hub.subscribe(ear, scope, names).unwrap();
        let confirm = |(name, count): (&Bytes, _)| {
            Reply::Array(vec![kind.clone(), Reply::Bulk(name.clone()), Reply::count(count)])
        };
        Reply::Array(names.iter().zip(counts).map(confirm).collect())
    }

    async fn run(&self, words: &Words) -> Reply {
        let word = |at: usize| words.as_slice().get(at).cloned().unwrap_or_default();
        match words.name() {
            b"ECHO" => Reply::Bulk(word(1)),
            b"BYTES" => Reply::bulk(vec![b'x'; std::str::from_utf8(&word(1)).unwrap().parse().unwrap()]),
            b"LENGTH" => Reply::count(word(1).len()),
            b"PANIC" => panic!("as it was told"),
            b"WAIT" => {
                self.gate.reached.notify_one();
                self.gate.open.notified().await;
                Reply::OK
            }
            _ => Reply::OK,
        }
    }
}

#[derive(Debug)]
struct NoTime;

impl Clock for NoTime {
    fn now_us(&self) -> i64 {
        0
    }
}

fn authority() -> Authority {
    let limits = Limits { reply_bytes_max: REPLY_BYTES_MAX, ..Limits::UNLIMITED };
    let database = DatabaseRecord {
        id: DatabaseId::from_bytes([1; 16]),
        name: "d".into(),
        plan: "p".into(),
        limits,
        created_ms: 0,
        epoch: 0,
        deleted: false,
    };
    Authority::new(&Records { databases: vec![database], tokens: vec![token()], ..Records::default() })
        .unwrap()
}

fn token() -> TokenRecord {
    TokenRecord {
        id: TokenId::from_bytes([1; 16]),
        database: DatabaseId::from_bytes([1; 16]),
        kind: TokenKind::Opaque(TokenDigest::of(TOKEN.as_bytes())),
        name: "t".into(),
        read_only: false,
        commands_per_day: None,
        created_ms: 0,
        expires_at_ms: None,
        revoked_at_ms: None,
        epoch: 0,
    }
}

/// A running server.
pub(crate) struct Served {
    pub(crate) address: SocketAddr,
    pub(crate) gate: Arc<Gate>,
    pub(crate) readiness: Readiness,
    pub(crate) hub: Arc<Hub>,
    authority: Authority,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<()>,
}

impl Served {
    pub(crate) async fn start(settings: Settings) -> Self {
        Self::start_with(settings, None).await
    }

    pub(crate) async fn start_with(settings: Settings, tls: Option<Tls>) -> Self {
        let (gate, readiness) = (Arc::<Gate>::default(), Readiness::default());
        let (authority, hub) = (authority(), Arc::new(Hub::new(7)));
        let principal = authority.authenticate(TOKEN.as_bytes(), 0).unwrap();
        let puppet = Puppet { principal, hub: Arc::clone(&hub), gate: Arc::clone(&gate) };
        let is_known = |token: &[u8]| token == TOKEN.as_bytes();
        let door = Arc::new(Door::new(puppet, Arc::new(NoTime), is_known, settings, readiness.clone()));
        let server = Server::bind("127.0.0.1:0".parse().unwrap(), door, tls).await.unwrap();
        let address = server.address().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = tokio::spawn(server.serve(async move { drop(stopped.await) }));
        Self { address, gate, readiness, hub, authority, stop, serving }
    }

    pub(crate) async fn client(&self) -> Client<TcpStream> {
        Client::new(TcpStream::connect(self.address).await.unwrap())
    }

    /// Publishes; how many heard it.
    pub(crate) fn publish(&self, channel: &str, payload: &str) -> usize {
        let mut outbox = Outbox::new(Arc::clone(&self.hub));
        let heard = outbox.publish(Scope::Channel, channel.as_bytes(), payload.as_bytes());
        outbox.send();
        heard.unwrap()
    }

    pub(crate) fn revoke(&self) {
        let record = TokenRecord { revoked_at_ms: Some(1), ..token() };
        self.authority.apply(&Change::Token(record)).unwrap();
    }

    /// Tells it to stop; the handle is done when it has.
    pub(crate) fn stop(self) -> JoinHandle<()> {
        self.stop.send(()).unwrap();
        self.serving
    }
}

/// Half of a conversation in HTTP/1.1.
pub(crate) struct Client<S>(BufStream<S>);

/// A response, byte by byte. Header lines are in lower case.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) headers: Vec<String>,
    pub(crate) body: Bytes,
}

impl Response {
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let value = |line: &'_ String| line.strip_prefix(name)?.strip_prefix(": ").map(str::len);
        let line = self.headers.iter().find(|line| value(line).is_some())?;
        Some(&line[name.len() + 2..])
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Client<S> {
    pub(crate) fn new(stream: S) -> Self {
        Self(BufStream::new(stream))
    }

    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.0.write_all(bytes.as_ref()).await.unwrap();
        self.0.flush().await.unwrap();
    }

    /// Sends what may be refused while it is being sent.
    pub(crate) async fn try_send(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.0.write_all(bytes).await?;
        self.0.flush().await
    }

    /// The next response, with a body of the announced length.
    pub(crate) async fn response(&mut self) -> Response {
        let mut response = self.head().await;
        let length = response.header("content-length").map_or(0, |length| length.parse().unwrap());
        let mut body = vec![0; length];
        self.0.read_exact(&mut body).await.unwrap();
        response.body = body.into();
        response
    }

    /// The next response, of which the body is not sent.
    pub(crate) async fn head(&mut self) -> Response {
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            let read =
                tokio::time::timeout(PATIENCE, self.0.read_line(&mut line)).await.expect("no response");
            assert_ne!(read.unwrap(), 0, "closed after {lines:?}");
            match line.trim_end() {
                "" => break,
                line => lines.push(line.to_ascii_lowercase()),
            }
        }
        let status = lines.remove(0).split(' ').nth(1).unwrap().parse().unwrap();
        Response { status, headers: lines, body: Bytes::new() }
    }

    /// All that comes until the server closes.
    pub(crate) async fn rest(&mut self) -> String {
        let mut rest = Vec::new();
        let read = tokio::time::timeout(PATIENCE, self.0.read_to_end(&mut rest)).await;
        read.expect("the connection stays open").unwrap();
        String::from_utf8(rest).unwrap()
    }

    /// The next chunk of a body that is sent in chunks; empty for the last.
    pub(crate) async fn chunk(&mut self) -> String {
        let mut size = String::new();
        tokio::time::timeout(PATIENCE, self.0.read_line(&mut size)).await.expect("no chunk").unwrap();
        let size = usize::from_str_radix(size.trim_end(), 16).expect("the length of a chunk");
        let mut chunk = vec![0; size + 2];
        self.0.read_exact(&mut chunk).await.unwrap();
        assert_eq!(chunk.split_off(size), b"\r\n");
        String::from_utf8(chunk).unwrap()
    }

    /// Reads what is not looked at.
    pub(crate) async fn skip(&mut self, bytes: usize) {
        self.0.read_exact(&mut vec![0; bytes]).await.unwrap();
    }

    pub(crate) async fn ask(&mut self, bytes: impl AsRef<[u8]>) -> Response {
        self.send(bytes).await;
        self.response().await
    }
}

/// A request with the good token.
pub(crate) fn post(path: &str, body: &str) -> String {
    request("POST", path, "", body)
}

pub(crate) fn request(method: &str, path: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "{method} {path} HTTP/1.1\r\nhost: h\r\nauthorization: Bearer {TOKEN}\r\n{headers}content-length: {length}\r\n\r\n{body}"
    )
}
