//! REST, as a client speaks it: a command as JSON, and the reply in RESP2, which keeps bytes and types.

use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST, HeaderValue};
use hyper::http::request;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use latchkey_protocol::Words;
use tokio::task::AbortHandle;
use tokio_rustls::TlsConnector;

use crate::Error;
use crate::connect::connect;
use crate::events::{Events, Topic};
use crate::reply::{Decoder, REPLY_BYTES_MAX, Value};
use crate::target::Target;

/// A connection that is kept between commands. It is closed when this is dropped and the runtime has had a turn.
pub(crate) struct Connection {
    requests: SendRequest<Full<Bytes>>,
    driver: AbortHandle,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

impl Connection {
    pub(crate) async fn open(target: &Target, tls: Option<&TlsConnector>) -> Result<Self, Error> {
        let stream = TokioIo::new(connect(target, tls).await?);
        let (requests, connection) = http1::handshake(stream).await.map_err(http)?;
        // Whatever ends it, the request in flight is told.
        let driver = tokio::spawn(connection).abort_handle();
        Ok(Self { requests, driver })
    }

    /// Whether the server still takes requests here; it closes what was idle for long.
    pub(crate) async fn is_open(&mut self) -> bool {
        // What happened meanwhile is noticed by the task that holds the connection.
        tokio::task::yield_now().await;
        self.requests.ready().await.is_ok()
    }

    /// Sends a command, and shows its reply, or the error in its place. One that listens, such as SUBSCRIBE, ends with the
    /// stream of what it hears.
    pub(crate) async fn exchange(
        &mut self,
        target: &Target,
        words: &Words,
        show: &mut dyn FnMut(&Value) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let topic = Topic::of(words);
        let request = match &topic {
            Some(topic) => listening(target, topic)?,
            None => command(target, words)?,
        };
        let response = self.requests.send_request(request).await.map_err(http)?;
        if let Some(topic) = topic.filter(|_| is(&response, "text/event-stream")) {
            return Err(follow(target, response.into_body(), Events::new(topic), show).await);
        }
        let (status, is_json) = (response.status(), is(&response, "application/json"));
        let body =
            Limited::new(response.into_body(), REPLY_BYTES_MAX).collect().await.map_err(Error::Http)?;
        show(&read(target, status, is_json, &body.to_bytes())?)
    }
}

/// Shows what comes on a stream, until it ends: why it did.
async fn follow(
    target: &Target,
    mut body: Incoming,
    mut events: Events,
    show: &mut dyn FnMut(&Value) -> Result<(), Error>,
) -> Error {
    while let Some(frame) = body.frame().await {
        let data = match frame {
            Ok(frame) => frame.into_data().unwrap_or_default(),
            Err(error) => return http(error),
        };
        if events.feed(&data).is_err() {
            return not_a_reply(target);
        }
        while let Some(value) = events.next() {
            if let Err(error) = show(&value) {
                return error;
            }
        }
    }
    events.last_remark().map_or(Error::Closed, Error::StreamEnded)
}

fn command(target: &Target, words: &Words) -> Result<Request<Full<Bytes>>, Error> {
    let texts: Result<Vec<&str>, _> = words.as_slice().iter().map(|word| std::str::from_utf8(word)).collect();
    let body = serde_json::to_vec(&texts.map_err(|_| Error::NotText)?).expect("texts are JSON");
    let request = Request::post(format!("/{}", target.path))
        .header(CONTENT_TYPE, "application/json")
        .header("upstash-response-format", "resp2");
    finish(target, request, body)
}

fn listening(target: &Target, topic: &Topic) -> Result<Request<Full<Bytes>>, Error> {
    let base = if target.path.is_empty() { String::new() } else { format!("/{}", target.path) };
    let request = Request::post(format!("{base}/{}", topic.path())).header(ACCEPT, "text/event-stream");
    finish(target, request, Vec::new())
}

/// A request with what each has: the host, and who asks.
fn finish(target: &Target, request: request::Builder, body: Vec<u8>) -> Result<Request<Full<Bytes>>, Error> {
    let mut request = request.header(HOST, target.authority());
    if let Some(token) = &target.token {
        let mut bearer = HeaderValue::from_str(&format!("Bearer {token}")).map_err(http)?;
        bearer.set_sensitive(true);
        request = request.header(AUTHORIZATION, bearer);
    }
    request.body(Full::new(body.into())).map_err(http)
}

fn is<T>(response: &Response<T>, media_type: &str) -> bool {
    let kind = response.headers().get(CONTENT_TYPE);
    kind.is_some_and(|kind| kind.as_bytes().starts_with(media_type.as_bytes()))
}

/// What was refused before a command ran is told in JSON, whatever was asked for.
fn read(target: &Target, status: StatusCode, is_json: bool, body: &Bytes) -> Result<Value, Error> {
    if is_json {
        let said = error_text(body).ok_or_else(|| not_a_reply(target))?;
        return match status {
            StatusCode::UNAUTHORIZED => Err(Error::Unauthorized { address: target.to_string(), said }),
            _ => Ok(Value::Error(said.into())),
        };
    }
    let mut input = BytesMut::from(body.as_ref());
    let whole = Decoder::default().decode(&mut input).ok().flatten();
    whole.ok_or_else(|| not_a_reply(target))
}

/// The text of `{"error":"…"}`.
fn error_text(body: &[u8]) -> Option<String> {
    let body: serde_json::Value = serde_json::from_slice(body).ok()?;
    body.get("error")?.as_str().map(str::to_owned)
}

fn not_a_reply(target: &Target) -> Error {
    Error::NotAReply { address: target.to_string(), hint: "is this the URL of a REST door?" }
}

fn http(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::Http(Box::new(error))
}
