//! Random replies.

use std::borrow::Cow;

use bytes::Bytes;
use latchkey_protocol::number::format_double;
use latchkey_protocol::{Reply, ReplyError};
use proptest::prelude::*;

/// A reply of any kind, nested a few levels.
pub(crate) fn reply() -> impl Strategy<Value = Reply> {
    leaf().prop_recursive(4, 32, 6, |inner| {
        let items = prop::collection::vec(inner.clone(), 0..6);
        let pairs = prop::collection::vec((inner.clone(), inner), 0..4);
        prop_oneof![
            items.clone().prop_map(Reply::Array),
            items.prop_map(Reply::Set),
            pairs.clone().prop_map(Reply::Pairs),
            pairs.clone().prop_map(Reply::NestedMap),
            pairs.prop_map(Reply::Map),
        ]
    })
}

fn leaf() -> impl Strategy<Value = Reply> {
    prop_oneof![
        text().prop_map(|text| Reply::Status(Cow::Owned(text))),
        bytes().prop_map(Reply::Bulk),
        any::<i64>().prop_map(Reply::Int),
        Just(Reply::OK),
        Just(Reply::Null),
        Just(Reply::NullArray),
        any::<f64>().prop_map(Reply::Double),
        any::<f64>().prop_map(|value| Reply::Number(Bytes::from(format_double(value)))),
        any::<bool>().prop_map(Reply::Bool),
        "-?[1-9][0-9]{0,40}".prop_map(|digits| Reply::BigNumber(digits.into())),
        bytes().prop_map(Reply::Verbatim),
        text().prop_map(|text| Reply::Error(ReplyError::new(format!("ERR {text}")))),
    ]
}

fn text() -> impl Strategy<Value = String> {
    "[a-zA-Z\"\\\\\r\n\t\u{1}é😀 ]{0,40}"
}

fn bytes() -> impl Strategy<Value = Bytes> {
    prop_oneof![text().prop_map(Bytes::from), any::<Vec<u8>>().prop_map(Bytes::from)]
}
