//! What MONITOR shows.

use latchkey_commands::{Call, Category};
use latchkey_keyspace::Now;

use crate::Database;

/// Who has a command run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// Somebody at a door.
    Client,
    /// A script.
    Script,
}

/// Shown of whoever comes by a door where an address says nothing of who it is: that of a request over REST is mostly a
/// proxy's.
const NO_ADDRESS: &str = "0.0.0.0:0";

impl Database {
    /// Shows a command to those who monitor. One for administrators is not shown, as in Redis: it may hold a secret.
    pub(crate) fn tell_monitors(&self, call: &Call, source: Source, now: Now) {
        if self.hub().has_monitors() && !call.command().categories().has(Category::Admin) {
            self.hub().tell_monitors(line(call, source, now).into());
        }
    }
}

/// `1767323045.678000 [0 127.0.0.1:60866] "SET" "key" "value"`
fn line(call: &Call, source: Source, now: Now) -> Vec<u8> {
    let from = match (source, call.origin()) {
        (Source::Script, _) => "lua".to_owned(),
        (Source::Client, Some(address)) => address.to_string(),
        (Source::Client, None) => NO_ADDRESS.to_owned(),
    };
    let (seconds, us) = (now.seconds(), now.us().rem_euclid(1_000_000));
    let mut line = format!("{seconds}.{us:06} [0 {from}]").into_bytes();
    for word in call.words().as_slice() {
        line.push(b' ');
        quote(&mut line, word);
    }
    line
}

/// As Redis quotes: what cannot be printed is escaped, so a line stays one.
fn quote(line: &mut Vec<u8>, word: &[u8]) {
    line.push(b'"');
    for &byte in word {
        match byte {
            b'"' | b'\\' => line.extend([b'\\', byte]),
            b'\n' => line.extend(b"\\n"),
            b'\r' => line.extend(b"\\r"),
            b'\t' => line.extend(b"\\t"),
            0x07 => line.extend(b"\\a"),
            0x08 => line.extend(b"\\b"),
            b' '..=b'~' => line.push(byte),
            _ => line.extend(format!("\\x{byte:02x}").into_bytes()),
        }
    }
    line.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_where_a_command_comes_from() {
        let call = Call::resolve(["GET", "a \"b\"\r\n\u{7f}"].into_iter().collect()).expect("a command");
        let line = |call: &Call, source| {
            String::from_utf8(line(call, source, Now::from_us(1_500_000_042))).expect("text")
        };
        let words = r#""GET" "a \"b\"\r\n\x7f""#;
        assert_eq!(line(&call, Source::Client), format!("1500.000042 [0 0.0.0.0:0] {words}"));
        let call = call.sent_from(Some(([127, 0, 0, 1], 60866).into()));
        assert_eq!(line(&call, Source::Client), format!("1500.000042 [0 127.0.0.1:60866] {words}"));
        assert_eq!(line(&call, Source::Script), format!("1500.000042 [0 lua] {words}"));
    }
}
