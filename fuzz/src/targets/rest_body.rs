//! Bodies and paths of REST requests: JSON is what serde_json takes for JSON, and nothing is too strange for a path.

use bytes::Bytes;
use latchkey_protocol::rest::{
    BodyError, BodyLimits, JsonProblem, parse_batch, parse_command, parse_path, query_token, route,
};
use latchkey_protocol::{ReplyError, Words};
use serde_json::value::RawValue;

use crate::heap;

const LIMITS: BodyLimits = BodyLimits { words_max: 1000, commands_max: 100 };

/// A body, which is tried as a path too.
pub(crate) fn run(bytes: &[u8]) {
    let body = Bytes::copy_from_slice(bytes);
    // A word is a handle of 32 bytes, and has at least two of its own; serde_json's list is as long again.
    heap::within(64 * 1024 + 128 * bytes.len(), || {
        check_command(&body);
        check_batch(&body);
    });
    if let Ok(text) = std::str::from_utf8(bytes) {
        check_path(text);
    }
}

fn check_command(body: &Bytes) {
    let ours = parse_command(body, &LIMITS);
    if let Err(error) = &ours
        && is_about_limits(error)
    {
        return;
    }
    match (read_by_serde(body), ours) {
        (Some(Some(theirs)), Ok(ours)) => assert!(same(&theirs, &ours), "{ours:?}"),
        (Some(None), Err(BodyError::Argument(_))) => {}
        (None, Err(error)) => assert!(!matches!(error, BodyError::Argument(_)), "{error:?}"),
        (theirs, ours) => panic!("{theirs:?} for serde_json, but {ours:?}"),
    }
}

/// A batch is its commands: each alone gives the same.
fn check_batch(body: &Bytes) {
    let theirs: Option<Vec<&RawValue>> = serde_json::from_slice(body).ok();
    match (parse_batch(body, &LIMITS), theirs) {
        (Ok(ours), Some(theirs)) => {
            let alone = theirs.iter().map(|entry| {
                parse_command(&Bytes::copy_from_slice(entry.get().as_bytes()), &LIMITS)
                    .map_err(ReplyError::from)
            });
            assert_eq!(ours, alone.collect::<Vec<_>>());
        }
        (Ok(ours), None) => panic!("{ours:?} of what serde_json does not read"),
        (Err(_), _) => {}
    }
}

fn is_about_limits(error: &BodyError) -> bool {
    match error {
        BodyError::TooManyWords(_) | BodyError::TooManyCommands(_) => true,
        BodyError::Malformed(error) => error.problem == JsonProblem::Depth,
        _ => false,
    }
}

/// What serde_json makes of a body: `None` if it is no array, `Some(None)` if an element is no argument.
fn read_by_serde(body: &[u8]) -> Option<Option<Vec<Word>>> {
    let elements: Vec<&RawValue> = serde_json::from_slice(body).ok()?;
    Some(elements.into_iter().map(|element| word(element.get())).collect())
}

/// A word, or `None` for one that serde_json accepts as JSON but will not decode: half a surrogate pair.
type Word = Option<Bytes>;

fn word(element: &str) -> Option<Word> {
    match element.as_bytes().first() {
        Some(b'n' | b'[' | b'{') => None,
        Some(b'"') => Some(serde_json::from_str::<String>(element).ok().map(Bytes::from)),
        _ => Some(Some(Bytes::copy_from_slice(element.as_bytes()))),
    }
}

fn same(theirs: &[Word], ours: &Words) -> bool {
    let same = |(theirs, ours): (&Word, &Bytes)| theirs.as_ref().is_none_or(|theirs| theirs == ours);
    theirs.len() == ours.len() && theirs.iter().zip(ours.as_slice()).all(same)
}

/// Half an escape is the only thing that is refused.
fn check_path(text: &str) {
    let (path, query) = text.split_once('?').unwrap_or((text, ""));
    route(path);
    let read = parse_path(path, Some(query), Bytes::new());
    assert_eq!(read.is_ok(), has_whole_escapes(path) && has_whole_escapes(query));
    if let Ok(read) = read {
        assert!(read.words.bytes() <= text.len());
    }
    let _whether_there_is_one = query_token(query);
}

fn has_whole_escapes(text: &str) -> bool {
    let is_whole = |rest: &[u8]| rest.len() >= 2 && rest[..2].iter().all(u8::is_ascii_hexdigit);
    text.as_bytes().split(|&byte| byte == b'%').skip(1).all(is_whole)
}
