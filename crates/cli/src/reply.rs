//! Replies in RESP2 and RESP3, as they come in, in pieces.

use bytes::{Buf, Bytes, BytesMut};
use latchkey_protocol::number::parse_i64;
use memchr::memchr;

/// Most bytes of a reply.
pub(crate) const REPLY_BYTES_MAX: usize = 1 << 30;
/// Longest line: a status, an error, an announced length.
const LINE_BYTES_MAX: usize = 1 << 20;
/// How deep replies may be nested; whoever prints them goes as deep.
const DEPTH_MAX: usize = 128;

/// A reply, as it was sent: numbers with a fraction keep their digits.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Status(Bytes),
    Error(Bytes),
    Bulk(Bytes),
    /// Text for people, without its format.
    Verbatim(Bytes),
    Int(i64),
    Double(Bytes),
    /// An integer beyond 64 bits.
    Big(Bytes),
    Bool(bool),
    Null,
    List(List, Vec<Value>),
    Map(Vec<(Value, Value)>),
}

/// Which list it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum List {
    Array,
    Set,
    /// Not an answer to a command: a message of a channel.
    Push,
}

impl Value {
    pub(crate) fn is_error(&self) -> bool {
        matches!(self, Self::Error(_))
    }

    pub(crate) fn is_push(&self) -> bool {
        matches!(self, Self::List(List::Push, _))
    }
}

/// What came is no RESP, or beyond every bound. Holds the first byte that made no sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Malformed(pub(crate) u8);

impl Malformed {
    /// What it may be instead.
    pub(crate) fn hint(self) -> &'static str {
        match self.0 {
            b'H' => "it speaks HTTP, so use http:// or https:// in the URL",
            0x15 | 0x16 => "it speaks TLS, so use rediss:// or https:// in the URL",
            _ => "is this the right port?",
        }
    }
}

/// Takes replies off the front of a buffer that fills from a connection. Between two calls the buffer may only be
/// appended to. No byte is looked at twice, and nothing is reserved for what was announced and not sent.
#[derive(Default)]
pub(crate) struct Decoder {
    /// Lists and maps that are not complete, the outermost first.
    open: Vec<Open>,
    /// A string whose length was announced: its kind and that length.
    text: Option<(u8, usize)>,
    /// How much of the buffer is known not to end the current line.
    scanned: usize,
    /// Bytes of the current reply so far.
    taken: usize,
}

struct Open {
    kind: u8,
    missing: usize,
    items: Vec<Value>,
}

enum Step {
    /// More bytes are needed.
    Starved,
    /// A list or a map begins.
    Opened,
    Whole(Value),
}

impl Decoder {
    /// The next whole reply; `None` if more bytes are needed.
    pub(crate) fn decode(&mut self, input: &mut BytesMut) -> Result<Option<Value>, Malformed> {
        loop {
            match self.step(input)? {
                Step::Starved => return Ok(None),
                Step::Opened => {}
                Step::Whole(value) => {
                    if let Some(reply) = self.place(value) {
                        self.taken = 0;
                        return Ok(Some(reply));
                    }
                }
            }
        }
    }

    fn step(&mut self, input: &mut BytesMut) -> Result<Step, Malformed> {
        if let Some((kind, bytes)) = self.text {
            return Ok(self.take_text(kind, bytes, input).map_or(Step::Starved, Step::Whole));
        }
        let Some(line) = self.take_line(input)? else { return Ok(Step::Starved) };
        let (kind, rest) = (line[0], line.slice(1..));
        let whole = match kind {
            b'+' => Value::Status(rest),
            b'-' => Value::Error(rest),
            b',' => Value::Double(rest),
            b'(' => Value::Big(rest),
            b'_' => Value::Null,
            b'#' => Value::Bool(rest.as_ref() == b"t"),
            b':' => Value::Int(parse_i64(&rest).ok_or(Malformed(kind))?),
            b'$' | b'=' | b'!' => return self.announce_text(kind, &rest, input),
            _ => return self.announce_items(kind, &rest),
        };
        Ok(Step::Whole(whole))
    }

