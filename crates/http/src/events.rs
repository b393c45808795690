//! Event streams: `/subscribe`, `/psubscribe`, `/monitor`.
//!
//! An event is one line `data: …` and an empty line, as `@upstash/redis` reads them: it splits at line feeds, wants
//! exactly `data: ` and drops everything else, so comments keep a stream alive.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::{BoxStream, Stream, StreamExt, unfold};
use hyper::body::{Body, Frame};
use hyper::header::{ACCEPT, HeaderMap};
use latchkey_pipeline::{Clock, Ear, Message, Standing, TooSlow};
use latchkey_protocol::rest::Route;
use latchkey_protocol::{Reply, ReplyError};
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::sleep;

/// Whether a route is answered with a stream.
pub(crate) fn is_stream(route: Route) -> bool {
    matches!(route, Route::Subscribe | Route::PatternSubscribe | Route::Monitor)
}

/// The command that a route stands for, if it is a stream; empty for others.
pub(crate) fn command(route: Route) -> &'static str {
    match route {
        Route::Subscribe => "SUBSCRIBE",
        Route::PatternSubscribe => "PSUBSCRIBE",
        Route::Monitor => "MONITOR",
        Route::Root | Route::Pipeline | Route::MultiExec | Route::Command => "",
    }
}

/// Refuses whoever does not know that this route does not end.
pub(crate) fn check_accepted(headers: &HeaderMap) -> Result<(), ReplyError> {
    let names = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let mut kinds = names.flat_map(|value| value.split(',')).filter_map(|kind| kind.split(';').next());
    if kinds.any(|kind| kind.trim().eq_ignore_ascii_case("text/event-stream")) {
        return Ok(());
    }
    Err(ReplyError::fixed("ERR this is an event stream: send the header Accept: text/event-stream"))
}

/// The body of a response that tells what an ear hears, until the client leaves, does not keep up, is not let in any
/// more, or the server stops.
pub(crate) struct Events(BoxStream<'static, Bytes>);

/// What a stream needs while it lasts.
pub(crate) struct Source {
    pub(crate) ear: Arc<Ear>,
    pub(crate) standing: Standing,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) heartbeat: Duration,
    pub(crate) stopped: watch::Receiver<bool>,
    /// One of the streams that the door may have open.
    pub(crate) _place: OwnedSemaphorePermit,
}

/// So much is put together before it is sent.
const CHUNK_BYTES: usize = 16 * 1024;

const HEARTBEAT: &[u8] = b": heartbeat\n\n";
const TOO_SLOW: &[u8] = b": too many messages wait for this client\n\n";
const NOT_LET_IN: &[u8] = b": the token is not good any more\n\n";

impl Events {
    /// Begins with the confirmations.
    pub(crate) fn new(confirmed: &Reply, source: Source) -> Self {
        let first = futures_util::stream::iter([Bytes::from(confirmations(confirmed))]);
        let rest = unfold(Some(source), |source| async { next(source?).await });
        Self(first.chain(rest).boxed())
    }
}

impl Body for Events {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        Pin::new(&mut self.0).poll_next(context).map(|bytes| bytes.map(|bytes| Ok(Frame::data(bytes))))
    }
}

/// The next piece, and the source if there is to be another.
async fn next(mut source: Source) -> Option<(Bytes, Option<Source>)> {
    let last = |comment| Some((Bytes::from_static(comment), None));
    let turn = source.wait().await;
    let is_let_in = source.standing.is_good(source.clock.now_ms());
    match turn {
        Turn::Stopped => None,
        _ if !is_let_in => last(NOT_LET_IN),
        Turn::Heard(Ok(events)) => Some((events.into(), Some(source))),
        Turn::Heard(Err(TooSlow)) => last(TOO_SLOW),
        Turn::Quiet => Some((Bytes::from_static(HEARTBEAT), Some(source))),
    }
}

