//! Replies as RESP2 or RESP3.

use crate::number::{write_double, write_i64, write_u64};
use crate::{Reply, ReplyError};

/// Which protocol a connection speaks. REST's `resp2` format is [`Version::Resp2`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Version {
    /// What a connection starts with: strings, integers, arrays.
    #[default]
    Resp2,
    /// After `HELLO 3`: also maps, sets, doubles, truth values.
    Resp3,
}

/// Appends a reply. What RESP2 lacks takes the nearest shape: maps become arrays, doubles text, truth
/// values 1 and 0.
pub fn write_reply(out: &mut Vec<u8>, reply: &Reply, version: Version) {
    match (reply, version) {
        (Reply::Status(text), _) => write_line(out, b'+', text),
        (Reply::Error(error), _) => write_error(out, error),
        (Reply::Int(value), _) => write_int(out, *value),
        (Reply::Bulk(bytes), _)
        | (Reply::Number(bytes) | Reply::BigNumber(bytes) | Reply::Verbatim(bytes), Version::Resp2) => {
            write_bulk(out, bytes)
        }
        (Reply::Number(digits), Version::Resp3) => write_digits(out, b',', digits),
        (Reply::BigNumber(digits), Version::Resp3) => write_digits(out, b'(', digits),
        (Reply::Verbatim(text), Version::Resp3) => write_verbatim(out, text),
        (Reply::Null, Version::Resp2) => out.extend_from_slice(b"$-1\r\n"),
        (Reply::NullArray, Version::Resp2) => out.extend_from_slice(b"*-1\r\n"),
        (Reply::Null | Reply::NullArray, Version::Resp3) => out.extend_from_slice(b"_\r\n"),
        (Reply::Bool(yes), Version::Resp2) => write_int(out, i64::from(*yes)),
        (Reply::Bool(yes), Version::Resp3) => out.extend_from_slice(if *yes { b"#t\r\n" } else { b"#f\r\n" }),
        (Reply::Double(value), _) => write_number(out, *value, version),
        (Reply::Array(items), _) | (Reply::Set(items), Version::Resp2) => {
            write_items(out, b'*', items, version)
        }
        (Reply::Set(items), Version::Resp3) => write_items(out, b'~', items, version),
        (Reply::Pairs(pairs), Version::Resp3) | (Reply::NestedMap(pairs), Version::Resp2) => {
            write_pairs(out, pairs, version)
        }
        (Reply::Pairs(entries), Version::Resp2)
        | (Reply::NestedMap(entries), Version::Resp3)
        | (Reply::Map(entries), _) => write_map(out, entries, version),
    }
}

/// Appends the beginning of a message that answers no command and has so many items, which are to be written next: a
/// push in RESP3, an array in RESP2.
pub fn write_push_header(out: &mut Vec<u8>, items: usize, version: Version) {
    write_header(out, if version == Version::Resp3 { b'>' } else { b'*' }, items);
}

fn write_error(out: &mut Vec<u8>, error: &ReplyError) {
    write_line(out, b'-', error.text());
}

/// Appends text that ends with its line. A line break within, as a script may make, would end the reply early: it
/// becomes a space, as in Redis.
fn write_line(out: &mut Vec<u8>, kind: u8, text: &str) {
    out.push(kind);
    out.extend(text.bytes().map(|byte| if matches!(byte, b'\r' | b'\n') { b' ' } else { byte }));
    end_line(out);
}

fn write_int(out: &mut Vec<u8>, value: i64) {
    out.push(b':');
    write_i64(out, value);
    end_line(out);
}

/// Appends a string.
pub fn write_bulk(out: &mut Vec<u8>, bytes: &[u8]) {
    write_header(out, b'$', bytes.len());
    out.extend_from_slice(bytes);
    end_line(out);
}

fn write_verbatim(out: &mut Vec<u8>, text: &[u8]) {
    write_header(out, b'=', text.len() + b"txt:".len());
    out.extend_from_slice(b"txt:");
    out.extend_from_slice(text);
    end_line(out);
}

fn write_number(out: &mut Vec<u8>, value: f64, version: Version) {
    if version == Version::Resp3 {
        out.push(b',');
        write_double(out, value);
        return end_line(out);
    }
    let mut text = Vec::with_capacity(32);
    write_double(&mut text, value);
    write_bulk(out, &text);
}

/// Digits that a script made end with their line, as [`write_line`] has it.
fn write_digits(out: &mut Vec<u8>, kind: u8, digits: &[u8]) {
    out.push(kind);
    out.extend(digits.iter().map(|&byte| if matches!(byte, b'\r' | b'\n') { b' ' } else { byte }));
    end_line(out);
}