    fn take_line(&mut self, input: &mut BytesMut) -> Result<Option<Bytes>, Malformed> {
        let Some(&first) = input.first() else { return Ok(None) };
        if !b"+-:$*_,(#=!%~>|".contains(&first) {
            return Err(Malformed(first));
        }
        let Some(end) = memchr(b'\n', &input[self.scanned..]).map(|at| self.scanned + at) else {
            self.scanned = input.len();
            return if self.scanned > LINE_BYTES_MAX { Err(Malformed(first)) } else { Ok(None) };
        };
        self.scanned = 0;
        self.count(first, end + 1)?;
        let line = input.split_to(end + 1).freeze();
        let text = line.strip_suffix(b"\r\n").ok_or(Malformed(first))?;
        Ok(Some(line.slice_ref(text)))
    }

    /// Counts bytes of the current reply before they are waited for.
    fn count(&mut self, kind: u8, bytes: usize) -> Result<(), Malformed> {
        self.taken = self.taken.saturating_add(bytes);
        if self.taken > REPLY_BYTES_MAX { Err(Malformed(kind)) } else { Ok(()) }
    }

    fn announce_text(&mut self, kind: u8, length: &[u8], input: &mut BytesMut) -> Result<Step, Malformed> {
        let length = parse_i64(length).ok_or(Malformed(kind))?;
        if length == -1 {
            return Ok(Step::Whole(Value::Null));
        }
        let bytes = usize::try_from(length).map_err(|_| Malformed(kind))?;
        self.count(kind, bytes)?;
        self.text = Some((kind, bytes));
        self.step(input)
    }

    fn take_text(&mut self, kind: u8, bytes: usize, input: &mut BytesMut) -> Option<Value> {
        if input.len() < bytes + b"\r\n".len() {
            return None;
        }
        self.text = None;
        let text = input.split_to(bytes).freeze();
        input.advance(b"\r\n".len());
        Some(match kind {
            b'!' => Value::Error(text),
            // `txt:` or `mkd:` comes first.
            b'=' => Value::Verbatim(text.slice(text.len().min(4)..)),
            _ => Value::Bulk(text),
        })
    }

    fn announce_items(&mut self, kind: u8, count: &[u8]) -> Result<Step, Malformed> {
        let count = parse_i64(count).ok_or(Malformed(kind))?;
        if count == -1 {
            return Ok(Step::Whole(Value::Null));
        }
        let count = usize::try_from(count).map_err(|_| Malformed(kind))?;
        let per_item = if matches!(kind, b'%' | b'|') { 2 } else { 1 };
        let missing = count.checked_mul(per_item).ok_or(Malformed(kind))?;
        let open = Open { kind, missing, items: Vec::new() };
        if missing == 0 && kind != b'|' {
            return Ok(Step::Whole(open.close()));
        }
        if self.open.len() == DEPTH_MAX {
            return Err(Malformed(kind));
        }
        if missing > 0 {
            self.open.push(open);
        }
        Ok(Step::Opened)
    }

    /// Puts a value where it belongs; the whole reply if that is complete now.
    fn place(&mut self, mut value: Value) -> Option<Value> {
        while let Some(mut open) = self.open.pop() {
            open.items.push(value);
            open.missing -= 1;
            if open.missing > 0 {
                self.open.push(open);
                return None;
            }
            if open.kind == b'|' {
                return None; // attributes say something about the value that follows, which is what was asked for
            }
            value = open.close();
        }
        Some(value)
    }
}

