//! Redis's glob patterns, as in KEYS, SCAN MATCH, PSUBSCRIBE and ACL rules.

use std::borrow::Cow;

/// Whether `text` matches `pattern` exactly as Redis would have it, byte by byte:
///
/// - `*` any bytes, `?` any one byte, `\x` the byte x, a last `\` itself;
/// - `[abc]` one of these, `[^abc]` none of these, `[a-z]` or `[z-a]` a range, `[\]]` an escaped byte. There is no
///   way to have an empty class match: `[]` matches nothing and `[^]` any byte. A class that is not closed ends with
///   the pattern.
///
/// `nocase` folds ASCII letters, except for escaped bytes in a class. Only the pattern `*` itself matches an empty
/// text; `**` does not.
///
/// At a mismatch only the last star takes one more byte: what an earlier one could reach, the last one can reach too.
/// So the cost is at most that of the pattern for every byte of the text, however many stars there are.
pub fn matches(pattern: &[u8], text: &[u8], nocase: bool) -> bool {
    if text.is_empty() {
        // Redis does not look at the pattern once the text is used up, but has its callers let `*` pass.
        return pattern.is_empty() || pattern == b"*";
    }
    let mut rest = pattern;
    let mut at = 0;
    let mut retry: Option<(&[u8], usize)> = None;
    loop {
        if rest == b"*" {
            return true;
        } else if let [b'*', after @ ..] = rest {
            rest = after;
            retry = Some((after, at));
        } else if at == text.len() && rest.is_empty() {
            return true;
        } else if let Some(after) = text.get(at).and_then(|&byte| match_one(rest, byte, nocase)) {
            rest = after;
            at += 1;
        } else {
            match retry {
                Some((after_star, from)) if from < text.len() => {
                    rest = after_star;
                    at = from + 1;
                    retry = Some((after_star, at));
                }
                _ => return false,
            }
        }
    }
}

/// The only text that a pattern matches, if it has no wildcard.
pub fn literal(pattern: &[u8]) -> Option<Cow<'_, [u8]>> {
    if !pattern.iter().any(|byte| b"*?[\\".contains(byte)) {
        return Some(Cow::Borrowed(pattern));
    }
    let mut text = Vec::with_capacity(pattern.len());
    let mut rest = pattern;
    loop {
        rest = match rest {
            [] => return Some(Cow::Owned(text)),
            [b'*' | b'?' | b'[', ..] => return None,
            [b'\\', byte, after @ ..] | [byte, after @ ..] => {
                text.push(*byte);
                after
            }
        };
    }
}

/// Matches one byte of text with the first element of a pattern, which is not a star. Returns the pattern's rest if
/// it matches.
fn match_one(pattern: &[u8], byte: u8, nocase: bool) -> Option<&[u8]> {
    match pattern {
        [] => None,
        [b'?', after @ ..] => Some(after),
        [b'[', b'^', class @ ..] => match_class(class, byte, nocase, false),
        [b'[', class @ ..] => match_class(class, byte, nocase, true),
        [b'\\', wanted, after @ ..] | [wanted, after @ ..] => equal(*wanted, byte, nocase).then_some(after),
    }
}

/// Matches one byte with what follows the opening of a class. `wanted` is whether the class has to hold the byte.
fn match_class(class: &[u8], byte: u8, nocase: bool, wanted: bool) -> Option<&[u8]> {
    let mut found = false;
    let mut rest = class;
    loop {
        rest = match rest {
            [] => return (found == wanted).then_some(rest),
            [b']', after @ ..] => return (found == wanted).then_some(after),
            [b'\\', escaped, after @ ..] => {
                found |= *escaped == byte; // Redis does not fold here
                after
            }
            [first, b'-', last, after @ ..] => {
                found |= in_range(*first, *last, byte, nocase);
                after
            }
            [one, after @ ..] => {
                found |= equal(*one, byte, nocase);
                after
            }
        };
    }
}

/// The ends are put in order before they are folded, as Redis does it: `[Z-a]` folded is empty.
fn in_range(first: u8, last: u8, byte: u8, nocase: bool) -> bool {
    let (low, high) = (first.min(last), first.max(last));
    if nocase {
        let range = low.to_ascii_lowercase()..=high.to_ascii_lowercase();
        return range.contains(&byte.to_ascii_lowercase());
    }
    (low..=high).contains(&byte)
}

