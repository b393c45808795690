//! RESP reads back as what was written, in whatever pieces it comes.

use bytes::{Bytes, BytesMut};
use latchkey_protocol::number::parse_double;
use latchkey_protocol::resp::{Decoder, RequestLimits, Version, write_reply};
use latchkey_protocol::{Reply, ReplyError, Words};
use proptest::prelude::*;

use crate::reply::reply;

proptest! {
    #[test]
    fn a_command_comes_back_from_any_pieces(
        commands in prop::collection::vec(prop::collection::vec(any::<Vec<u8>>(), 1..8), 0..6),
        cuts in prop::collection::vec(1_usize..40, 1..20),
    ) {
        let commands: Vec<Words> = commands.into_iter().map(|words| words.into_iter().map(Bytes::from).collect()).collect();
        let input: Vec<u8> = commands.iter().flat_map(encode).collect();
        prop_assert_eq!(decode(&input, &cuts), (commands, None));
    }

    #[test]
    fn a_quoted_line_is_its_words(words in prop::collection::vec(any::<Vec<u8>>(), 1..8), cuts in prop::collection::vec(1_usize..40, 1..20)) {
        let line: Vec<_> = words.iter().map(|word| quote(word)).collect();
        let input = line.join(" ") + "\r\n";
        let words: Words = words.into_iter().map(Bytes::from).collect();
        prop_assert_eq!(decode(input.as_bytes(), &cuts), (vec![words], None));
    }

    #[test]
    fn pieces_make_no_difference_to_scraps(
        scraps in prop::collection::vec(scrap(), 0..20), cuts in prop::collection::vec(1_usize..5, 1..20)
    ) {
        let input = scraps.concat();
        prop_assert_eq!(decode(&input, &cuts), decode(&input, &[usize::MAX]));
    }

    #[test]
    fn a_reply_reads_back(reply in reply()) {
        for version in [Version::Resp2, Version::Resp3] {
            let mut out = Vec::new();
            write_reply(&mut out, &reply, version);
            let mut rest = &out[..];
            let read = read(&mut rest);
            prop_assert_eq!(format!("{read:?}"), format!("{:?}", shaped(&reply, version)), "{:?}", version);
            prop_assert!(rest.is_empty());
        }
    }
}

fn encode(words: &Words) -> Vec<u8> {
    let mut out = Vec::new();
    let words = words.as_slice().iter().cloned().map(Reply::Bulk).collect();
    write_reply(&mut out, &Reply::Array(words), Version::Resp2);
    out
}

/// Feeds `input` in pieces of the lengths in `cuts`, over and over.
fn decode(input: &[u8], cuts: &[usize]) -> (Vec<Words>, Option<ReplyError>) {
    let mut decoder = Decoder::new(RequestLimits::default());
    let (mut buffer, mut commands, mut rest) = (BytesMut::new(), Vec::new(), input);
    for cut in cuts.iter().cycle() {
        let (piece, tail) = rest.split_at(rest.len().min(*cut));
        buffer.extend_from_slice(piece);
        rest = tail;
        loop {
            match decoder.decode(&mut buffer) {
                Ok(Some(words)) => commands.push(words),
                Ok(None) if rest.is_empty() => return (commands, None),
                Ok(None) => break,
                Err(error) => return (commands, Some(error)),
            }
        }
    }
    unreachable!("the pieces go round")
}

fn quote(word: &[u8]) -> String {
    let bytes: String = word.iter().map(|byte| format!("\\x{byte:02x}")).collect();
    format!("\"{bytes}\"")
}

fn scrap() -> impl Strategy<Value = Vec<u8>> {
    let scraps: [&[u8]; 20] = [
        b"*",
        b"$",
        b"\r",
        b"\n",
        b"\r\n",
        b"0",
        b"1",
        b"2",
        b"-",
        b"*2\r\n",
        b"$1\r\n",
        b"$3\r\nGET\r\n",
        b"\"",
        b"'",
        b"\\",
        b" ",
        b"a",
        b"\xff",
        b"*1\r\n",
        b"*0\r\n",
    ];
    prop::sample::select(scraps.map(<[u8]>::to_vec).to_vec())
}

