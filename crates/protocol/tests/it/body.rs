//! Bodies are read as serde_json reads them.

use bytes::Bytes;
use latchkey_protocol::rest::{BodyError, BodyLimits, parse_batch, parse_command};
use latchkey_protocol::{ReplyError, Words};
use proptest::prelude::*;
use serde_json::value::RawValue;

proptest! {
    #[test]
    fn a_well_formed_body_is_read_as_serde_json_does(body in array()) {
        prop_assert!(read_by_serde(body.as_bytes()).is_some(), "{} is meant to be well-formed", body);
        check(body.into_bytes())?;
    }

    /// One byte changed, added or lost is where two readers of JSON may part.
    #[test]
    fn a_damaged_body_is_read_as_serde_json_does(
        body in array(), at: prop::sample::Index, lost in 0_usize..2, added in prop::collection::vec(byte(), 0..2)
    ) {
        let mut body = body.into_bytes();
        let at = at.index(body.len());
        body.splice(at..at + lost, added);
        check(body)?;
    }

    #[test]
    fn scraps_of_json_are_read_as_serde_json_does(scraps in prop::collection::vec(scrap(), 0..12)) {
        check(format!("[{}", scraps.concat()).into_bytes())?;
    }

    #[test]
    fn escaped_utf16_is_decoded_with_replacement(units in prop::collection::vec(unit(), 0..8)) {
        let escaped: String = units.iter().map(|unit| format!("\\u{unit:04x}")).collect();
        let words = parse_command(&Bytes::from(format!("[\"{escaped}\"]")), &BodyLimits::default());
        let decoded = String::from_utf16_lossy(&units);
        prop_assert_eq!(words, Ok(Words::from_iter([decoded.as_str()])));
    }

    #[test]
    fn a_batch_is_its_commands(commands in prop::collection::vec(array(), 0..5)) {
        let body = Bytes::from(format!("[{}]", commands.join(" ,\n")));
        let entries = parse_batch(&body, &BodyLimits::default()).expect("well-formed");
        let alone = commands.into_iter().map(|command| {
            parse_command(&Bytes::from(command), &BodyLimits::default()).map_err(ReplyError::from)
        });
        prop_assert_eq!(entries, alone.collect::<Vec<_>>());
    }

    #[test]
    fn no_bytes_are_too_strange(body: Vec<u8>) {
        check(body)?;
    }
}

fn check(body: Vec<u8>) -> Result<(), TestCaseError> {
    let text = String::from_utf8_lossy(&body).into_owned();
    let ours = parse_command(&Bytes::from(body.clone()), &BodyLimits::default());
    match (read_by_serde(&body), ours) {
        (Some(Some(theirs)), Ok(ours)) => prop_assert!(same(&theirs, &ours), "{}: {:?}", text, ours),
        (Some(None), Err(BodyError::Argument(_))) => {}
        (None, Err(BodyError::Argument(error))) => prop_assert!(false, "{}: {}", text, error),
        (None, Err(_)) => {}
        (theirs, ours) => prop_assert!(false, "{}: {:?} but {:?}", text, theirs, ours),
    }
    Ok(())
}

/// What serde_json makes of a body: `None` if it is no array, `Some(None)` if an element is no argument.
fn read_by_serde(body: &[u8]) -> Option<Option<Vec<Word>>> {
    let elements: Vec<&RawValue> = serde_json::from_slice(body).ok()?;
    Some(elements.into_iter().map(|element| word(element.get())).collect())
}

/// A word, or `None` for one that serde_json accepts as JSON but will not decode: half a surrogate pair.
type Word = Option<Bytes>;

fn word(element: &str) -> Option<Word> {
    match element.as_bytes()[0] {
        b'n' | b'[' | b'{' => None,
        b'"' => Some(serde_json::from_str::<String>(element).ok().map(Bytes::from)),
        _ => Some(Some(Bytes::copy_from_slice(element.as_bytes()))),
    }
}

fn same(theirs: &[Word], ours: &Words) -> bool {
    let same = |(theirs, ours): (&Word, &Bytes)| theirs.as_ref().is_none_or(|theirs| theirs == ours);
    theirs.len() == ours.len() && theirs.iter().zip(ours.as_slice()).all(same)
}

/// An array of values that are mostly arguments, as text.
fn array() -> impl Strategy<Value = String> {
    let value = prop_oneof![6 => scalar(), 1 => nested()];
    prop::collection::vec(spaced(value), 0..6).prop_map(|values| format!("[{}]", values.join(",")))
}

fn scalar() -> impl Strategy<Value = String> {
    let plain = "[a-zA-Z0-9 é€😀]{0,12}".prop_map(|text| format!("\"{text}\""));
    let escaped = "([a-z]|\\\\[\"\\\\/bfnrt]|\\\\u0[0-9a-fA-F]{3}|\\\\ud83d\\\\ude00){0,6}"
        .prop_map(|text| format!("\"{text}\""));
    let number = "-?(0|[1-9][0-9]{0,24})([.][0-9]{1,4})?([eE][-+]?[0-9]{1,3})?";
    prop_oneof![4 => plain, 4 => escaped, 4 => number, 1 => "true|false|null"]
}

fn nested() -> impl Strategy<Value = String> {
    scalar().prop_recursive(4, 16, 3, |value| {
        let value = spaced(value).boxed();
        let list =
            prop::collection::vec(value.clone(), 0..3).prop_map(|list| format!("[{}]", list.join(",")));
        let member = ("[a-z]?", value).prop_map(|(name, value)| format!(" \"{name}\" :{value}"));
        let members = prop::collection::vec(member, 0..3);
        prop_oneof![list, members.prop_map(|members| format!("{{{}}}", members.join(",")))]
    })
}

fn spaced(value: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    ("[ \n\r\t]{0,2}", value, "[ \n]{0,1}").prop_map(|(before, value, after)| before + &value + &after)
}

fn byte() -> impl Strategy<Value = u8> {
    prop_oneof![prop::sample::select(b"[]{},:\"\\ \n0123.-+eEtfnu\x00\x1f\x7f\x80\xff".to_vec()), any::<u8>()]
}

fn scrap() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "[", "]", "{", "}", ",", ":", "\"", "\\", "u00", "0", "1", "-", "+", ".", "e", "true", "null", " ",
        "\t", "\u{b}", "é", "\"a\"", "\"a\":", "1,", "[1]", "{}", "]",
    ])
}

fn unit() -> impl Strategy<Value = u16> {
    prop_oneof![any::<u16>(), 0xd800_u16..0xe000]
}