fn equal(a: u8, b: u8, nocase: bool) -> bool {
    if nocase { a.eq_ignore_ascii_case(&b) } else { a == b }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pattern, text, whether it matches with case, and without.
    const CASES: &[(&str, &str, bool, bool)] = &[
        // plain
        ("", "", true, true),
        ("", "a", false, false),
        ("a", "", false, false),
        ("abc", "abc", true, true),
        ("abc", "aBc", false, true),
        ("abc", "abcd", false, false),
        ("abcd", "abc", false, false),
        // question marks
        ("?", "", false, false),
        ("h?llo", "hello", true, true),
        ("h?llo", "hllo", false, false),
        ("???", "ab", false, false),
        // stars
        ("*", "", true, true),
        ("**", "", false, false),
        ("*", "anything", true, true),
        ("***", "a", true, true),
        ("h*llo", "hllo", true, true),
        ("h*llo", "heeeello", true, true),
        ("a*", "a", true, true),
        ("a**", "a", true, true),
        ("*a", "ba", true, true),
        ("*a", "ab", false, false),
        ("*?", "a", true, true),
        ("a*?", "a", false, false),
        ("*ab*ab", "abab", true, true),
        ("*aab", "aaab", true, true),
        ("a*b*c", "axbxxbxc", true, true),
        ("a*b*c", "axcxb", false, false),
        // classes
        ("h[ae]llo", "hello", true, true),
        ("h[ae]llo", "hillo", false, false),
        ("h[AE]llo", "hello", false, true),
        ("h[^e]llo", "hallo", true, true),
        ("h[^e]llo", "hello", false, false),
        ("h[^E]llo", "hello", true, false),
        ("[a^]", "^", true, true),
        ("[a-c]", "b", true, true),
        ("[a-c]", "d", false, false),
        ("[c-a]", "b", true, true),
        ("[^a-c]", "d", true, true),
        ("[A-C]", "b", false, true),
        ("[Z-a]", "z", false, false),
        ("[Z-a]", "_", true, false),
        ("[a-cx-z]", "y", true, true),
        ("[]", "a", false, false),
        ("[]", "]", false, false),
        ("[]a]", "a]", false, false),
        ("[^]", "a", true, true),
        ("[^]a]", "xa]", true, true),
        ("[a]]", "a]", true, true),
        ("[*?]", "*", true, true),
        ("[*?]", "x", false, false),
        // classes: escapes, dashes at the edges
        (r"[\]]", "]", true, true),
        (r"[\^a]", "^", true, true),
        (r"[\A]", "a", false, false),
        (r"[\a-z]", "-", true, true),
        (r"[\a-z]", "b", false, false),
        (r"[a-\]", "b", false, false),
        (r"[a-\]", "]", true, true),
        (r"[a-\]", r"\", true, true),
        ("[-a]", "-", true, true),
        ("[a-]", "]", true, true),
        ("[a-]", "`", true, true),
        ("[a-]", "-", false, false),
        // classes that are not closed
        ("[", "[", false, false),
        ("[", "a", false, false),
        ("[^", "a", true, true),
        ("[abc", "b", true, true),
        ("[abc", "bc", false, false),
        ("[a-", "-", true, true),
        ("[a-", "a", true, true),
        (r"[\", r"\", true, true),
        (r"[a\", "a", true, true),
        ("x[^a*", "xb", true, true),
        // escapes
        (r"\*", "*", true, true),
        (r"\*", "a", false, false),
        (r"\?\[\\", r"?[\", true, true),
        (r"\a", "A", false, true),
        (r"a\", r"a\", true, true),
        (r"\", r"\", true, true),
        (r"\", "", false, false),
        (r"*\", r"x\", true, true),
    ];

    #[test]
    fn matches_as_redis_does() {
        for &(pattern, text, with_case, without_case) in CASES {
            let (pattern_bytes, text_bytes) = (pattern.as_bytes(), text.as_bytes());
            assert_eq!(matches(pattern_bytes, text_bytes, false), with_case, "{pattern:?} on {text:?}");
            assert_eq!(
                matches(pattern_bytes, text_bytes, true),
                without_case,
                "{pattern:?} on {text:?}, folded"
            );
        }
    }

    #[test]
    fn bytes_are_bytes() {
        assert!(matches(b"a?\xff", b"a\0\xff", false));
        assert!(!matches("?".as_bytes(), "é".as_bytes(), false));
        assert!(matches(b"[\x80-\xff]", b"\xc3", false));
        assert!(!matches(b"\xc9", b"\xe9", true));
    }

    /// Exponential backtracking would not end within this test's patience.
    #[test]
    fn many_stars_cost_no_more_than_one() {
        let pattern = [b"a*".repeat(1_000), b"b".to_vec()].concat();
        assert!(!matches(&pattern, &b"a".repeat(10_000), false));
        assert!(matches(&pattern, &[b"a".repeat(10_000), b"b".to_vec()].concat(), false));
    }

    #[test]
    fn a_literal_is_the_only_text_that_matches() {
        assert_eq!(literal(b"plain"), Some(Cow::Borrowed(&b"plain"[..])));
        assert_eq!(literal(b""), Some(Cow::Borrowed(&b""[..])));
        assert_eq!(literal(br"a\*\b\"), Some(Cow::Owned(br"a*b\".to_vec())));
        assert_eq!(literal(br"a\\*"), None);
        for pattern in [&b"a*"[..], b"?", b"[a]", b"x["] {
            assert_eq!(literal(pattern), None);
        }
    }
}
