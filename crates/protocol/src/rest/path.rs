//! Commands as a path: `/set/foo/bar?EX=100`.

use std::fmt;

use bytes::Bytes;

use crate::{ReplyError, Words};

/// What the first segment of a path asks for. The five special names are recognised in any case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    /// `/`: the body is a command.
    Root,
    /// `/pipeline`: the body is a batch.
    Pipeline,
    /// `/multi-exec`: the body is a transaction.
    MultiExec,
    /// `/subscribe/<channel>…`: an event stream.
    Subscribe,
    /// `/psubscribe/<pattern>…`: an event stream.
    PatternSubscribe,
    /// `/monitor`: an event stream.
    Monitor,
    /// Anything else: the path is a command.
    Command,
}

/// A path and its query, taken apart.
#[derive(Clone, PartialEq, Eq)]
pub struct PathRequest {
    /// The command's name and arguments: path segments, then the body if it is not empty, then the query.
    pub words: Words,
    /// The value of the query's `_token`, which is no argument. Of several, the first. As at Upstash, it wins over an
    /// `Authorization` header.
    pub token: Option<Bytes>,
}

impl fmt::Debug for PathRequest {
    /// Leaves the token out: what can be printed ends in a log one day.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PathRequest").field("words", &self.words).finish_non_exhaustive()
    }
}

/// Decides what a raw path (still percent-encoded, without query) asks for. Leading slashes count as one.
pub fn route(path: &str) -> Route {
    let first = path.trim_start_matches('/').split('/').next().unwrap_or("");
    let special = [
        ("", Route::Root),
        ("pipeline", Route::Pipeline),
        ("multi-exec", Route::MultiExec),
        ("subscribe", Route::Subscribe),
        ("psubscribe", Route::PatternSubscribe),
        ("monitor", Route::Monitor),
    ];
    let found = special.into_iter().find(|(name, _)| first.eq_ignore_ascii_case(name));
    found.map_or(Route::Command, |(_, route)| route)
}

/// Takes apart a raw path and query (still percent-encoded, the query without `?`).
///
/// - Leading slashes count as one and one trailing slash as none; another empty segment is an empty argument.
/// - Segments are split before they are decoded, so `%2F` is a slash within an argument. Decoded bytes need not be
///   UTF-8. In the query `+` is a space, in the path a plus sign.
/// - The body is appended as it is, unless it is empty.
/// - A query pair is two arguments; a flag without `=` is one; an empty pair is none.
///
/// A `%` without two hexadecimal digits is an error, for status 400. The number of words is bounded by the length of
/// the URI, which the caller limits.
pub fn parse_path(path: &str, query: Option<&str>, body: Bytes) -> Result<PathRequest, ReplyError> {
    let mut words = Words::new();
    for segment in segments(path) {
        words.push(decode(segment, Plus::Literal)?);
    }
    if !body.is_empty() {
        words.push(body);
    }
    let token = parse_query(query.unwrap_or(""), |word| words.push(word))?;
    Ok(PathRequest { words, token })
}

/// The `_token` of a raw query, for routes whose command is not in the path. See [`PathRequest::token`].
pub fn query_token(query: &str) -> Result<Option<Bytes>, ReplyError> {
    parse_query(query, |_| ())
}

fn segments(path: &str) -> impl Iterator<Item = &str> {
    let path = path.trim_start_matches('/');
    let path = path.strip_suffix('/').unwrap_or(path);
    path.split('/').filter(move |_| !path.is_empty())
}

/// Hands out the words of a query in order; answers its token.
fn parse_query(query: &str, mut word: impl FnMut(Bytes)) -> Result<Option<Bytes>, ReplyError> {
    let mut token = None;
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (key, value) = split_pair(pair);
        let key = decode(key, Plus::Space)?;
        let value = value.map(|value| decode(value, Plus::Space)).transpose()?;
        if key == "_token" {
            token = token.or(Some(value.unwrap_or_default()));
        } else {
            word(key);
            value.into_iter().for_each(&mut word);
        }
    }
    Ok(token)
}

fn split_pair(pair: &str) -> (&str, Option<&str>) {
    pair.split_once('=').map_or((pair, None), |(key, value)| (key, Some(value)))
}

/// What an unescaped `+` stands for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Plus {
    Literal,
    Space,
}

fn decode(text: &str, plus: Plus) -> Result<Bytes, ReplyError> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        out.push(match first {
            b'%' => escaped(&mut rest)?,
            b'+' if plus == Plus::Space => b' ',
            byte => *byte,
        });
    }
    Ok(out.into())
}

/// Takes the two digits after a `%`.
fn escaped(rest: &mut &[u8]) -> Result<u8, ReplyError> {
    let ([high, low], tail) = rest.split_first_chunk().ok_or(BAD_ESCAPE)?;
    *rest = tail;
    Ok(hex(*high)? << 4 | hex(*low)?)
}

fn hex(digit: u8) -> Result<u8, ReplyError> {
    char::from(digit).to_digit(16).map(|value| value as u8).ok_or(BAD_ESCAPE)
}

