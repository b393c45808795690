//! An answer, turned into a response. The only place where an error becomes a status.

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Body;
use hyper::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use hyper::{Response, StatusCode};
use latchkey_pipeline::{Answer, Clock, Refusal, Replies, Standing};
use latchkey_protocol::rest::{self, Envelope, Format};
use latchkey_protocol::{Reply, ReplyError, resp};

use crate::door::Content;
use crate::read::{Dialect, Unreadable};

const JSON: HeaderValue = HeaderValue::from_static("application/json; charset=utf-8");
const OCTETS: HeaderValue = HeaderValue::from_static("application/octet-stream");
const EVENTS: HeaderValue = HeaderValue::from_static("text/event-stream");
/// Keeps nginx from holding events back.
const ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
const SYNC_TOKEN: HeaderName = HeaderName::from_static("upstash-sync-token");
const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// Seconds after which a client may try again when the server could not answer.
const UNAVAILABLE_RETRY_AFTER: HeaderValue = HeaderValue::from_static("1");

/// The response to an answer. Its length is counted as the caller's usage.
pub(crate) fn answer(answer: Answer, dialect: Dialect, clock: &dyn Clock) -> Response<Full<Bytes>> {
    let Answer { replies, standing, .. } = answer;
    let limit = standing.as_ref().map(|standing| standing.principal.limits().reply_bytes_max);
    let body_bytes_max = limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(usize::MAX);
    let mut response = match replies {
        Replies::One(reply) => one(&reply, dialect, body_bytes_max),
        Replies::Many(replies) => many(&replies, dialect, body_bytes_max),
        Replies::Refused(refusal) => refused(&refusal, clock.now_ms()),
    };
    if let Some(standing) = standing {
        standing.count_reply_bytes(response.body().size_hint().exact().unwrap_or(0));
        stand(response.headers_mut(), &standing);
    }
    response
}

/// The head of a stream of events.
pub(crate) fn stream(standing: &Standing) -> Response<Content> {
    let mut response = Response::new(Content::Left(Full::default()));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, EVENTS);
    headers.insert(CACHE_CONTROL, NO_STORE);
    headers.insert(ACCEL_BUFFERING, HeaderValue::from_static("no"));
    stand(headers, standing);
    response
}