fn write_items(out: &mut Vec<u8>, kind: u8, items: &[Reply], version: Version) {
    write_header(out, kind, items.len());
    for item in items {
        write_reply(out, item, version);
    }
}

fn write_pairs(out: &mut Vec<u8>, pairs: &[(Reply, Reply)], version: Version) {
    write_header(out, b'*', pairs.len());
    for pair in pairs {
        write_header(out, b'*', 2);
        write_pair(out, pair, version);
    }
}

fn write_map(out: &mut Vec<u8>, entries: &[(Reply, Reply)], version: Version) {
    match version {
        Version::Resp2 => write_header(out, b'*', entries.len() * 2),
        Version::Resp3 => write_header(out, b'%', entries.len()),
    }
    for entry in entries {
        write_pair(out, entry, version);
    }
}

fn write_pair(out: &mut Vec<u8>, (first, second): &(Reply, Reply), version: Version) {
    write_reply(out, first, version);
    write_reply(out, second, version);
}

/// Appends the line that announces a length.
fn write_header(out: &mut Vec<u8>, kind: u8, len: usize) {
    out.push(kind);
    write_u64(out, len as u64);
    end_line(out);
}

fn end_line(out: &mut Vec<u8>) {
    out.extend_from_slice(b"\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(reply: &Reply, version: Version) -> String {
        let mut out = Vec::new();
        write_reply(&mut out, reply, version);
        String::from_utf8_lossy(&out).replace("\r\n", " ")
    }

    /// Line ends are shown as spaces.
    #[track_caller]
    fn check(reply: Reply, resp2: &str, resp3: &str) {
        assert_eq!(written(&reply, Version::Resp2), resp2);
        assert_eq!(written(&reply, Version::Resp3), resp3);
    }

    #[test]
    fn every_kind_of_reply_has_its_form() {
        check(Reply::OK, "+OK ", "+OK ");
        check(Reply::bulk("bar"), "$3 bar ", "$3 bar ");
        check(Reply::bulk(""), "$0  ", "$0  ");
        check(Reply::Int(-42), ":-42 ", ":-42 ");
        check(Reply::Null, "$-1 ", "_ ");
        check(Reply::NullArray, "*-1 ", "_ ");
        check(Reply::Bool(true), ":1 ", "#t ");
        check(Reply::Bool(false), ":0 ", "#f ");
        check(Reply::Double(1.5), "$3 1.5 ", ",1.5 ");
        check(Reply::Double(3.0), "$1 3 ", ",3 ");
        check(Reply::Double(f64::NEG_INFINITY), "$4 -inf ", ",-inf ");
        check(
            Reply::Number("0.10000000000000001".into()),
            "$19 0.10000000000000001 ",
            ",0.10000000000000001 ",
        );
        check(Reply::BigNumber("-123".into()), "$4 -123 ", "(-123 ");
        check(Reply::Verbatim("some text".into()), "$9 some text ", "=13 txt:some text ");
        check(ReplyError::SYNTAX.into(), "-ERR syntax error ", "-ERR syntax error ");
    }

    #[test]
    fn collections_have_other_shapes_in_resp2() {
        let entries = || vec![(Reply::bulk("a"), Reply::Double(1.0)), (Reply::bulk("b"), Reply::Double(2.5))];
        check(Reply::Array(vec![Reply::Int(1), Reply::Array(vec![])]), "*2 :1 *0 ", "*2 :1 *0 ");
        check(Reply::Set(vec![Reply::Int(1)]), "*1 :1 ", "~1 :1 ");
        check(Reply::Map(entries()), "*4 $1 a $1 1 $1 b $3 2.5 ", "%2 $1 a ,1 $1 b ,2.5 ");
        check(Reply::Pairs(entries()), "*4 $1 a $1 1 $1 b $3 2.5 ", "*2 *2 $1 a ,1 *2 $1 b ,2.5 ");
        check(Reply::NestedMap(entries()), "*2 *2 $1 a $1 1 *2 $1 b $3 2.5 ", "%2 $1 a ,1 $1 b ,2.5 ");
    }

    #[test]
    fn a_push_is_an_array_in_resp2() {
        for (version, expected) in [(Version::Resp2, "*2\r\n"), (Version::Resp3, ">2\r\n")] {
            let mut out = Vec::new();
            write_push_header(&mut out, 2, version);
            assert_eq!(out, expected.as_bytes());
        }
    }

    #[test]
    fn a_line_break_cannot_end_a_line_early() {
        let mut out = Vec::new();
        write_reply(&mut out, &Reply::Status("a\r\n+b".into()), Version::Resp2);
        write_reply(&mut out, &ReplyError::new("ERR x\ny").into(), Version::Resp3);
        assert_eq!(out, b"+a  +b\r\n-ERR x y\r\n");
    }
}