const BAD_ESCAPE: ReplyError =
    ReplyError::fixed("ERR invalid URL: a '%' must be followed by two hexadecimal digits");

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn parse(uri: &str, body: &'static str) -> Result<PathRequest, ReplyError> {
        let (path, query) = uri.split_once('?').map_or((uri, None), |(path, query)| (path, Some(query)));
        parse_path(path, query, Bytes::from_static(body.as_bytes()))
    }

    #[track_caller]
    fn check(uri: &str, body: &'static str, expected: &[&str]) {
        let words = parse(uri, body).map(|request| request.words);
        assert_eq!(words, Ok(expected.iter().copied().collect()), "{uri}");
    }

    #[track_caller]
    fn check_token(uri: &str, token: Option<&'static str>, words: &[&str]) {
        let request = parse(uri, "").expect("valid");
        assert_eq!(request.token, token.map(|token| Bytes::from_static(token.as_bytes())), "{uri}");
        assert_eq!(request.words, words.iter().copied().collect(), "{uri}");
        assert_eq!(query_token(uri.split_once('?').map_or("", |(_, query)| query)), Ok(request.token));
    }

    #[test]
    fn a_path_is_name_and_arguments() {
        check("/set/foo/bar", "", &["set", "foo", "bar"]);
        check("/info", "", &["info"]);
        check("/subscribe/a%20b/c", "", &["subscribe", "a b", "c"]);
        check("/", "", &[]);
        check("", "", &[]);
    }

    #[test]
    fn the_body_stands_between_path_and_query() {
        check("/CMD/a/b/c?X=1&Y=2", "V", &["CMD", "a", "b", "c", "V", "X", "1", "Y", "2"]);
        check("/set/foo", r#"["a"]"#, &["set", "foo", r#"["a"]"#]);
        check("/set/foo", "a%20b+c", &["set", "foo", "a%20b+c"]);
    }

    #[test]
    fn slashes_at_the_ends_are_no_arguments() {
        check("//set/foo", "", &["set", "foo"]);
        check("/set/foo/", "", &["set", "foo"]);
        check("/set/foo//", "", &["set", "foo", ""]);
        check("/set//bar", "", &["set", "", "bar"]);
        check("///", "", &[]);
    }

    #[test]
    fn segments_are_split_before_they_are_decoded() {
        check("/set/a%2Fb/c%3fd%26", "", &["set", "a/b", "c?d&"]);
        check("/set/a+b/%C3%A9", "", &["set", "a+b", "é"]);
        let words = parse("/set/k/%ff%00", "").expect("valid").words;
        assert_eq!(words.as_slice()[2], [0xff, 0x00][..]);
    }

    #[test]
    fn query_pairs_are_words_in_order() {
        check("/set/k/v?EX=100&NX", "", &["set", "k", "v", "EX", "100", "NX"]);
        check("/set/k?b=1&a=2&b=3", "", &["set", "k", "b", "1", "a", "2", "b", "3"]);
        check("/set/k?a+b=c%2Bd%3De&&=x&y=", "", &["set", "k", "a b", "c+d=e", "", "x", "y", ""]);
        check("/set/k?a=b=c", "", &["set", "k", "a", "b=c"]);
        check("/get/k?", "", &["get", "k"]);
    }

    #[test]
    fn the_token_is_no_argument() {
        check_token("/get/k?_token=secret", Some("secret"), &["get", "k"]);
        check_token("/set/k/v?EX=1&_token=a%2Bb&NX", Some("a+b"), &["set", "k", "v", "EX", "1", "NX"]);
        check_token("/get/k?_token=first&_token=second", Some("first"), &["get", "k"]);
        check_token("/get/k?%5ftoken=secret", Some("secret"), &["get", "k"]);
        check_token("/get/k?_token", Some(""), &["get", "k"]);
        check_token("/get/k?_TOKEN=x", None, &["get", "k", "_TOKEN", "x"]);
        check_token("/get/_token", None, &["get", "_token"]);
    }

    #[test]
    fn half_an_escape_is_refused() {
        for uri in
            ["/get/%", "/get/a%2", "/get/%zz", "/get/%+1", "/get/k?%=1", "/get/k?a=%f", "/get/k?_token=%x1"]
        {
            assert_eq!(parse(uri, ""), Err(BAD_ESCAPE), "{uri}");
        }
    }

    #[test]
    fn the_first_segment_decides_the_route() {
        for (path, expected) in [
            ("/", Route::Root),
            ("", Route::Root),
            ("//", Route::Root),
            ("/pipeline", Route::Pipeline),
            ("//pipeline", Route::Pipeline),
            ("/Pipeline/", Route::Pipeline),
            ("/multi-exec", Route::MultiExec),
            ("/MULTI-EXEC", Route::MultiExec),
            ("/subscribe/news", Route::Subscribe),
            ("/psubscribe/n*", Route::PatternSubscribe),
            ("/monitor", Route::Monitor),
            ("/get/pipeline", Route::Command),
            ("/pipelines", Route::Command),
            ("/publish/ch/msg", Route::Command),
        ] {
            assert_eq!(route(path), expected, "{path}");
        }
    }
}
