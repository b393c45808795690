//! Replies as JSON: `{"result":…}` or `{"error":…}`, one or a batch of them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::json::plain_len;
use crate::number::{write_double, write_i64};
use crate::{Reply, ReplyError};

/// How strings within a result are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// As text. What is not UTF-8 is lost: each invalid sequence becomes U+FFFD.
    Json,
    /// As base64 with the standard alphabet and padding, which keeps all bytes. Only a status `OK` that is the whole
    /// result stays as it is; an error does too.
    Base64,
}

/// How a reply is written.
#[derive(Clone, Copy, Debug)]
pub struct Format {
    /// How strings are written.
    pub encoding: Encoding,
    /// Longest body, in bytes. A reply that does not fit is replaced by an error, which may itself go beyond.
    pub body_bytes_max: usize,
}

/// Which of the two shapes was written. Of a single command, `Error` means status 400.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Envelope {
    /// `{"result":…}`
    Result,
    /// `{"error":…}`
    Error,
}

/// Appends a reply in its envelope. The result has the shape that RESP2 would give it: maps are arrays, numbers that
/// are not integers are text, truth values are 1 and 0.
///
/// A reply beyond [`Format::body_bytes_max`] is written as `ERR max request size exceeded. …` instead.
pub fn write_result(out: &mut Vec<u8>, reply: &Reply, format: Format) -> Envelope {
    let start = out.len();
    write_entry(out, reply, format, start)
}

/// Appends replies in their envelopes as one array.
///
/// The limit is that of the whole body: an entry that would go beyond it is replaced by an error, the others stay.
pub fn write_batch<'a>(out: &mut Vec<u8>, replies: impl IntoIterator<Item = &'a Reply>, format: Format) {
    let start = out.len();
    write_list(out, replies, |out, reply| {
        write_entry(out, reply, format, start);
    });
}

/// Appends `{"error":"…"}`.
pub fn write_error(out: &mut Vec<u8>, error: &ReplyError) {
    out.extend_from_slice(b"{\"error\":");
    write_text(out, error.text());
    out.push(b'}');
}

/// Appends one envelope to the body that begins at `start`.
fn write_entry(out: &mut Vec<u8>, reply: &Reply, format: Format, start: usize) -> Envelope {
    if let Reply::Error(error) = reply {
        write_error(out, error);
        return Envelope::Error;
    }
    let entry = out.len();
    // Asked first, so that a reply far beyond the limit is not written only to be thrown away.
    let mut actual = entry - start + reply.bytes();
    if actual <= format.body_bytes_max {
        write_envelope(out, reply, format.encoding);
        actual = out.len() - start;
    }
    if actual <= format.body_bytes_max {
        return Envelope::Result;
    }
    out.truncate(entry);
    write_error(out, &ReplyError::request_too_large(format.body_bytes_max, actual));
    Envelope::Error
}

fn write_envelope(out: &mut Vec<u8>, reply: &Reply, encoding: Encoding) {
    out.extend_from_slice(b"{\"result\":");
    match reply {
        Reply::Status(text) if text == "OK" => out.extend_from_slice(b"\"OK\""),
        reply => write_value(out, reply, encoding),
    }
    out.push(b'}');
}

fn write_value(out: &mut Vec<u8>, reply: &Reply, encoding: Encoding) {
    match reply {
        Reply::Status(text) => write_string(out, text.as_bytes(), encoding),
        Reply::Bulk(bytes) | Reply::Number(bytes) | Reply::BigNumber(bytes) | Reply::Verbatim(bytes) => {
            write_string(out, bytes, encoding)
        }
        Reply::Error(error) => write_string(out, error.text().as_bytes(), encoding),
        Reply::Int(value) => write_i64(out, *value),
        Reply::Bool(yes) => out.push(if *yes { b'1' } else { b'0' }),
        Reply::Double(value) => write_double_string(out, *value, encoding),
        Reply::Null | Reply::NullArray => out.extend_from_slice(b"null"),
        Reply::Array(items) | Reply::Set(items) => {
            write_list(out, items, |out, item| write_value(out, item, encoding));
        }
        Reply::Pairs(pairs) | Reply::Map(pairs) => write_list(out, pairs, |out, (first, second)| {
            write_value(out, first, encoding);
            out.push(b',');
            write_value(out, second, encoding);
        }),
        Reply::NestedMap(pairs) => write_list(out, pairs, |out, (first, second)| {
            write_list(out, [first, second], |out, item| write_value(out, item, encoding));
        }),
    }
}

fn write_list<T>(
    out: &mut Vec<u8>,
    items: impl IntoIterator<Item = T>,
    mut write: impl FnMut(&mut Vec<u8>, T),
) {
    out.push(b'[');
    for (index, item) in items.into_iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write(out, item);
    }
    out.push(b']');
}

