//! Requests as they come in, in pieces.

use bytes::{Buf, Bytes, BytesMut};
use memchr::memchr;

use super::inline;
use crate::number::parse_i64;
use crate::{ReplyError, Words};

/// Longest line, in bytes: an inline command, or an announced length.
const LINE_BYTES_MAX: usize = 64 * 1024;
/// Most words of a command before authentication.
const UNAUTHENTICATED_WORDS_MAX: usize = 10;
/// Longest word before authentication, in bytes.
const UNAUTHENTICATED_BULK_BYTES_MAX: usize = 16 * 1024;

/// Bounds on one command. What goes beyond is refused as soon as it is announced.
#[derive(Clone, Copy, Debug)]
pub struct RequestLimits {
    /// Most words, the name included.
    pub words_max: usize,
    /// Longest word, in bytes.
    pub bulk_bytes_max: usize,
    /// Most bytes of all words together.
    pub request_bytes_max: usize,
}

impl Default for RequestLimits {
    /// Redis's bounds: a million words, 512 MB.
    fn default() -> Self {
        Self { words_max: 1_048_576, bulk_bytes_max: 512 << 20, request_bytes_max: 512 << 20 }
    }
}

/// Takes commands off the front of a buffer that fills from a connection.
///
/// Between two calls of [`decode`](Self::decode) the buffer may only be appended to. No byte is looked at twice,
/// whatever the pieces it comes in, and nothing is reserved for what was announced and not sent.
pub struct Decoder {
    limits: RequestLimits,
    authenticated: bool,
    /// How much of the buffer is known not to end the current line.
    scanned: usize,
    /// Words still to come; 0 between commands.
    missing: usize,
    /// The length of the word that comes next, once announced.
    bulk_bytes: Option<usize>,
    /// Bytes of the current command's words, the announced one included.
    request_bytes: usize,
    words: Words,
}

impl Decoder {
    /// A decoder for a connection that has not authenticated: ten words, 16 KiB each.
    pub fn new(limits: RequestLimits) -> Self {
        let words = Words::new();
        Self {
            limits,
            authenticated: false,
            scanned: 0,
            missing: 0,
            bulk_bytes: None,
            request_bytes: 0,
            words,
        }
    }

    /// Says whether the connection has authenticated, from the next announced length on.
    pub fn set_authenticated(&mut self, authenticated: bool) {
        self.authenticated = authenticated;
    }

    /// What the words of a command take that has not arrived in full, in bytes.
    pub fn held_bytes(&self) -> usize {
        let announced = self.bulk_bytes.unwrap_or(0);
        self.request_bytes.saturating_sub(announced) + self.words.len() * size_of::<Bytes>()
    }

    /// Takes the next command off the front of `input`: an array of bulk strings, whose words are slices of the buffer,
    /// or a line. Empty ones are passed over. `None` if more bytes are needed.
    ///
    /// An error is to be told to the client; the connection must then be closed, since where the next command begins is
    /// not known.
    pub fn decode(&mut self, input: &mut BytesMut) -> Result<Option<Words>, ReplyError> {
        while self.missing == 0 {
            match input.first().copied() {
                None => return Ok(None),
                Some(b'*') if self.begin(input)? => {}
                Some(b'*') => return Ok(None),
                Some(_) => match self.inline(input)? {
                    Some(words) if words.is_empty() => {}
                    words => return Ok(words),
                },
            }
        }
        self.fill(input)
    }

    /// Reads `*<count>`; `false` if it is not all there.
    fn begin(&mut self, input: &mut BytesMut) -> Result<bool, ReplyError> {
        const TOO_LONG: ReplyError = ReplyError::fixed("ERR Protocol error: too big mbulk count string");
        let Some(count) = self.announced(input, TOO_LONG)? else { return Ok(false) };
        let count = count.ok_or(INVALID_COUNT)?.max(0);
        let count = usize::try_from(count).map_err(|_| INVALID_COUNT)?;
        if count > self.limits.words_max {
            return Err(INVALID_COUNT);
        }
        if !self.authenticated && count > UNAUTHENTICATED_WORDS_MAX {
            return Err(ReplyError::fixed("ERR Protocol error: unauthenticated multibulk length"));
        }
        self.missing = count;
        self.request_bytes = 0;
        Ok(true)
    }

