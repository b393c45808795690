//! A service that speaks S3 (`moto`), and a line to it that can be cut.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex};
use std::thread;

use crate::http::{Connection, Request, Response};
use crate::sdk;
use crate::server::Server;

/// The bucket that is there.
pub(crate) const BUCKET: &str = "kept";

/// A running service, with one bucket and one user.
pub(crate) struct Service {
    _process: Server,
    pub(crate) address: SocketAddr,
    pub(crate) key: String,
    pub(crate) secret: String,
}

impl Service {
    /// One that believes everybody. `None` if it is not installed and need not be.
    pub(crate) fn start() -> Option<Self> {
        Self::start_with(&[])
    }

    /// One that checks signatures and permissions.
    pub(crate) fn start_strict() -> Option<Self> {
        Self::start_with(&["strict"])
    }

    fn start_with(arguments: &[&str]) -> Option<Self> {
        let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
        let python = tests.join(".cache/s3/bin/python");
        if !sdk::present(python.exists(), &python.display().to_string()) {
            return None;
        }
        let mut command = Command::new(python);
        command.arg("-B").arg(tests.join("clients/s3/serve.py")).args(arguments);
        let mut process = Server::spawn(&mut command);
        let address = process.printed("S3_ADDRESS").parse().expect("it prints an address");
        let key = process.printed("AWS_ACCESS_KEY_ID");
        let secret = process.printed("AWS_SECRET_ACCESS_KEY");
        Some(Self { _process: process, address, key, secret })
    }

    /// Lets a command use it, at this address.
    pub(crate) fn known_to<'a>(&self, command: &'a mut Command, address: SocketAddr) -> &'a mut Command {
        command
            .env("AWS_ENDPOINT_URL", format!("http://{address}"))
            .env("AWS_ACCESS_KEY_ID", &self.key)
            .env("AWS_SECRET_ACCESS_KEY", &self.secret)
            .env("AWS_REGION", "us-east-1")
    }

    pub(crate) fn get(&self, target: &str) -> Response {
        self.send(Request::get(target))
    }

    pub(crate) fn put(&self, key: &str, body: Vec<u8>) {
        self.send(Request::new("PUT", &format!("/{BUCKET}/{key}")).body(body));
    }

    /// As the user, which one that believes everybody believes.
    fn send(&self, request: Request) -> Response {
        let claim = format!("AWS4-HMAC-SHA256 Credential={}/20260101/us-east-1/s3/aws4_request", self.key);
        let reply = Connection::open(self.address).send(&request.header("authorization", &claim));
        assert_eq!(reply.status, 200, "{}", reply.text());
        reply
    }

    /// All keys in the bucket, in order.
    pub(crate) fn keys(&self) -> Vec<String> {
        inner(self.get(&format!("/{BUCKET}?list-type=2")).text(), "Key")
    }

    /// The keys of what was begun to be uploaded, and not finished.
    pub(crate) fn unfinished(&self) -> Vec<String> {
        inner(self.get(&format!("/{BUCKET}?uploads")).text(), "Key")
    }
}

/// What stands in all elements of this name.
fn inner(xml: &str, name: &str) -> Vec<String> {
    let (start, end) = (format!("<{name}>"), format!("</{name}>"));
    xml.split(&start).skip(1).filter_map(|rest| rest.split(&end).next()).map(str::to_owned).collect()
}

/// A line to a service. When so many bytes have gone up, the connection that brought the last of them is held: nothing
/// more of it arrives. Others go on, until the line is cut.
pub(crate) struct Line {
    pub(crate) address: SocketAddr,
    held: Receiver<()>,
    shared: Arc<Shared>,
}

struct Shared {
    target: SocketAddr,
    bytes_left: AtomicU64,
    tell: Sender<()>,
    /// All connections there were; `None` when the line is cut.
    open: Mutex<Option<Vec<TcpStream>>>,
}

impl Line {
    pub(crate) fn to(target: SocketAddr, bytes: u64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("there is a free port");
        let address = listener.local_addr().expect("it is bound");
        let (tell, held) = mpsc::channel();
        let bytes_left = AtomicU64::new(bytes);
        let shared = Arc::new(Shared { target, bytes_left, tell, open: Mutex::new(Some(Vec::new())) });
        let listening = Arc::clone(&shared);
        // Ends with the process: one thread for each line.
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                // A connection that cannot be made is one that ends.
                drop(listening.connect(stream));
            }
        });
        Self { address, held, shared }
    }

    /// Waits until a connection is held.
    pub(crate) fn wait(&self) {
        self.held.recv().expect("the line is there");
    }

    /// Ends all connections, and those that follow.
    pub(crate) fn cut(&self) {
        let open = self.shared.open.lock().expect("no holder panics").take();
        for stream in open.into_iter().flatten() {
            // Fails only if it has ended already.
            drop(stream.shutdown(Shutdown::Both));
        }
    }
}

impl Shared {
    fn connect(self: &Arc<Self>, client: TcpStream) -> io::Result<()> {
        let service = TcpStream::connect(self.target)?;
        let (up, down) = ((client.try_clone()?, service.try_clone()?), (service, client));
        if let Some(open) = &mut *self.open.lock().expect("no holder panics") {
            open.extend([up.0.try_clone()?, up.1.try_clone()?]);
            let shared = Arc::clone(self);
            thread::spawn(move || shared.carry_up(up.0, up.1));
            thread::spawn(move || carry_down(down.0, down.1));
        }
        Ok(())
    }

    fn carry_up(&self, mut from: TcpStream, mut to: TcpStream) {
        let mut buffer = vec![0; 1 << 16];
        while let Ok(length @ 1..) = from.read(&mut buffer) {
            let took = |left: u64| Some(left.saturating_sub(length as u64));
            let before = self.bytes_left.fetch_update(SeqCst, SeqCst, took).unwrap_or_default();
            if (1..=length as u64).contains(&before) {
                // Nobody listens any more when the test is over.
                self.tell.send(()).unwrap_or_default();
                return;
            }
            if to.write_all(&buffer[..length]).is_err() {
                return;
            }
        }
        drop(to.shutdown(Shutdown::Write));
    }
}

fn carry_down(mut from: TcpStream, mut to: TcpStream) {
    // Either end may close; then the other learns of it.
    drop(io::copy(&mut from, &mut to));
    drop(to.shutdown(Shutdown::Write));
}