fn write_double_string(out: &mut Vec<u8>, value: f64, encoding: Encoding) {
    match encoding {
        Encoding::Json => {
            out.push(b'"');
            write_double(out, value);
            out.push(b'"');
        }
        Encoding::Base64 => {
            let mut text = Vec::with_capacity(32);
            write_double(&mut text, value);
            write_base64(out, &text);
        }
    }
}

fn write_string(out: &mut Vec<u8>, bytes: &[u8], encoding: Encoding) {
    match encoding {
        Encoding::Base64 => write_base64(out, bytes),
        Encoding::Json => match str::from_utf8(bytes) {
            Ok(text) => write_text(out, text),
            Err(_) => write_lossy(out, bytes),
        },
    }
}

fn write_base64(out: &mut Vec<u8>, bytes: &[u8]) {
    out.push(b'"');
    let start = out.len();
    let len = base64::encoded_len(bytes.len(), true).expect("4/3 of what is in memory fits a usize");
    out.resize(start + len, 0);
    STANDARD.encode_slice(bytes, &mut out[start..]).expect("the slice has the length that was computed");
    out.push(b'"');
}

fn write_text(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    write_escaped(out, text.as_bytes());
    out.push(b'"');
}

fn write_lossy(out: &mut Vec<u8>, bytes: &[u8]) {
    out.push(b'"');
    for chunk in bytes.utf8_chunks() {
        write_escaped(out, chunk.valid().as_bytes());
        if !chunk.invalid().is_empty() {
            out.extend_from_slice("\u{fffd}".as_bytes());
        }
    }
    out.push(b'"');
}

/// Appends UTF-8 with what JSON does not allow in a string escaped.
fn write_escaped(out: &mut Vec<u8>, mut bytes: &[u8]) {
    loop {
        let (plain, rest) = bytes.split_at(plain_len(bytes));
        out.extend_from_slice(plain);
        let [special, tail @ ..] = rest else { return };
        write_escape(out, *special);
        bytes = tail;
    }
}

