//! Commands typed as a line, with quotes.

use bytes::Bytes;

use crate::Words;

/// Splits a line at white space as Redis does. A word may be quoted, wholly or in part: within `"…"` there are the
/// escapes `\n`, `\r`, `\t`, `\b`, `\a`, `\xHH`, and a backslash before anything else stands for that; within `'…'`
/// there is only `\'`. A closing quote ends its word. `None` if a quote is not closed, or a word goes on after one.
pub fn split(mut line: &[u8]) -> Option<Words> {
    let mut words = Words::new();
    loop {
        line = line.trim_ascii_start();
        // Redis's white space has the vertical tab, Rust's does not.
        if let [0x0b, rest @ ..] = line {
            line = rest;
        } else if line.is_empty() {
            return Some(words);
        } else {
            words.push(word(&mut line)?);
        }
    }
}

/// Takes the word at the front, which is not white space.
fn word(line: &mut &[u8]) -> Option<Bytes> {
    let mut word = Vec::new();
    while let [first, rest @ ..] = *line {
        match first {
            b' ' | b'\n' | b'\r' | b'\t' => break,
            b'"' | b'\'' => {
                *line = rest;
                quoted(line, *first, &mut word)?;
                break;
            }
            byte => {
                *line = rest;
                word.push(*byte);
            }
        }
    }
    Some(word.into())
}

/// Takes what follows an opening quote, to the closing one and the end of the word.
fn quoted(line: &mut &[u8], quote: u8, word: &mut Vec<u8>) -> Option<()> {
    loop {
        let [first, rest @ ..] = *line else { return None };
        *line = rest;
        match first {
            b'\\' => word.push(escaped(line, quote)?),
            byte if *byte == quote => return ends_word(rest).then_some(()),
            byte => word.push(*byte),
        }
    }
}

/// Takes what follows a backslash; answers the byte meant, which within single quotes is mostly the backslash itself.
fn escaped(line: &mut &[u8], quote: u8) -> Option<u8> {
    let (byte, taken) = match (quote, *line) {
        (b'\'', [b'\'', ..]) => (b'\'', 1),
        (b'\'', _) => (b'\\', 0),
        (_, [b'x', high, low, ..]) if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
            (hex(*high, *low), 3)
        }
        (_, [letter, ..]) => (control(*letter), 1),
        (_, []) => return None,
    };
    *line = &line[taken..];
    Some(byte)
}

fn control(letter: u8) -> u8 {
    match letter {
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'b' => 0x08,
        b'a' => 0x07,
        other => other,
    }
}

fn hex(high: u8, low: u8) -> u8 {
    let value = |digit: u8| char::from(digit).to_digit(16).expect("the caller has checked the digits") as u8;
    value(high) << 4 | value(low)
}

fn ends_word(rest: &[u8]) -> bool {
    rest.first().is_none_or(|byte| byte.is_ascii_whitespace() || *byte == 0x0b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &[u8], expected: &[&[u8]]) {
        let expected: Words = expected.iter().map(|word| Bytes::copy_from_slice(word)).collect();
        assert_eq!(split(line), Some(expected), "{}", line.escape_ascii());
    }

    #[test]
    fn words_are_split_at_white_space() {
        check(b"", &[]);
        check(b" \t\x0b\x0c ", &[]);
        check(b"PING", &[b"PING"]);
        check(b"  set  k\tv \r", &[b"set", b"k", b"v"]);
        check(b"a\x0bb \x0b\x0c c", &[b"a\x0bb", b"c"]);
        check(b"a\xffb", &[b"a\xffb"]);
    }

    #[test]
    fn double_quotes_know_escapes() {
        check(br#"set k "a b""#, &[b"set", b"k", b"a b"]);
        check(br#""""#, &[b""]);
        check(br#""\n\r\t\b\a\\\"\q""#, &[b"\n\r\t\x08\x07\\\"q"]);
        check(br#""\x00\xfFz\xg1\x1""#, &[b"\x00\xffzxg1x1"]);
        check(br#""it's""#, &[b"it's"]);
    }

    #[test]
    fn single_quotes_know_only_themselves() {
        check(br"'a b' ''", &[b"a b", b""]);
        check(br"'it\'s \n \\x'", &[br"it's \n \\x"]);
        check(br#"'"'"#, &[br#"""#]);
    }

    #[test]
    fn a_quote_may_open_within_a_word() {
        check(br#"a"b c" d"#, &[b"ab c", b"d"]);
    }

    #[test]
    fn unbalanced_quotes_are_refused() {
        for line in [
            r#"""#,
            "'",
            r#""a"#,
            "'a",
            r#"a"b"#,
            r#""a"b"#,
            "'a'b",
            r#""a""b""#,
            r#""\"#,
            r#""a\""#,
            r"'a\'",
        ] {
            assert_eq!(split(line.as_bytes()), None, "{line}");
        }
    }
}
