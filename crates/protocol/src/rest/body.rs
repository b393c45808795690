//! Commands as JSON: the bodies of `/`, `/pipeline` and `/multi-exec`.

use std::fmt;

use bytes::Bytes;

use super::json::{JsonError, Scanner, Value};
use crate::{ReplyError, Words};

/// Bounds on what one body may hold. They bound memory: the least word is 3 bytes of JSON, the least command 3 more.
#[derive(Clone, Copy, Debug)]
pub struct BodyLimits {
    /// Most words, all commands of the body together.
    pub words_max: usize,
    /// Most commands in a pipeline or transaction.
    pub commands_max: usize,
}

impl Default for BodyLimits {
    /// As many words as Redis takes in a command by default, and commands for a hundred full auto-pipelines.
    fn default() -> Self {
        Self { words_max: 1_048_576, commands_max: 100_000 }
    }
}

/// Why a whole body is refused. Its text is what the client is told; status 400.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BodyError {
    /// Nothing but white space.
    Empty,
    /// The body, or an entry of a batch, is JSON of another kind.
    NotAnArray,
    /// Not JSON.
    Malformed(JsonError),
    /// An argument that is null, an array or an object, in a body of one command.
    Argument(ReplyError),
    /// More than [`BodyLimits::words_max`], which is given.
    TooManyWords(usize),
    /// More than [`BodyLimits::commands_max`], which is given.
    TooManyCommands(usize),
}

impl fmt::Display for BodyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("EOF"),
            Self::NotAnArray => f.write_str("expected JSON array"),
            Self::Malformed(error) => write!(f, "ERR Failed to parse JSON: {error}"),
            Self::Argument(error) => error.fmt(f),
            Self::TooManyWords(limit) => write!(f, "ERR max argument count exceeded. Limit: {limit}"),
            Self::TooManyCommands(limit) => write!(f, "ERR max pipeline length exceeded. Limit: {limit}"),
        }
    }
}

impl std::error::Error for BodyError {}

impl From<JsonError> for BodyError {
    fn from(error: JsonError) -> Self {
        Self::Malformed(error)
    }
}

impl From<BodyError> for ReplyError {
    fn from(error: BodyError) -> Self {
        match error {
            BodyError::Argument(error) => error,
            other => Self::new(other.to_string()),
        }
    }
}

/// Reads the body of `/`: one command, such as `["SET","foo","bar","EX",100]`.
///
/// Words are slices of the body unless they had escapes. Numbers keep the text that the client wrote, and so do `true`
/// and `false`. `[]` is a command without words.
pub fn parse_command(body: &Bytes, limits: &BodyLimits) -> Result<Words, BodyError> {
    let mut parser = Parser::new(body, limits)?;
    let words = parser.command()?;
    parser.json.end()?;
    words.map_err(BodyError::Argument)
}

/// Reads the body of `/pipeline` and `/multi-exec`: commands as [`parse_command`] reads them, in an array.
///
/// An argument that is null, an array or an object spoils its own command only: the others are still to be run. An
/// entry that is not an array at all spoils the body, as malformed JSON does.
pub fn parse_batch(body: &Bytes, limits: &BodyLimits) -> Result<Vec<Result<Words, ReplyError>>, BodyError> {
    let mut parser = Parser::new(body, limits)?;
    let mut commands = Vec::new();
    let mut more = parser.open_array()?;
    while more {
        if commands.len() == limits.commands_max {
            return Err(BodyError::TooManyCommands(limits.commands_max));
        }
        commands.push(parser.command()?);
        more = parser.json.next_in_array()?;
    }
    parser.json.end()?;
    Ok(commands)
}

struct Parser<'a> {
    json: Scanner<'a>,
    words_max: usize,
    words_left: usize,
}

impl<'a> Parser<'a> {
    fn new(body: &'a Bytes, limits: &BodyLimits) -> Result<Self, BodyError> {
        let json = Scanner::new(body)?;
        if json.peek().is_none() {
            return Err(BodyError::Empty);
        }
        Ok(Self { json, words_max: limits.words_max, words_left: limits.words_max })
    }

    /// Reads one array of arguments to its end. The inner error is the first argument that is not one.
    fn command(&mut self) -> Result<Result<Words, ReplyError>, BodyError> {
        let mut words = Ok(Words::new());
        let mut more = self.open_array()?;
        while more {
            self.count_word()?;
            let word = argument(self.json.value()?);
            // After an error the rest is read only to find where the command ends.
            if let Ok(list) = &mut words {
                match word {
                    Ok(word) => list.push(word),
                    Err(error) => words = Err(error),
                }
            }
            more = self.json.next_in_array()?;
        }
        Ok(words)
    }