fn write_escape(out: &mut Vec<u8>, byte: u8) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let letter = match byte {
        b'"' | b'\\' => byte,
        b'\n' => b'n',
        b'\r' => b'r',
        b'\t' => b't',
        0x08 => b'b',
        0x0c => b'f',
        _ => {
            out.extend_from_slice(b"\\u00");
            out.extend_from_slice(&[HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
            return;
        }
    };
    out.extend_from_slice(&[b'\\', letter]);
}

#[cfg(test)]
mod tests {
    use super::*;

    const UNLIMITED: usize = usize::MAX;

    fn written(reply: &Reply, encoding: Encoding) -> String {
        let mut out = Vec::new();
        write_result(&mut out, reply, Format { encoding, body_bytes_max: UNLIMITED });
        String::from_utf8(out).expect("JSON is UTF-8")
    }

    #[track_caller]
    fn check(reply: Reply, json: &str, base64: &str) {
        assert_eq!(written(&reply, Encoding::Json), format!("{{\"result\":{json}}}"));
        assert_eq!(written(&reply, Encoding::Base64), format!("{{\"result\":{base64}}}"));
    }

    fn bulk(text: &'static str) -> Reply {
        Reply::bulk(text)
    }

    #[test]
    fn only_a_status_ok_that_is_the_result_stays_plain() {
        check(Reply::OK, r#""OK""#, r#""OK""#);
        check(bulk("OK"), r#""OK""#, r#""T0s=""#);
        check(Reply::Verbatim("OK".into()), r#""OK""#, r#""T0s=""#);
        check(Reply::status("PONG"), r#""PONG""#, r#""UE9ORw==""#);
        check(Reply::Array(vec![Reply::OK]), r#"["OK"]"#, r#"["T0s="]"#);
    }

    #[test]
    fn strings_are_text_or_base64() {
        check(bulk("bar"), r#""bar""#, r#""YmFy""#);
        check(bulk(""), r#""""#, r#""""#);
        check(Reply::bulk([0xfb, 0xff, 0xbf]), "\"\u{fffd}\u{fffd}\u{fffd}\"", r#""+/+/""#);
        check(Reply::bulk(b"a\xf0\x9f\x98z\xff"), "\"a\u{fffd}z\u{fffd}\"", r#""YfCfmHr/""#);
        check(bulk("é😀"), r#""é😀""#, r#""w6nwn5iA""#);
    }

    #[test]
    fn text_is_escaped() {
        let text = "\"\\/\u{8}\u{c}\n\r\t\0\u{1b}\u{1f}\u{7f}\u{2028}";
        let json = "\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0000\\u001b\\u001f\u{7f}\u{2028}\"";
        assert_eq!(written(&bulk(text), Encoding::Json), format!("{{\"result\":{json}}}"));
        let lossy = written(&Reply::bulk(b"\"\xff\n"), Encoding::Json);
        assert_eq!(lossy, "{\"result\":\"\\\"\u{fffd}\\n\"}");
    }

    #[test]
    fn integers_truth_and_absence_are_not_strings() {
        check(Reply::Int(i64::MAX), "9223372036854775807", "9223372036854775807");
        check(Reply::Int(i64::MIN), "-9223372036854775808", "-9223372036854775808");
        check(Reply::Bool(true), "1", "1");
        check(Reply::Bool(false), "0", "0");
        check(Reply::Null, "null", "null");
        check(Reply::NullArray, "null", "null");
    }

    #[test]
    fn doubles_are_strings_in_redis_formatting() {
        check(Reply::Double(3.0), r#""3""#, r#""Mw==""#);
        check(Reply::Double(1.5), r#""1.5""#, r#""MS41""#);
        check(Reply::Double(f64::NEG_INFINITY), r#""-inf""#, r#""LWluZg==""#);
    }

    #[test]
    fn collections_are_arrays() {
        let pair = || vec![(bulk("a"), Reply::Double(1.0)), (bulk("b"), Reply::Array(vec![Reply::Null]))];
        check(Reply::Map(pair()), r#"["a","1","b",[null]]"#, r#"["YQ==","MQ==","Yg==",[null]]"#);
        check(Reply::Pairs(pair()), r#"["a","1","b",[null]]"#, r#"["YQ==","MQ==","Yg==",[null]]"#);
        check(
            Reply::NestedMap(pair()),
            r#"[["a","1"],["b",[null]]]"#,
            r#"[["YQ==","MQ=="],["Yg==",[null]]]"#,
        );
        check(Reply::Set(vec![Reply::Int(1), bulk("0")]), r#"[1,"0"]"#, r#"[1,"MA=="]"#);
        for empty in [
            Reply::Array(vec![]),
            Reply::Map(vec![]),
            Reply::Pairs(vec![]),
            Reply::NestedMap(vec![]),
            Reply::Set(vec![]),
        ] {
            check(empty, "[]", "[]");
        }
    }

    #[test]
    fn an_error_is_an_envelope_of_its_own_unless_nested() {
        let error = || Reply::Error(ReplyError::fixed("ERR a \"b\""));
        for encoding in [Encoding::Json, Encoding::Base64] {
            assert_eq!(written(&error(), encoding), r#"{"error":"ERR a \"b\""}"#);
        }
        check(Reply::Array(vec![error()]), r#"["ERR a \"b\""]"#, r#"["RVJSIGEgImIi"]"#);
    }

    #[test]
    fn the_envelope_is_reported() {
        let mut out = b"kept".to_vec();
        let format = Format { encoding: Encoding::Json, body_bytes_max: UNLIMITED };
        assert_eq!(write_result(&mut out, &Reply::Null, format), Envelope::Result);
        assert_eq!(write_result(&mut out, &ReplyError::SYNTAX.into(), format), Envelope::Error);
        assert_eq!(out, br#"kept{"result":null}{"error":"ERR syntax error"}"#);
    }

    #[test]
    fn a_batch_is_an_array_of_envelopes() {
        let mut out = Vec::new();
        let format = Format { encoding: Encoding::Base64, body_bytes_max: UNLIMITED };
        write_batch(&mut out, &[Reply::OK, ReplyError::SYNTAX.into(), bulk("v")], format);
        assert_eq!(out, br#"[{"result":"OK"},{"error":"ERR syntax error"},{"result":"dg=="}]"#);
        out.clear();
        write_batch(&mut out, &[], format);
        assert_eq!(out, b"[]");
    }

    #[test]
    fn a_reply_beyond_the_limit_is_an_error() {
        for (limit, reply, expected) in [
            (18, bulk("12345"), r#"{"result":"12345"}"#),
            (
                17,
                bulk("12345"),
                r#"{"error":"ERR max request size exceeded. Limit: 17 bytes, Actual: 18 bytes"}"#,
            ),
            // Seen before it is written: the length given is that of the strings.
            (
                4,
                bulk("12345"),
                r#"{"error":"ERR max request size exceeded. Limit: 4 bytes, Actual: 5 bytes"}"#,
            ),
            (1, ReplyError::SYNTAX.into(), r#"{"error":"ERR syntax error"}"#),
        ] {
            let mut out = b"kept".to_vec();
            let format = Format { encoding: Encoding::Json, body_bytes_max: limit };
            let envelope = write_result(&mut out, &reply, format);
            assert_eq!(String::from_utf8_lossy(&out), format!("kept{expected}"));
            assert_eq!(envelope == Envelope::Error, expected.starts_with(r#"{"error"#));
        }
    }

    #[test]
    fn a_batch_keeps_the_entries_that_fit() {
        let mut out = Vec::new();
        let format = Format { encoding: Encoding::Json, body_bytes_max: 120 };
        write_batch(&mut out, &[Reply::Int(1), bulk(&"x".repeat(99).leak()[..]), Reply::Int(2)], format);
        let refusal = r#"{"error":"ERR max request size exceeded. Limit: 120 bytes, Actual: 126 bytes"}"#;
        assert_eq!(String::from_utf8_lossy(&out), format!(r#"[{{"result":1}},{refusal},{{"result":2}}]"#));
    }
}