/// What comes next on a stream.
enum Turn {
    Heard(Result<Vec<u8>, TooSlow>),
    /// Nothing, for so long that something should be said.
    Quiet,
    /// The server stops.
    Stopped,
}

impl Source {
    async fn wait(&mut self) -> Turn {
        let Self { ear, stopped, heartbeat, .. } = self;
        tokio::select! {
            biased;
            _ = stopped.wait_for(|&stopped| stopped) => Turn::Stopped,
            message = ear.hear() => Turn::Heard(message.and_then(|first| gather(ear, &first))),
            () = sleep(*heartbeat) => Turn::Quiet,
        }
    }
}

/// This message, and others that wait already.
fn gather(ear: &Ear, first: &Message) -> Result<Vec<u8>, TooSlow> {
    let mut events = Vec::new();
    write_message(&mut events, first);
    while events.len() < CHUNK_BYTES
        && let Some(message) = ear.try_hear()?
    {
        write_message(&mut events, &message);
    }
    Ok(events)
}

fn confirmations(reply: &Reply) -> Vec<u8> {
    let mut events = Vec::new();
    let Reply::Array(subscriptions) = reply else {
        write_event(&mut events, &[b"\"OK\""]);
        return events;
    };
    for subscription in subscriptions {
        if let Reply::Array(parts) = subscription
            && let [Reply::Bulk(kind), Reply::Bulk(name), Reply::Int(count)] = &parts[..]
        {
            write_event(&mut events, &[kind, name, count.to_string().as_bytes()]);
        }
    }
    events
}

fn write_message(out: &mut Vec<u8>, message: &Message) {
    match message {
        Message::Channel(news) | Message::Shard(news) => {
            write_event(out, &[b"message", &news.channel, &news.payload]);
        }
        Message::Pattern(pattern, news) => {
            write_event(out, &[b"pmessage", pattern, &news.channel, &news.payload]);
        }
        Message::Line(line) => write_event(out, &[line]),
        // Only connections keep copies of keys.
        Message::Stale { .. } | Message::RedirectBroken(_) => {}
    }
}

/// Nothing is escaped. A line break cannot be told: it would end the event, and with it the message. It becomes a space,
/// which leaves JSON what it was and text readable.
fn write_event(out: &mut Vec<u8>, fields: &[&[u8]]) {
    out.extend_from_slice(b"data: ");
    for (at, field) in fields.iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        out.extend(field.iter().map(|&byte| if matches!(byte, b'\n' | b'\r') { b' ' } else { byte }));
    }
    out.extend_from_slice(b"\n\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_has_to_be_wanted() {
        let headers = |value: &str| HeaderMap::from_iter([(ACCEPT, value.parse().unwrap())]);
        for value in ["text/event-stream", "Text/Event-Stream;q=0.9", "text/html, text/event-stream"] {
            assert_eq!(check_accepted(&headers(value)), Ok(()), "{value}");
        }
        for value in ["*/*", "application/json", "text/event-streams"] {
            assert!(check_accepted(&headers(value)).is_err(), "{value}");
        }
        assert!(check_accepted(&HeaderMap::new()).is_err());
    }

    #[test]
    fn an_event_is_one_line() {
        let mut out = Vec::new();
        write_event(&mut out, &[b"message", b"a", b"{\"b\":\r\n1}, 2"]);
        assert_eq!(out, b"data: message,a,{\"b\":  1}, 2\n\n");
    }

    #[test]
    fn a_stream_begins_with_what_is_listened_on() {
        let confirm = |name: &str, count| {
            Reply::Array(vec![Reply::bulk("subscribe"), Reply::bulk(name), Reply::Int(count)])
        };
        let events = confirmations(&Reply::Array(vec![confirm("a", 1), confirm("b", 2)]));
        assert_eq!(events, b"data: subscribe,a,1\n\ndata: subscribe,b,2\n\n");
        assert_eq!(confirmations(&Reply::OK), b"data: \"OK\"\n\n");
    }
}
