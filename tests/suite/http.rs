//! A client for HTTP/1.1 that sends exactly what it is told, also what no library would.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;

/// Longer than any answer takes; a test that waits so long has failed.
const DEADLINE: Duration = Duration::from_secs(60);

/// A connection that is kept.
pub(crate) struct Connection(BufReader<TcpStream>);

/// A request in the making.
#[derive(Clone)]
pub(crate) struct Request {
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Connection {
    pub(crate) fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).expect("the server listens");
        stream.set_read_timeout(Some(DEADLINE)).expect("a deadline is not zero");
        stream.set_write_timeout(Some(DEADLINE)).expect("a deadline is not zero");
        stream.set_nodelay(true).expect("the option exists");
        Self(BufReader::new(stream))
    }

    /// Sends a request and reads the answer.
    pub(crate) fn send(&mut self, request: &Request) -> Response {
        // A server may answer before it has read a body that it does not want; then the rest cannot be written.
        drop(self.write(&request.head()).and_then(|()| self.write(&request.body)));
        self.read(request.method == "HEAD")
    }

    /// Sends bytes, whatever they are.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.get_mut().write_all(bytes)
    }

    /// Reads an answer.
    pub(crate) fn read(&mut self, is_head: bool) -> Response {
        self.try_read(is_head).expect("the server answers")
    }

    /// Reads an answer, unless the connection ends before it is whole.
    pub(crate) fn try_read(&mut self, is_head: bool) -> io::Result<Response> {
        let status_line = self.line()?;
        let status = status_line.split(' ').nth(1).and_then(|status| status.parse().ok());
        let status = status.ok_or_else(|| io::Error::other(format!("no status in {status_line:?}")))?;
        let mut headers = Vec::new();
        loop {
            let line = self.line()?;
            let Some((name, value)) = line.split_once(':') else { break };
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        let mut response = Response { status, headers, body: Vec::new() };
        let length = response.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
        if !is_head && status >= 200 {
            response.body = vec![0; length];
            self.0.read_exact(&mut response.body)?;
        }
        Ok(response)
    }

    /// Says that nothing more will be sent.
    pub(crate) fn finish(&self) {
        // Fails only if the server has closed the connection already.
        drop(self.0.get_ref().shutdown(Shutdown::Write));
    }

    /// Reads until the server closes; whatever it still said.
    pub(crate) fn read_to_end(&mut self) -> Vec<u8> {
        let mut rest = Vec::new();
        // A reset ends a connection as well as a farewell does.
        drop(self.0.read_to_end(&mut rest));
        rest
    }

    fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        if self.0.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(line.trim_end_matches(['\r', '\n']).to_owned())
    }
}

impl Request {
    pub(crate) fn new(method: &str, target: &str) -> Self {
        Self { method: method.into(), target: target.into(), headers: Vec::new(), body: Vec::new() }
    }

    pub(crate) fn get(target: &str) -> Self {
        Self::new("GET", target)
    }

    pub(crate) fn post(target: &str, body: impl Into<Vec<u8>>) -> Self {
        Self::new("POST", target).body(body)
    }

    pub(crate) fn body(self, body: impl Into<Vec<u8>>) -> Self {
        Self { body: body.into(), ..self }
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    pub(crate) fn token(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    /// Everything up to the body. A length that was given as a header is believed.
    pub(crate) fn head(&self) -> Vec<u8> {
        let mut head = format!("{} {} HTTP/1.1\r\nhost: localhost\r\n", self.method, self.target);
        for (name, value) in &self.headers {
            head += &format!("{name}: {value}\r\n");
        }
        let is_given = self.headers.iter().any(|(name, _)| name == "content-length");
        let has_body = !self.body.is_empty() || matches!(self.method.as_str(), "POST" | "PUT");
        if has_body && !is_given {
            head += &format!("content-length: {}\r\n", self.body.len());
        }
        head.push_str("\r\n");
        head.into_bytes()
    }
}

impl Response {
    /// The value of a header; the first if there are several.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut found = self.headers.iter().filter(|(known, _)| known == name);
        found.next().map(|(_, value)| value.as_str())
    }

    /// The body as text.
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("the body is UTF-8")
    }

    /// The body as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error} in a body of status {}: {:?}", self.status, self.text()))
    }

    /// The text of the one error that the body must be, and nothing else.
    pub(crate) fn error(&self) -> String {
        match self.json() {
            Value::Object(object) if object.len() == 1 && object.contains_key("error") => {
                object["error"].as_str().expect("an error is a text").to_owned()
            }
            other => panic!("no error: {other}"),
        }
    }
}
