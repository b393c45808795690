//! A request's bytes, turned into what the pipeline takes.

use std::pin::pin;

use bytes::{Bytes, BytesMut};
use futures_util::future::poll_immediate;
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming as HyperBody};
use hyper::header::HeaderMap;
use hyper::http::request::Parts;
use hyper::{Method, StatusCode};
use latchkey_pipeline::{AUTHENTICATION_REFUSED, Batch, Caller, Incoming, Shape};
use latchkey_protocol::rest::{self, Encoding, Route};
use latchkey_protocol::{ReplyError, Words};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;

use crate::settings::LARGE_BODY_BYTES;
use crate::{Settings, credentials, events};

/// How the client wants its answer written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// JSON, with strings as text or as base64.
    Json(Encoding),
    /// Raw RESP2.
    Resp2,
}

impl Dialect {
    /// The same, or JSON: transactions are always answered in JSON.
    pub(crate) fn or_json(self) -> Self {
        match self {
            Self::Json(_) => self,
            Self::Resp2 => Self::Json(Encoding::Json),
        }
    }
}

/// A request that cannot become commands, and the status that says so.
#[derive(Debug)]
pub(crate) struct Unreadable {
    pub(crate) status: StatusCode,
    pub(crate) error: ReplyError,
}

impl Unreadable {
    pub(crate) fn new(status: StatusCode, error: impl Into<ReplyError>) -> Self {
        Self { status, error: error.into() }
    }
}

impl Unreadable {
    /// From somebody unknown, who learns no more than that.
    pub(crate) fn unauthenticated() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, ReplyError::fixed(AUTHENTICATION_REFUSED))
    }
}

impl From<ReplyError> for Unreadable {
    fn from(error: ReplyError) -> Self {
        Self::new(StatusCode::BAD_REQUEST, error)
    }
}

/// The dialect that the headers ask for. The documentation of the original misspells one of them, so both are read.
pub(crate) fn dialect(headers: &HeaderMap) -> Result<Dialect, ReplyError> {
    let base64 = headers.get("upstash-encoding").is_some_and(|value| value == "base64");
    let encoding = if base64 { Encoding::Base64 } else { Encoding::Json };
    let format = headers.get("upstash-response-format").or_else(|| headers.get("upstash-reponse-format"));
    match format.map(|format| format.as_bytes()) {
        None => Ok(Dialect::Json(encoding)),
        Some(format) if format.eq_ignore_ascii_case(b"json") => Ok(Dialect::Json(encoding)),
        Some(format) if format.eq_ignore_ascii_case(b"resp2") && base64 => Err(ReplyError::fixed(
            "ERR Upstash-Encoding: base64 cannot be combined with Upstash-Response-Format: resp2",
        )),
        Some(format) if format.eq_ignore_ascii_case(b"resp2") => Ok(Dialect::Resp2),
        Some(_) => Err(ReplyError::fixed("ERR Upstash-Response-Format must be json or resp2")),
    }
}

/// The token: the query's `_token` if there is one, otherwise the header's.
pub(crate) fn credential(parts: &Parts) -> Result<Bytes, ReplyError> {
    let from_query = parts.uri.query().map(rest::query_token).transpose()?.flatten();
    Ok(from_query.unwrap_or_else(|| credentials::from_headers(&parts.headers)))
}

/// What a request with this route and body asks for.
pub(crate) fn incoming(
    route: Route,
    parts: &Parts,
    body: Bytes,
    caller: Caller,
    settings: &Settings,
) -> Result<Incoming, ReplyError> {
    let one = |words| Batch::from_iter([Ok(words)]);
    let (shape, commands) = match route {
        Route::Root => (Shape::One, one(rest::parse_command(&body, &settings.body)?)),
        Route::Pipeline => (Shape::Pipeline, rest::parse_batch(&body, &settings.body)?.into()),
        Route::MultiExec => (Shape::Atomic, rest::parse_batch(&body, &settings.body)?.into()),
        Route::Command => (Shape::One, one(path_command(parts, body)?)),
        Route::Subscribe | Route::PatternSubscribe | Route::Monitor => {
            events::check_accepted(&parts.headers)?;
            (Shape::Listen, one(listening(route, parts)?))
        }
    };
    Ok(Incoming { caller, shape, commands })
}