    /// Reads a command that is a line; `None` if it is not all there.
    fn inline(&mut self, input: &mut BytesMut) -> Result<Option<Words>, ReplyError> {
        const TOO_LONG: ReplyError = ReplyError::fixed("ERR Protocol error: too big inline request");
        const UNBALANCED: ReplyError = ReplyError::fixed("ERR Protocol error: unbalanced quotes in request");
        let Some(len) = self.find(b'\n', input, TOO_LONG)? else { return Ok(None) };
        let line = input.split_to(len);
        input.advance(1);
        let line = line.strip_suffix(b"\r").unwrap_or(&line);
        inline::split(line).ok_or(UNBALANCED).map(Some)
    }

    /// Reads the words that are there; answers all of them once none is missing.
    fn fill(&mut self, input: &mut BytesMut) -> Result<Option<Words>, ReplyError> {
        while self.missing > 0 {
            let Some(len) = self.bulk_bytes(input)? else { return Ok(None) };
            // The two bytes after a word are its line end, which Redis does not look at either.
            if input.len() < len + 2 {
                return Ok(None);
            }
            self.words.push(take_word(input, len));
            self.bulk_bytes = None;
            self.missing -= 1;
        }
        self.request_bytes = 0;
        Ok(Some(std::mem::take(&mut self.words)))
    }

    /// The length of the next word, from its line `$<length>` if that is still to be read.
    fn bulk_bytes(&mut self, input: &mut BytesMut) -> Result<Option<usize>, ReplyError> {
        const TOO_LONG: ReplyError = ReplyError::fixed("ERR Protocol error: too big bulk count string");
        if self.bulk_bytes.is_some() {
            return Ok(self.bulk_bytes);
        }
        let first = input.first().copied();
        let Some(len) = self.announced(input, TOO_LONG)? else { return Ok(None) };
        expect_dollar(first)?;
        let len = self.check_bulk(len)?;
        self.request_bytes += len;
        self.bulk_bytes = Some(len);
        Ok(self.bulk_bytes)
    }

    fn check_bulk(&self, len: Option<i64>) -> Result<usize, ReplyError> {
        const INVALID: ReplyError = ReplyError::fixed("ERR Protocol error: invalid bulk length");
        let len = len.and_then(|len| usize::try_from(len).ok()).ok_or(INVALID)?;
        if len > self.limits.bulk_bytes_max {
            return Err(INVALID);
        }
        if !self.authenticated && len > UNAUTHENTICATED_BULK_BYTES_MAX {
            return Err(ReplyError::fixed("ERR Protocol error: unauthenticated bulk length"));
        }
        let total = self.request_bytes.saturating_add(len);
        if total > self.limits.request_bytes_max {
            return Err(ReplyError::request_too_large(self.limits.request_bytes_max, total));
        }
        Ok(len)
    }

    /// Takes a line of one letter and a number. The outer `None`: not all there; the inner: not a number.
    fn announced(
        &mut self,
        input: &mut BytesMut,
        too_long: ReplyError,
    ) -> Result<Option<Option<i64>>, ReplyError> {
        let Some(len) = self.find(b'\r', input, too_long)? else { return Ok(None) };
        if input.len() < len + 2 {
            self.scanned = len; // Found again at once when the line feed is there.
            return Ok(None);
        }
        let number = input.get(1..len).and_then(parse_i64);
        input.advance(len + 2);
        Ok(Some(number))
    }

    /// Where the current line ends: the place of `end`. Goes on from where the last call stopped.
    fn find(&mut self, end: u8, input: &[u8], too_long: ReplyError) -> Result<Option<usize>, ReplyError> {
        let found = memchr(end, &input[self.scanned..]).map(|at| self.scanned + at);
        if found.unwrap_or(input.len()) > LINE_BYTES_MAX {
            return Err(too_long);
        }
        self.scanned = if found.is_some() { 0 } else { input.len() };
        Ok(found)
    }
}

