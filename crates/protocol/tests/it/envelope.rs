//! What is written is JSON of the shape that the clients can read.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use latchkey_protocol::Reply;
use latchkey_protocol::number::format_double;
use latchkey_protocol::rest::{Encoding, Envelope, Format, write_batch, write_result};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::reply::reply;

proptest! {
    #[test]
    fn json_says_what_the_reply_says(reply in reply()) {
        prop_assert_eq!(written(&reply, Encoding::Json), envelope(&reply, &lossy, &lossy));
    }

    #[test]
    fn base64_keeps_every_byte(reply in reply()) {
        let top: &Encode = if reply == Reply::OK { &lossy } else { &encoded };
        prop_assert_eq!(written(&reply, Encoding::Base64), envelope(&reply, top, &encoded));
    }

    #[test]
    fn a_batch_is_its_entries(replies in prop::collection::vec(reply(), 0..4)) {
        let mut out = Vec::new();
        write_batch(&mut out, &replies, format(Encoding::Base64));
        let entries: Vec<_> = replies.iter().map(|reply| written(reply, Encoding::Base64)).collect();
        prop_assert_eq!(parsed(&out), Value::from(entries));
    }

    #[test]
    fn a_limit_lets_through_what_fits(reply in reply(), body_bytes_max in 0_usize..400) {
        let (mut free, mut limited) = (Vec::new(), Vec::new());
        let shape = write_result(&mut free, &reply, format(Encoding::Json));
        let limited_shape = write_result(&mut limited, &reply, Format { encoding: Encoding::Json, body_bytes_max });
        let fits = free.len() <= body_bytes_max || shape == Envelope::Error;
        prop_assert_eq!(limited == free, fits);
        prop_assert_eq!(limited_shape == Envelope::Error, !fits || shape == Envelope::Error);
    }
}

type Encode = dyn Fn(&[u8]) -> Value;

fn format(encoding: Encoding) -> Format {
    Format { encoding, body_bytes_max: usize::MAX }
}

fn written(reply: &Reply, encoding: Encoding) -> Value {
    let mut out = Vec::new();
    write_result(&mut out, reply, format(encoding));
    parsed(&out)
}

fn parsed(text: &[u8]) -> Value {
    serde_json::from_slice(text).expect("what is written is JSON")
}

fn lossy(bytes: &[u8]) -> Value {
    String::from_utf8_lossy(bytes).into()
}

fn encoded(bytes: &[u8]) -> Value {
    STANDARD.encode(bytes).into()
}

fn envelope(reply: &Reply, top: &Encode, nested: &Encode) -> Value {
    match reply {
        Reply::Error(error) => json!({ "error": error.text() }),
        Reply::Array(_) | Reply::Set(_) | Reply::Pairs(_) | Reply::Map(_) | Reply::NestedMap(_) => {
            json!({ "result": value(reply, nested) })
        }
        scalar => json!({ "result": value(scalar, top) }),
    }
}

fn value(reply: &Reply, encode: &Encode) -> Value {
    match reply {
        Reply::Status(text) => encode(text.as_bytes()),
        Reply::Bulk(bytes) | Reply::Number(bytes) | Reply::BigNumber(bytes) | Reply::Verbatim(bytes) => {
            encode(bytes)
        }
        Reply::Error(error) => encode(error.text().as_bytes()),
        Reply::Double(double) => encode(format_double(*double).as_bytes()),
        Reply::Int(integer) => Value::from(*integer),
        Reply::Bool(yes) => Value::from(u8::from(*yes)),
        Reply::Null | Reply::NullArray => Value::Null,
        Reply::Array(items) | Reply::Set(items) => items.iter().map(|item| value(item, encode)).collect(),
        Reply::Pairs(pairs) | Reply::Map(pairs) => {
            pairs.iter().flat_map(|(first, second)| [value(first, encode), value(second, encode)]).collect()
        }
        Reply::NestedMap(pairs) => pairs
            .iter()
            .map(|(first, second)| Value::from(vec![value(first, encode), value(second, encode)]))
            .collect(),
    }
}
