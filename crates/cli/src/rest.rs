//! REST, as a client speaks it: a command as JSON, and the reply in RESP2, which keeps bytes and types.

use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderValue};
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use latchkey_protocol::Words;
use tokio_rustls::TlsConnector;

use crate::Error;
use crate::connect::connect;
use crate::reply::{Decoder, REPLY_BYTES_MAX, Value};
use crate::target::Target;

/// A connection that is kept between commands.
pub(crate) struct Connection(SendRequest<Full<Bytes>>);

impl Connection {
    pub(crate) async fn open(target: &Target, tls: Option<&TlsConnector>) -> Result<Self, Error> {
        let stream = TokioIo::new(connect(target, tls).await?);
        let (sender, connection) = http1::handshake(stream).await.map_err(http)?;
        // Whatever ends it, the request in flight is told.
        tokio::spawn(connection);
        Ok(Self(sender))
    }

    /// Whether the server still takes requests here; it closes what was idle for long.
    pub(crate) async fn is_open(&mut self) -> bool {
        // What happened meanwhile is noticed by the task that holds the connection.
        tokio::task::yield_now().await;
        self.0.ready().await.is_ok()
    }

    /// Sends a command; its reply, or the error in its place.
    pub(crate) async fn exchange(&mut self, target: &Target, words: &Words) -> Result<Value, Error> {
        let response = self.0.send_request(request(target, words)?).await.map_err(http)?;
        let (status, is_json) = (response.status(), is_json(&response));
        let body =
            Limited::new(response.into_body(), REPLY_BYTES_MAX).collect().await.map_err(Error::Http)?;
        read(target, status, is_json, &body.to_bytes())
    }
}

fn request(target: &Target, words: &Words) -> Result<Request<Full<Bytes>>, Error> {
    let texts: Result<Vec<&str>, _> = words.as_slice().iter().map(|word| std::str::from_utf8(word)).collect();
    let body = serde_json::to_vec(&texts.map_err(|_| Error::NotText)?).expect("texts are JSON");
    let mut request = Request::post(format!("/{}", target.path))
        .header(HOST, target.authority())
        .header(CONTENT_TYPE, "application/json")
        .header("upstash-response-format", "resp2");
    if let Some(token) = &target.token {
        let mut bearer = HeaderValue::from_str(&format!("Bearer {token}")).map_err(http)?;
        bearer.set_sensitive(true);
        request = request.header(AUTHORIZATION, bearer);
    }
    request.body(Full::new(body.into())).map_err(http)
}

fn is_json<T>(response: &Response<T>) -> bool {
    let kind = response.headers().get(CONTENT_TYPE);
    kind.is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"))
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
