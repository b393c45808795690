//! Event streams, as REST tells what is published: SUBSCRIBE, PSUBSCRIBE and MONITOR.

use std::fmt::Write;

use bytes::{Buf, Bytes, BytesMut};
use latchkey_protocol::Words;
use memchr::{memchr, memrchr};
use percent_encoding::{NON_ALPHANUMERIC, percent_encode};

use crate::reply::{List, REPLY_BYTES_MAX, Value};

/// What somebody listens on.
pub(crate) struct Topic {
    route: &'static str,
    /// Channels or patterns.
    names: Vec<Bytes>,
}

impl Topic {
    /// What this command listens on, if it is one that does and REST has it.
    pub(crate) fn of(words: &Words) -> Option<Self> {
        let is = |name: &&&str| words.name().eq_ignore_ascii_case(name.as_bytes());
        let route = ["subscribe", "psubscribe", "monitor"].iter().find(is)?;
        Some(Self { route, names: words.as_slice()[1..].to_vec() })
    }

    /// Where it is streamed, without a slash before it.
    pub(crate) fn path(&self) -> String {
        let mut path = self.route.to_owned();
        for name in &self.names {
            write!(path, "/{}", percent_encode(name, NON_ALPHANUMERIC)).expect("a string takes all text");
        }
        // A slash at the end counts as none, so that a name without a character needs another.
        if self.names.last().is_some_and(Bytes::is_empty) {
            path.push('/');
        }
        path
    }

    /// What an event tells, as the reply in RESP2 that it stands for. The parts are separated by commas, and nothing is
    /// escaped: where a channel's name has commas, what was subscribed to tells where it ends.
    fn read(&self, event: &[u8]) -> Value {
        let told = match memchr(b',', event) {
            Some(end) if self.route != "monitor" => self.told(&event[..end], &event[end + 1..]),
            _ => None,
        };
        told.unwrap_or_else(|| Value::Status(text(event)))
    }

    fn told(&self, kind: &[u8], rest: &[u8]) -> Option<Value> {
        let mut parts = vec![bulk(kind)];
        match kind {
            b"subscribe" | b"psubscribe" => {
                let end = memrchr(b',', rest)?;
                let count = std::str::from_utf8(&rest[end + 1..]).ok()?.parse().ok()?;
                parts.extend([bulk(&rest[..end]), Value::Int(count)]);
            }
            b"message" => parts.extend(self.split(rest)?.map(bulk)),
            b"pmessage" => {
                let [pattern, rest] = self.split(rest)?;
                let end = memchr(b',', rest)?;
                parts.extend([pattern, &rest[..end], &rest[end + 1..]].map(bulk));
            }
            _ => return None,
        }
        Some(Value::List(List::Array, parts))
    }

    /// The name that this begins with, and what follows. Of several, the longest.
    fn split<'a>(&self, text: &'a [u8]) -> Option<[&'a [u8]; 2]> {
        let is_first =
            |name: &&Bytes| text.strip_prefix(&name[..]).is_some_and(|rest| rest.starts_with(b","));
        let longest = self.names.iter().filter(is_first).map(Bytes::len).max();
        let end = longest.or_else(|| memchr(b',', text))?;
        Some([&text[..end], &text[end + 1..]])
    }
}

/// Takes events off a stream as it comes in, in pieces. No byte is looked at twice.
pub(crate) struct Events {
    topic: Topic,
    input: BytesMut,
    /// How much of the input is known not to end the current line.
    scanned: usize,
    /// What the server has said beside events: why it ends the stream, in the end.
    remark: Option<Bytes>,
}

/// A line that is longer than any reply.
#[derive(Debug, PartialEq)]
pub(crate) struct LineTooLong;

impl Events {
    /// The stream of this topic, from its beginning.
    pub(crate) fn new(topic: Topic) -> Self {
        Self { topic, input: BytesMut::new(), scanned: 0, remark: None }
    }

    /// Takes in what has arrived.
    pub(crate) fn feed(&mut self, bytes: &[u8]) -> Result<(), LineTooLong> {
        self.input.extend_from_slice(bytes);
        if self.input.len() > REPLY_BYTES_MAX { Err(LineTooLong) } else { Ok(()) }
    }

    /// The next event; `None` if more bytes are needed.
    pub(crate) fn next(&mut self) -> Option<Value> {
        loop {
            let line = self.next_line()?;
            if let Some(event) = line.strip_prefix(b"data:") {
                self.remark = None;
                return Some(self.topic.read(event.strip_prefix(b" ").unwrap_or(event)));
            }
            if let Some(remark) = line.strip_prefix(b":") {
                self.remark = Some(text(remark.trim_ascii()));
            }
        }
    }

    /// What the server has said last, if that was no event.
    pub(crate) fn last_remark(self) -> Option<String> {
        self.remark.map(|remark| String::from_utf8_lossy(&remark).into_owned())
    }