/// The reply as a client of that version can know it.
fn shaped(reply: &Reply, version: Version) -> Reply {
    let three = version == Version::Resp3;
    let list = |items: &[Reply]| items.iter().map(|item| shaped(item, version)).collect::<Vec<_>>();
    let pairs = |pairs: &[(Reply, Reply)]| {
        pairs
            .iter()
            .map(|(first, second)| (shaped(first, version), shaped(second, version)))
            .collect::<Vec<_>>()
    };
    let flat = |entries: &[(Reply, Reply)]| {
        pairs(entries).into_iter().flat_map(|(first, second)| [first, second]).collect::<Vec<_>>()
    };
    match reply {
        Reply::Status(text) => Reply::Status(one_line(text).into()),
        Reply::Error(error) => ReplyError::new(one_line(error.text())).into(),
        Reply::NullArray if three => Reply::Null,
        Reply::Array(items) => Reply::Array(list(items)),
        Reply::Set(items) if three => Reply::Set(list(items)),
        Reply::Set(items) => Reply::Array(list(items)),
        Reply::Map(entries) | Reply::NestedMap(entries) if three => Reply::Map(pairs(entries)),
        Reply::Pairs(entries) if !three => Reply::Array(flat(entries)),
        Reply::Pairs(entries) | Reply::NestedMap(entries) => Reply::Array(
            pairs(entries).into_iter().map(|(first, second)| Reply::Array(vec![first, second])).collect(),
        ),
        Reply::Map(entries) => Reply::Array(flat(entries)),
        Reply::Double(value) if !three => Reply::bulk(latchkey_protocol::number::format_double(*value)),
        Reply::Number(digits) if three => Reply::Double(parse_double(digits).unwrap_or(f64::NAN)),
        Reply::Number(digits) => Reply::Bulk(digits.clone()),
        Reply::Bool(yes) if !three => Reply::flag(*yes),
        Reply::BigNumber(digits) if !three => Reply::Bulk(digits.clone()),
        Reply::Verbatim(text) if !three => Reply::Bulk(text.clone()),
        same => same.clone(),
    }
}

fn one_line(text: &str) -> String {
    text.replace(['\r', '\n'], " ")
}

/// A reader of replies, as a client has one.
fn read(rest: &mut &[u8]) -> Reply {
    let end = rest.windows(2).position(|pair| pair == b"\r\n").expect("a line ends");
    let line = String::from_utf8(rest[1..end].to_vec()).expect("a line is text");
    let kind = rest[0];
    *rest = &rest[end + 2..];
    let number = || line.parse::<i64>().expect("a number");
    match kind {
        b'+' => Reply::Status(line.into()),
        b'-' => ReplyError::new(line).into(),
        b':' => Reply::Int(number()),
        b'_' => Reply::Null,
        b'#' => Reply::Bool(line == "t"),
        b',' => Reply::Double(parse_double(line.as_bytes()).unwrap_or(f64::NAN)),
        b'(' => Reply::BigNumber(line.into()),
        b'$' if number() < 0 => Reply::Null,
        b'*' if number() < 0 => Reply::NullArray,
        b'$' => Reply::Bulk(take(rest, number())),
        b'=' => Reply::Verbatim(
            take(rest, number()).strip_prefix(b"txt:").map(Bytes::copy_from_slice).expect("a hint"),
        ),
        b'*' => Reply::Array((0..number()).map(|_| read(rest)).collect()),
        b'~' => Reply::Set((0..number()).map(|_| read(rest)).collect()),
        b'%' => Reply::Map((0..number()).map(|_| (read(rest), read(rest))).collect()),
        other => panic!("unknown kind {}", other.escape_ascii()),
    }
}

fn take(rest: &mut &[u8], len: i64) -> Bytes {
    let (bytes, tail) = rest.split_at(usize::try_from(len).expect("a length"));
    *rest = tail.strip_prefix(b"\r\n").expect("a string ends with its line");
    Bytes::copy_from_slice(bytes)
}