const INVALID_COUNT: ReplyError = ReplyError::fixed("ERR Protocol error: invalid multibulk length");

fn expect_dollar(first: Option<u8>) -> Result<(), ReplyError> {
    match first {
        Some(b'$') => Ok(()),
        other => {
            Err(ReplyError::new(format!("ERR Protocol error: expected '$', got '{}'", printable(other))))
        }
    }
}

/// The byte as a character; what is not ASCII cannot be told in an error's text.
fn printable(byte: Option<u8>) -> char {
    byte.filter(u8::is_ascii).map_or(char::REPLACEMENT_CHARACTER, char::from)
}

fn take_word(input: &mut BytesMut, len: usize) -> Bytes {
    let word = input.split_to(len).freeze();
    input.advance(2);
    word
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: RequestLimits =
        RequestLimits { words_max: 20, bulk_bytes_max: 40_000, request_bytes_max: 50_000 };

    /// All commands in `input`, and the error that ended it.
    fn decode_all(decoder: &mut Decoder, input: &mut BytesMut) -> (Vec<Words>, Option<ReplyError>) {
        let mut commands = Vec::new();
        loop {
            match decoder.decode(input) {
                Ok(Some(words)) => commands.push(words),
                Ok(None) => return (commands, None),
                Err(error) => return (commands, Some(error)),
            }
        }
    }

    fn authenticated() -> Decoder {
        let mut decoder = Decoder::new(LIMITS);
        decoder.set_authenticated(true);
        decoder
    }

    #[track_caller]
    fn check(input: &str, expected: &[&[&str]]) {
        let expected: Vec<Words> = expected.iter().map(|words| words.iter().copied().collect()).collect();
        let mut buffer = BytesMut::from(input);
        assert_eq!(decode_all(&mut authenticated(), &mut buffer), (expected, None), "{input:?}");
        assert!(buffer.is_empty(), "{input:?}");
    }

    #[track_caller]
    fn check_error(mut decoder: Decoder, input: impl AsRef<[u8]>, text: &str) {
        let (_, error) = decode_all(&mut decoder, &mut BytesMut::from(input.as_ref()));
        assert_eq!(error.as_ref().map(ReplyError::text), Some(text));
    }

    #[test]
    fn arrays_and_lines_are_commands() {
        check("*1\r\n$4\r\nPING\r\n", &[&["PING"]]);
        check("*2\r\n$3\r\nGET\r\n$0\r\n\r\n", &[&["GET", ""]]);
        check("*1\r\n$4\r\na\r\nb\r\nPING\r\nGET 'a b'\n", &[&["a\r\nb"], &["PING"], &["GET", "a b"]]);
    }

    #[test]
    fn empty_commands_are_passed_over() {
        check("*0\r\n*-1\r\n\r\n\n  \r\nPING\r\n", &[&["PING"]]);
        check("*-9\r\n", &[]);
    }

    #[test]
    fn words_are_slices_of_the_buffer() {
        let mut input = BytesMut::from("*2\r\n$3\r\nGET\r\n$3\r\nkey\r\n");
        let buffer = input.as_ptr_range();
        let words = authenticated().decode(&mut input).expect("valid").expect("whole");
        assert!(words.as_slice().iter().all(|word| buffer.contains(&word.as_ptr())));
    }

    #[test]
    fn protocol_errors_are_those_of_redis() {
        for (input, text) in [
            ("*x\r\n", "invalid multibulk length"),
            ("*\r\n", "invalid multibulk length"),
            ("*+1\r\n", "invalid multibulk length"),
            ("*21\r\n", "invalid multibulk length"),
            ("*99999999999999999999\r\n", "invalid multibulk length"),
            ("*1\r\n$x\r\n", "invalid bulk length"),
            ("*1\r\n$-1\r\n", "invalid bulk length"),
            ("*1\r\n$\r\n", "invalid bulk length"),
            ("*1\r\n$40001\r\n", "invalid bulk length"),
            ("*1\r\n:1\r\n", "expected '$', got ':'"),
            ("*1\r\nPING\r\n", "expected '$', got 'P'"),
            ("*1\r\n\r\n", "expected '$', got '\r'"),
            ("GET \"a\r\n", "unbalanced quotes in request"),
            ("GET 'a'b\r\n", "unbalanced quotes in request"),
        ] {
            check_error(authenticated(), input, &format!("ERR Protocol error: {text}"));
        }
        check_error(authenticated(), b"*1\r\n\xff\r\n", "ERR Protocol error: expected '$', got '\u{fffd}'");
    }

    #[test]
    fn endless_lines_are_refused() {
        for (start, text) in [
            ("", "too big inline request"),
            ("*", "too big mbulk count string"),
            ("*1\r\n$", "too big bulk count string"),
        ] {
            let input = format!("{start}{}", "1".repeat(LINE_BYTES_MAX + 1));
            check_error(authenticated(), &input, &format!("ERR Protocol error: {text}"));
            check_error(authenticated(), input + "\r\n", &format!("ERR Protocol error: {text}"));
        }
        let word = "x".repeat(LINE_BYTES_MAX - 1);
        check(&format!("{word}\r\n"), &[&[&word]]);
    }

    #[test]
    fn a_stranger_may_not_announce_much() {
        let stranger = || Decoder::new(LIMITS);
        check_error(stranger(), "*11\r\n", "ERR Protocol error: unauthenticated multibulk length");
        check_error(stranger(), "*1\r\n$16385\r\n", "ERR Protocol error: unauthenticated bulk length");
        for input in ["*10\r\n", "*1\r\n$16384\r\n"] {
            assert_eq!(stranger().decode(&mut BytesMut::from(input)), Ok(None));
        }
        let mut decoder = stranger();
        decoder.set_authenticated(true);
        assert_eq!(decoder.decode(&mut BytesMut::from("*11\r\n$16385\r\n")), Ok(None));
    }

    #[test]
    fn a_request_is_limited_as_a_whole() {
        let word = format!("$30000\r\n{}\r\n", "x".repeat(30_000));
        check_error(
            authenticated(),
            format!("*2\r\n{word}$20001\r\n"),
            "ERR max request size exceeded. Limit: 50000 bytes, Actual: 50001 bytes",
        );
        let (commands, error) =
            decode_all(&mut authenticated(), &mut format!("*1\r\n{word}").repeat(3).as_bytes().into());
        assert_eq!((commands.len(), error), (3, None));
    }

    /// The same bytes give the same commands, however they are cut.
    #[test]
    fn pieces_make_no_difference() {
        let whole = "*2\r\n$3\r\nGET\r\n$5\r\na\r\n\rb\r\nSET k \"v w\"\r\n*0\r\n*1\r\n$4\r\nPING\r\n";
        let (expected, _) = decode_all(&mut authenticated(), &mut BytesMut::from(whole));
        let (mut decoder, mut input, mut commands) = (authenticated(), BytesMut::new(), Vec::new());
        for byte in whole.bytes() {
            input.extend_from_slice(&[byte]);
            commands.append(&mut decode_all(&mut decoder, &mut input).0);
        }
        assert_eq!(commands, expected);
        assert_eq!(commands.len(), 3);
    }

    /// A length is a promise: what is reserved must follow what has come.
    #[test]
    fn nothing_is_reserved_for_promises() {
        let limits = RequestLimits::default();
        let mut decoder = Decoder::new(limits);
        decoder.set_authenticated(true);
        let mut input = BytesMut::from("*1048576\r\n$536870912\r\n");
        assert_eq!(decoder.decode(&mut input), Ok(None));
        assert!(input.capacity() < 1024);
        assert!(decoder.words.is_empty());
    }
}