    /// Steps into an array; whether it has an element.
    fn open_array(&mut self) -> Result<bool, BodyError> {
        if !self.json.take(b'[') {
            return Err(self.not_an_array());
        }
        Ok(!self.json.take(b']'))
    }

    fn not_an_array(&self) -> BodyError {
        match self.json.peek() {
            Some(b'{' | b'"' | b'-' | b'0'..=b'9' | b't' | b'f' | b'n') => BodyError::NotAnArray,
            _ => self.json.unexpected().into(),
        }
    }

    fn count_word(&mut self) -> Result<(), BodyError> {
        self.words_left = self.words_left.checked_sub(1).ok_or(BodyError::TooManyWords(self.words_max))?;
        Ok(())
    }
}

fn argument(value: Value) -> Result<Bytes, ReplyError> {
    match value {
        Value::Text(bytes) | Value::Literal(bytes) => Ok(bytes),
        Value::Null => Err(ReplyError::fixed("ERR null args are not supported")),
        Value::Array => Err(ReplyError::fixed("ERR unsupported arg type: \"[\": json.Delim")),
        Value::Object => Err(ReplyError::fixed("ERR unsupported arg type: \"{\": json.Delim")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: BodyLimits = BodyLimits { words_max: 8, commands_max: 3 };

    fn command(body: &[u8]) -> Result<Words, BodyError> {
        parse_command(&Bytes::copy_from_slice(body), &LIMITS)
    }

    fn batch(body: &str) -> Result<Vec<Result<Words, ReplyError>>, BodyError> {
        parse_batch(&Bytes::copy_from_slice(body.as_bytes()), &LIMITS)
    }

    fn words(words: &[&str]) -> Words {
        words.iter().copied().collect()
    }

    #[track_caller]
    fn check(body: &str, expected: &[&str]) {
        assert_eq!(command(body.as_bytes()), Ok(words(expected)), "{body}");
    }

    #[track_caller]
    fn check_refused(body: impl AsRef<[u8]>, text: &str) {
        let error = command(body.as_ref()).expect_err("the body is refused");
        assert_eq!(error.to_string(), text);
        assert_eq!(ReplyError::from(error).text(), text);
    }

    #[test]
    fn strings_numbers_and_booleans_are_words() {
        check(r#"["SET","foo","bar","EX",100]"#, &["SET", "foo", "bar", "EX", "100"]);
        check(" [ \"a\" ,\n\"\"\t, true,false ]\r\n", &["a", "", "true", "false"]);
        check("[]", &[]);
        check(r#"[""]"#, &[""]);
    }

    #[test]
    fn numbers_stay_as_written() {
        check(
            "[1.0,1e21,-0,12345678901234567890123,1E5,1.10,-2.5e-3,0]",
            &["1.0", "1e21", "-0", "12345678901234567890123", "1E5", "1.10", "-2.5e-3", "0"],
        );
    }

    #[test]
    fn escapes_are_decoded() {
        check(r#"["\"\\\/\b\f\n\r\t"]"#, &["\"\\/\u{8}\u{c}\n\r\t"]);
        check(r#"["a\u00e9b\u20AC","\ud83d\ude00","é😀"]"#, &["aéb€", "😀", "é😀"]);
        check(r#"["\u0000"]"#, &["\0"]);
    }

    #[test]
    fn half_a_surrogate_pair_is_replaced() {
        check(r#"["\ud800","a\udc00b"]"#, &["\u{fffd}", "a\u{fffd}b"]);
        check(r#"["\ud800\u0041","\ud800\ud83d\ude00"]"#, &["\u{fffd}A", "\u{fffd}😀"]);
        check(r#"["\ud800\n"]"#, &["\u{fffd}\n"]);
    }

    #[test]
    fn words_without_escapes_are_slices_of_the_body() {
        let body = Bytes::from_static(br#"["SET","key",12,true,"\n"]"#);
        let words = parse_command(&body, &LIMITS).expect("valid");
        let inside = |word: &Bytes| body.as_ptr_range().contains(&word.as_ptr());
        let shared: Vec<_> = words.as_slice().iter().map(inside).collect();
        assert_eq!(shared, [true, true, true, true, false]);
    }

    #[test]
    fn what_is_no_argument_is_refused() {
        check_refused(r#"["SET","k",null]"#, "ERR null args are not supported");
        check_refused(r#"[["SET","k","v"]]"#, r#"ERR unsupported arg type: "[": json.Delim"#);
        check_refused(r#"["SET",{"a":[1,{}]}]"#, r#"ERR unsupported arg type: "{": json.Delim"#);
        check_refused(r#"[null,[]]"#, "ERR null args are not supported");
    }

    #[test]
    fn what_is_no_array_is_refused() {
        for body in ["", " \r\n\t"] {
            check_refused(body, "EOF");
        }
        for body in ["{}", r#""GET""#, "7", "-1", "true", "false", "null"] {
            check_refused(body, "expected JSON array");
        }
    }

    #[test]
    fn malformed_json_is_refused_by_place_and_without_content() {
        for (body, place) in [
            ("hello", "unexpected character at byte 0"),
            ("[", "unexpected end of input at byte 1"),
            (r#"["a""#, "unexpected end of input at byte 4"),
            (r#"["a"#, "unexpected end of input at byte 3"),
            (r#"["a\"#, "unexpected end of input at byte 4"),
            (r#"["\u00"#, "unexpected end of input at byte 6"),
            (r#"["a",]"#, "unexpected character at byte 5"),
            (r#"["a" "b"]"#, "unexpected character at byte 5"),
            ("[01]", "unexpected character at byte 2"),
            ("[+1]", "unexpected character at byte 1"),
            ("[1.]", "unexpected character at byte 3"),
            ("[.5]", "unexpected character at byte 1"),
            ("[1e]", "unexpected character at byte 3"),
            ("[-]", "unexpected character at byte 2"),
            ("[tru]", "unexpected character at byte 4"),
            ("[True]", "unexpected character at byte 1"),
            ("[NaN]", "unexpected character at byte 1"),
            ("['a']", "unexpected character at byte 1"),
            (r#"["\x"]"#, "invalid escape at byte 3"),
            (r#"["\u12g4"]"#, "invalid escape at byte 6"),
            (r#"["\ud800\u"]"#, "invalid escape at byte 10"),
            ("[\"a\nb\"]", "control character in a string at byte 3"),
            ("[\"a\"]x", "trailing characters at byte 5"),
            ("[\"a\"] []", "trailing characters at byte 6"),
            ("[[1,]]", "unexpected character at byte 4"),
            ("[[1 2]]", "unexpected character at byte 4"),
            ("[{1:2}]", "unexpected character at byte 2"),
            (r#"[{"a"}]"#, "unexpected character at byte 5"),
            (r#"[{"a":1,}]"#, "unexpected character at byte 8"),
            ("[{]", "unexpected character at byte 2"),
            ("[[}]", "unexpected character at byte 2"),
            ("\u{feff}[]", "unexpected character at byte 0"),
        ] {
            check_refused(body, &format!("ERR Failed to parse JSON: {place}"));
        }
        check_refused(b"[\"ab\xff\"]", "ERR Failed to parse JSON: invalid UTF-8 at byte 4");
    }

    #[test]
    fn limits_are_refused_one_by_one() {
        check("[1,2,3,4,5,6,7,8]", &["1", "2", "3", "4", "5", "6", "7", "8"]);
        check_refused("[1,2,3,4,5,6,7,8,9]", "ERR max argument count exceeded. Limit: 8");
        assert_eq!(batch("[[1,2,3,4],[5,6,7,8,9]]"), Err(BodyError::TooManyWords(8)));
        assert_eq!(batch("[[],[],[]]").map(|commands| commands.len()), Ok(3));
        assert_eq!(batch("[[],[],[],[]]"), Err(BodyError::TooManyCommands(3)));
    }

    /// Ten megabytes of brackets must not become ten megabytes of stack, nor of work per bracket.
    #[test]
    fn deep_nesting_is_refused_early() {
        for bracket in ["[", r#"{"a":"#] {
            let body = format!("[{}", bracket.repeat(10 << 20));
            let at = 1 + 128 * bracket.len();
            check_refused(body, &format!("ERR Failed to parse JSON: nested too deeply at byte {at}"));
        }
        let deepest = format!("[{}{}]", "[".repeat(128), "]".repeat(128));
        check_refused(deepest, r#"ERR unsupported arg type: "[": json.Delim"#);
    }

    #[test]
    fn a_batch_reports_bad_arguments_in_their_place() {
        let entries = batch(r#"[["SET","k",null,1],["GET",[{"a":"]"}],2] , ["PING"]]"#).expect("valid");
        assert_eq!(
            entries,
            [
                Err(ReplyError::fixed("ERR null args are not supported")),
                Err(ReplyError::fixed("ERR unsupported arg type: \"[\": json.Delim")),
                Ok(words(&["PING"])),
            ]
        );
    }

    #[test]
    fn a_batch_is_an_array_of_arrays() {
        assert_eq!(batch("[]"), Ok(vec![]));
        assert_eq!(batch(""), Err(BodyError::Empty));
        for body in ["{}", r#"["GET","k"]"#, "[[],1]", "[null]"] {
            assert_eq!(batch(body), Err(BodyError::NotAnArray), "{body}");
        }
        for body in ["[[]", "[[],]", "[[]]]", "[x]"] {
            assert!(matches!(batch(body), Err(BodyError::Malformed(_))), "{body}");
        }
    }
}