impl Open {
    fn close(self) -> Value {
        match self.kind {
            b'%' => {
                let mut items = self.items.into_iter();
                Value::Map(std::iter::from_fn(|| Some((items.next()?, items.next()?))).collect())
            }
            b'~' => Value::List(List::Set, self.items),
            b'>' => Value::List(List::Push, self.items),
            _ => Value::List(List::Array, self.items),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &'static str) -> Value {
        Value::Bulk(text.into())
    }

    #[track_caller]
    fn check(input: &str, expected: &[Value]) {
        let (mut decoder, mut buffer, mut replies) = (Decoder::default(), BytesMut::new(), Vec::new());
        for byte in input.bytes() {
            buffer.extend_from_slice(&[byte]);
            replies.extend(decoder.decode(&mut buffer).expect("well-formed"));
        }
        assert_eq!(replies, expected, "{input:?} byte for byte");
        let mut buffer = BytesMut::from(input);
        let mut decoder = Decoder::default();
        let whole: Vec<_> =
            std::iter::from_fn(|| decoder.decode(&mut buffer).expect("well-formed")).collect();
        assert_eq!(whole, expected, "{input:?} at once");
        assert!(buffer.is_empty(), "{input:?}");
    }

    #[test]
    fn every_kind_is_read() {
        check("+OK\r\n", &[Value::Status("OK".into())]);
        check("-ERR x\r\n!5\r\nERR y\r\n", &[Value::Error("ERR x".into()), Value::Error("ERR y".into())]);
        check(":-7\r\n", &[Value::Int(-7)]);
        check(
            "$0\r\n\r\n$3\r\na\r\n\r\n$-1\r\n*-1\r\n_\r\n",
            &[text(""), text("a\r\n"), Value::Null, Value::Null, Value::Null],
        );
        check("#t\r\n#f\r\n", &[Value::Bool(true), Value::Bool(false)]);
        check(
            ",1.50\r\n(99999999999999999999\r\n",
            &[Value::Double("1.50".into()), Value::Big("99999999999999999999".into())],
        );
        check("=6\r\ntxt:hi\r\n", &[Value::Verbatim("hi".into())]);
    }

    #[test]
    fn what_is_nested_is_put_together() {
        let inner = Value::List(List::Array, vec![Value::Int(1), Value::List(List::Array, vec![])]);
        check("*2\r\n*2\r\n:1\r\n*0\r\n$1\r\na\r\n", &[Value::List(List::Array, vec![inner, text("a")])]);
        check(
            "%1\r\n$1\r\na\r\n~1\r\n:1\r\n",
            &[Value::Map(vec![(text("a"), Value::List(List::Set, vec![Value::Int(1)]))])],
        );
        check(
            "%0\r\n>1\r\n+x\r\n",
            &[Value::Map(vec![]), Value::List(List::Push, vec![Value::Status("x".into())])],
        );
    }

    #[test]
    fn attributes_are_passed_over() {
        check("|1\r\n+ttl\r\n:9\r\n*1\r\n|0\r\n:1\r\n", &[Value::List(List::Array, vec![Value::Int(1)])]);
    }

    #[test]
    fn what_is_no_reply_is_refused_with_its_first_byte() {
        for (input, first) in [
            ("HTTP/1.1 400 Bad Request\r\n", b'H'),
            ("\x15\x03\x03", 0x15),
            ("$x\r\n", b'$'),
            ("$-2\r\n", b'$'),
            (":\r\n", b':'),
            ("+a\n", b'+'),
            ("$1073741825\r\n", b'$'),
        ] {
            let refused = Decoder::default().decode(&mut BytesMut::from(input));
            assert_eq!(refused, Err(Malformed(first)), "{input:?}");
        }
    }

    #[test]
    fn there_is_an_end_to_depth_and_to_promises() {
        let deep = "*1\r\n".repeat(DEPTH_MAX + 1);
        assert_eq!(Decoder::default().decode(&mut BytesMut::from(deep.as_str())), Err(Malformed(b'*')));
        let mut decoder = Decoder::default();
        assert_eq!(decoder.decode(&mut BytesMut::from("*2000000000\r\n")), Ok(None));
        assert_eq!(decoder.open[0].items.capacity(), 0);
    }
}