    fn next_line(&mut self) -> Option<Bytes> {
        let Some(found) = memchr(b'\n', &self.input[self.scanned..]) else {
            self.scanned = self.input.len();
            return None;
        };
        let mut line = self.input.split_to(self.scanned + found);
        self.input.advance(1);
        self.scanned = 0;
        if line.ends_with(b"\r") {
            line.truncate(line.len() - 1);
        }
        Some(line.freeze())
    }
}

fn bulk(bytes: &[u8]) -> Value {
    Value::Bulk(Bytes::copy_from_slice(bytes))
}

/// The text of a status: JSON's quotes around the `OK` of MONITOR are not part of it.
fn text(bytes: &[u8]) -> Bytes {
    Bytes::copy_from_slice(if bytes == br#""OK""# { b"OK" } else { bytes })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn topic(line: &str) -> Topic {
        Topic::of(&line.split(' ').collect()).expect("it listens")
    }

    /// What a stream tells, fed byte for byte, as text: the parts of each event in brackets.
    fn told(line: &str, stream: &str) -> Vec<String> {
        let mut events = Events::new(topic(line));
        let mut told = Vec::new();
        for byte in stream.bytes() {
            events.feed(&[byte]).expect("it is short");
            told.extend(std::iter::from_fn(|| events.next()).map(|value| format!("{value:?}")));
        }
        told
    }

    fn array(parts: &[&str]) -> Value {
        Value::List(List::Array, parts.iter().map(|part| bulk(part.as_bytes())).collect())
    }

    #[test]
    fn only_commands_that_listen_have_a_topic() {
        assert_eq!(topic("Subscribe a b/ü,%").path(), "subscribe/a/b%2F%C3%BC%2C%25");
        assert_eq!(topic("PSUBSCRIBE news.*").path(), "psubscribe/news%2E%2A");
        assert_eq!(
            (topic("SUBSCRIBE ").path(), topic("SUBSCRIBE  a").path()),
            ("subscribe//".into(), "subscribe//a".into())
        );
        assert_eq!(
            (topic("monitor").path(), topic("SUBSCRIBE").path()),
            ("monitor".into(), "subscribe".into())
        );
        for line in ["GET a", "SSUBSCRIBE a", "UNSUBSCRIBE", "PUBLISH a b"] {
            assert!(Topic::of(&line.split(' ').collect()).is_none(), "{line}");
        }
    }

    #[test]
    fn events_become_the_replies_that_they_stand_for() {
        let stream = "data: subscribe,a,1\n\n: heartbeat\n\ndata: message,a,{\"x\": [1,2]}\r\n\r\ndata: message,a,\n\n";
        let confirmed = Value::List(List::Array, vec![bulk(b"subscribe"), bulk(b"a"), Value::Int(1)]);
        let expected = [confirmed, array(&["message", "a", "{\"x\": [1,2]}"]), array(&["message", "a", ""])];
        assert_eq!(told("SUBSCRIBE a", stream), expected.map(|value| format!("{value:?}")));
        let stream = "data: pmessage,n*,news,1,2\n\n";
        let expected = array(&["pmessage", "n*", "news", "1,2"]);
        assert_eq!(told("PSUBSCRIBE n*", stream), [format!("{expected:?}")]);
    }

    #[test]
    fn names_with_commas_are_told_by_what_was_subscribed_to() {
        let confirmed = Value::List(List::Array, vec![bulk(b"subscribe"), bulk(b"a,b"), Value::Int(2)]);
        let stream = "data: subscribe,a,b,2\n\ndata: message,a,b,c\n\ndata: message,a,x\n\n";
        let expected = [confirmed, array(&["message", "a,b", "c"]), array(&["message", "a", "x"])];
        assert_eq!(told("SUBSCRIBE a a,b", stream), expected.map(|value| format!("{value:?}")));
    }

    #[test]
    fn monitor_tells_lines() {
        let stream = "data: \"OK\"\n\ndata: 1.5 [0 0.0.0.0:0] \"SET\" \"message,a\" \"b\"\n\n";
        let expected = ["OK", "1.5 [0 0.0.0.0:0] \"SET\" \"message,a\" \"b\""];
        let expected = expected.map(|line| format!("{:?}", Value::Status(line.into())));
        assert_eq!(told("MONITOR", stream), expected);
    }

    #[test]
    fn what_was_said_last_is_kept_unless_an_event_follows() {
        let mut events = Events::new(topic("SUBSCRIBE a"));
        events.feed(b"data: message,a,b\n\n: too many messages wait\n\n").expect("it is short");
        while events.next().is_some() {}
        assert_eq!(events.last_remark().as_deref(), Some("too many messages wait"));
        let mut events = Events::new(topic("SUBSCRIBE a"));
        events.feed(b": heartbeat\n\ndata: message,a,b\n\n").expect("it is short");
        while events.next().is_some() {}
        assert_eq!(events.last_remark(), None);
    }
}