fn one(reply: &Reply, dialect: Dialect, body_bytes_max: usize) -> Response<Full<Bytes>> {
    let mut body = Vec::with_capacity(64);
    let (is_error, content_type) = match dialect {
        Dialect::Json(encoding) => {
            let envelope = rest::write_result(&mut body, reply, Format { encoding, body_bytes_max });
            (envelope == Envelope::Error, JSON)
        }
        Dialect::Resp2 => (write_resp2(&mut body, reply, body_bytes_max) == Envelope::Error, OCTETS),
    };
    let status = if is_error { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    respond(status, content_type, body)
}

/// Errors inside a batch are the entries', so the status is 200.
fn many(replies: &[Reply], dialect: Dialect, body_bytes_max: usize) -> Response<Full<Bytes>> {
    let mut body = Vec::with_capacity(32 * replies.len());
    let content_type = match dialect {
        Dialect::Json(encoding) => {
            rest::write_batch(&mut body, replies, Format { encoding, body_bytes_max });
            JSON
        }
        // One after the other, as a pipeline over a connection would be answered.
        Dialect::Resp2 => {
            for reply in replies {
                write_resp2(&mut body, reply, body_bytes_max);
            }
            OCTETS
        }
    };
    respond(StatusCode::OK, content_type, body)
}

/// Appends a reply, or an error in its place where the body would become too large, as the JSON writer does.
fn write_resp2(body: &mut Vec<u8>, reply: &Reply, body_bytes_max: usize) -> Envelope {
    let write = |body: &mut Vec<u8>, reply| resp::write_reply(body, reply, resp::Version::Resp2);
    if let Reply::Error(_) = reply {
        write(body, reply);
        return Envelope::Error;
    }
    let start = body.len();
    // Asked first, so that a reply far beyond the limit is not written only to be thrown away.
    let mut actual = start + reply.bytes();
    if actual <= body_bytes_max {
        write(body, reply);
        actual = body.len();
    }
    if actual <= body_bytes_max {
        return Envelope::Result;
    }
    body.truncate(start);
    write(body, &ReplyError::request_too_large(body_bytes_max, actual).into());
    Envelope::Error
}

fn refused(refusal: &Refusal, now_ms: u64) -> Response<Full<Bytes>> {
    let (status, retry_after) = match refusal {
        Refusal::Unauthenticated(_) => (StatusCode::UNAUTHORIZED, None),
        Refusal::Exhausted(exhausted) => {
            let seconds = HeaderValue::from(exhausted.retry_after_seconds(now_ms));
            (StatusCode::TOO_MANY_REQUESTS, Some(seconds))
        }
        Refusal::Discarded(_) | Refusal::Overtaken => (StatusCode::BAD_REQUEST, None),
        Refusal::Unavailable(_) => (StatusCode::SERVICE_UNAVAILABLE, Some(UNAVAILABLE_RETRY_AFTER)),
    };
    let mut response = error(status, &refusal.error());
    if let Some(seconds) = retry_after {
        response.headers_mut().insert(RETRY_AFTER, seconds);
    }
    response
}

/// `{"error":"…"}` with this status.
pub(crate) fn error(status: StatusCode, error: &ReplyError) -> Response<Full<Bytes>> {
    let mut body = Vec::new();
    rest::write_error(&mut body, error);
    respond(status, JSON, body)
}

/// A request that could not be read.
pub(crate) fn unreadable(unreadable: &Unreadable) -> Response<Full<Bytes>> {
    error(unreadable.status, &unreadable.error)
}

/// `{"status":"…"}`, for whoever watches over the process.
pub(crate) fn status(ready: bool) -> Response<Full<Bytes>> {
    let (status, body) = match ready {
        true => (StatusCode::OK, r#"{"status":"ok"}"#),
        false => (StatusCode::SERVICE_UNAVAILABLE, r#"{"status":"unavailable"}"#),
    };
    respond(status, JSON, body.into())
}

/// 405, with an empty body as the original sends it.
pub(crate) fn method_not_allowed(allowed: &'static str) -> Response<Full<Bytes>> {
    let mut response = empty(StatusCode::METHOD_NOT_ALLOWED);
    response.headers_mut().insert(ALLOW, HeaderValue::from_static(allowed));
    response
}

/// No body.
pub(crate) fn empty(status: StatusCode) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::new()));
    *response.status_mut() = status;
    response.headers_mut().insert(CACHE_CONTROL, NO_STORE);
    response
}

fn respond(status: StatusCode, content_type: HeaderValue, body: Vec<u8>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body.into()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, content_type);
    headers.insert(CACHE_CONTROL, NO_STORE);
    response
}

/// Leaves the client the token that it sent where the database was not reached: with another it would forget its writes.
pub(crate) fn keep_sync_token(request: &HeaderMap, response: &mut HeaderMap) {
    if let (None, Some(token)) = (response.get(SYNC_TOKEN), request.get(SYNC_TOKEN)) {
        response.insert(SYNC_TOKEN, token.clone());
    }
}

/// Tells the caller where it stands: the database's position, and what is left of its quota (IETF draft
/// `draft-ietf-httpapi-ratelimit-headers-10`).
fn stand(headers: &mut HeaderMap, standing: &Standing) {
    if let Some(position) = standing.position {
        headers.insert(SYNC_TOKEN, HeaderValue::from(position));
    }
    if let Some(quota) = standing.quota {
        let policy = format!("\"day\";q={};w=86400", quota.limit);
        let left = format!("\"day\";r={};t={}", quota.remaining, quota.resets_in_seconds);
        for (name, value) in [(RATE_LIMIT_POLICY, policy), (RATE_LIMIT, left)] {
            if let Ok(value) = HeaderValue::try_from(value) {
                headers.insert(name, value);
            }
        }
    }
}
