//! Patterns of keys and channels: one without wildcards matches the one text that it says.

use latchkey_keyspace::collections::glob::{literal, matches};

/// The pattern, a zero byte, the text.
pub(crate) fn run(bytes: &[u8]) {
    let at = bytes.iter().position(|&byte| byte == 0).unwrap_or(bytes.len());
    let (pattern, text) = (&bytes[..at], bytes.get(at + 1..).unwrap_or_default());
    let is_match = matches(pattern, text, false);
    // Without case a range may hold less: `[a-&]` has `Y`, and neither `y` nor what it is folded to.
    let _whatever_it_is = matches(pattern, text, true);
    if let Some(meant) = literal(pattern) {
        assert_eq!(is_match, *meant == *text);
    }
    if !text.is_empty() {
        let wider = [b"*", pattern].concat();
        assert!(!is_match || matches(&wider, text, false), "a star made it narrower");
    }
}