/// What a stream listens on: the path's segments. Clients send a body too, which means nothing.
fn listening(route: Route, parts: &Parts) -> Result<Words, ReplyError> {
    let words = rest::parse_path(parts.uri.path(), parts.uri.query(), Bytes::new())?.words;
    let name = Bytes::from_static(events::command(route).as_bytes());
    Ok(std::iter::once(name).chain(words.as_slice().iter().skip(1).cloned()).collect())
}

fn path_command(parts: &Parts, body: Bytes) -> Result<Words, ReplyError> {
    let takes_body = matches!(parts.method, Method::POST | Method::PUT);
    let body = if takes_body { body } else { Bytes::new() };
    Ok(rest::parse_path(parts.uri.path(), parts.uri.query(), body)?.words)
}

/// Memory for large bodies, shared by all requests.
#[derive(Debug)]
pub(crate) struct Budget(Semaphore);

/// Large bodies are counted in pieces of this size.
const PIECE_BYTES: usize = LARGE_BODY_BYTES;

impl Budget {
    pub(crate) fn new(bytes_max: usize) -> Self {
        Self(Semaphore::new(bytes_max.div_ceil(PIECE_BYTES)))
    }

    async fn reserve(&self, bytes: usize) -> Option<SemaphorePermit<'_>> {
        let pieces = u32::try_from(bytes.div_ceil(PIECE_BYTES)).ok()?;
        self.0.acquire_many(pieces).await.ok()
    }
}

/// A body, read to its end within the limits, and its share of the budget, to be kept as long as the body is.
/// `is_known` is asked before a large one is read.
pub(crate) async fn body<'a>(
    body: HyperBody,
    settings: &Settings,
    budget: &'a Budget,
    is_known: impl FnOnce() -> bool,
) -> Result<(Bytes, Option<SemaphorePermit<'a>>), Unreadable> {
    let announced = body.size_hint();
    if announced.lower() > settings.body_bytes_max as u64 {
        return Err(too_large(settings.body_bytes_max, announced.lower()));
    }
    let bytes_max = announced.upper().map_or(settings.body_bytes_max, |upper| upper as usize);
    let reading = async {
        let is_large = bytes_max > LARGE_BODY_BYTES;
        if is_large && !is_known() {
            return Err(Unreadable::unauthenticated());
        }
        let share = if is_large { budget.reserve(bytes_max).await } else { None };
        Ok((collect(body, settings.body_bytes_max).await?, share))
    };
    let mut reading = pin!(reading);
    // Mostly it came with the head, and no timer is needed.
    if let Some(read) = poll_immediate(&mut reading).await {
        return read;
    }
    match timeout(settings.body_timeout, reading).await {
        Ok(read) => read,
        Err(_) => {
            let slow = ReplyError::fixed("ERR the request's body did not arrive in time");
            Err(Unreadable::new(StatusCode::REQUEST_TIMEOUT, slow))
        }
    }
}

async fn collect(mut body: HyperBody, bytes_max: usize) -> Result<Bytes, Unreadable> {
    let mut first = Bytes::new();
    let mut joined = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let cut = |_| Unreadable::from(ReplyError::fixed("ERR the request's body ended early"));
        let Ok(data) = frame.map_err(cut)?.into_data() else { continue };
        let bytes = first.len() + joined.len() + data.len();
        if bytes > bytes_max {
            return Err(too_large(bytes_max, bytes as u64));
        }
        // One frame is the rule; then nothing is copied.
        if first.is_empty() && joined.is_empty() {
            first = data;
            continue;
        }
        if joined.is_empty() {
            joined.extend_from_slice(&std::mem::take(&mut first));
        }
        joined.extend_from_slice(&data);
    }
    Ok(if joined.is_empty() { first } else { joined.freeze() })
}

fn too_large(limit: usize, actual: u64) -> Unreadable {
    let error = ReplyError::new(format!(
        "ERR max request size exceeded. Limit: {limit} bytes, Actual: {actual} bytes"
    ));
    Unreadable::new(StatusCode::PAYLOAD_TOO_LARGE, error)
}
