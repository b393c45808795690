//! Bytes as they go over a socket, to Redis and to us.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use latchkey_protocol::resp::Version;

use super::server::{Redis, encode};
use super::wire::Wire;
use super::{Line, line};
use crate::server::{Server, TOKEN};

/// A server that says nothing for so long will not: the test fails instead of hanging.
const SILENCE_MAX: Duration = Duration::from_secs(10);

/// A connection to either.
pub(super) struct Socket {
    input: Taken<Box<dyn Stream>>,
}

trait Stream: Read + Write {}

impl<T: Read + Write> Stream for T {}

impl Socket {
    /// One to Redis, which asks for no password.
    pub(super) fn to_redis(redis: &Redis) -> Self {
        let stream = UnixStream::connect(redis.socket()).expect("redis-server listens");
        stream.set_read_timeout(Some(SILENCE_MAX)).expect("the time is not zero");
        Self::new(Box::new(stream))
    }

    /// One to us, which has authenticated.
    pub(super) fn to_ours(server: &Server) -> Self {
        let authority = server.redis_url.rsplit('@').next().expect("the URL has a password");
        let stream = TcpStream::connect(authority).expect("it listens");
        stream.set_read_timeout(Some(SILENCE_MAX)).expect("the time is not zero");
        let mut socket = Self::new(Box::new(stream));
        assert_eq!(socket.ask(&line(&format!("AUTH {TOKEN}"))), b"+OK\r\n");
        socket
    }

    fn new(stream: Box<dyn Stream>) -> Self {
        Self { input: Taken { stream: BufReader::new(stream), bytes: Vec::new() } }
    }

    /// Answers in this version of the protocol from now on.
    pub(super) fn speak(&mut self, version: Version) {
        let number = if version == Version::Resp3 { "3" } else { "2" };
        assert!(!self.ask(&line(&format!("HELLO {number}"))).starts_with(b"-"));
    }

    /// The bytes of its reply.
    pub(super) fn ask(&mut self, line: &Line) -> Vec<u8> {
        self.send(line);
        self.hear().unwrap_or_else(|| panic!("it closed after {}", super::shown(line)))
    }

    /// Sends a command.
    pub(super) fn send(&mut self, line: &Line) {
        self.write(&encode(line));
    }

    /// The bytes of the next reply or message; `None` if it closed.
    pub(super) fn hear(&mut self) -> Option<Vec<u8>> {
        self.input.bytes.clear();
        match Wire::read(&mut self.input) {
            Ok(_) => Some(std::mem::take(&mut self.input.bytes)),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => None,
            Err(error) => panic!("nothing is heard: {error}"),
        }
    }

    /// The bytes of its reply, with the pushes that come before it. A subscription is answered with a push.
    pub(super) fn ask_past_pushes(&mut self, line: &Line) -> Vec<u8> {
        self.send(line);
        self.input.bytes.clear();
        let is_subscription = line[0] == b"SUBSCRIBE";
        loop {
            let read = Wire::read(&mut self.input);
            let read = read.unwrap_or_else(|error| panic!("{}: {error}", super::shown(line)));
            if is_subscription || !matches!(read, Wire::List('>', _)) {
                return std::mem::take(&mut self.input.bytes);
            }
        }
    }

    /// All that comes back until it closes.
    pub(super) fn say(mut self, bytes: &[u8]) -> Vec<u8> {
        self.write(bytes);
        let mut told = Vec::new();
        let end = self.input.read_to_end(&mut told);
        end.unwrap_or_else(|error| panic!("{}: {error} after {}", bytes.escape_ascii(), told.escape_ascii()));
        told
    }

    fn write(&mut self, bytes: &[u8]) {
        self.input.stream.get_mut().write_all(bytes).expect("it reads");
    }
}

/// What is read, and remembered as it was.
struct Taken<S> {
    stream: BufReader<S>,
    bytes: Vec<u8>,
}

impl<S: Read> Read for Taken<S> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.stream.read(into)?;
        self.bytes.extend(&into[..count]);
        Ok(count)
    }
}

impl<S: Read> BufRead for Taken<S> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.stream.fill_buf()
    }

    fn consume(&mut self, count: usize) {
        self.bytes.extend(&self.stream.buffer()[..count]);
        self.stream.consume(count);
    }
}
