//! What MONITOR shows.

use latchkey_commands::{Call, Category};
use latchkey_keyspace::Now;

use crate::Database;

/// Who has a command run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// Somebody at a door. Addresses are nobody else's business, so MONITOR shows none.
    Client,
    /// A script.
    Script,
}

impl Database {
    /// Shows a command to those who monitor. One for administrators is not shown, as in Redis: it may hold a secret.
    pub(crate) fn tell_monitors(&self, call: &Call, source: Source, now: Now) {
        if self.hub().has_monitors() && !call.command().categories().has(Category::Admin) {
            self.hub().tell_monitors(line(call, source, now).into());
        }
    }
}

/// `1767323045.678000 [0 0.0.0.0:0] "SET" "key" "value"`
fn line(call: &Call, source: Source, now: Now) -> Vec<u8> {
    let from = if source == Source::Script { "lua" } else { "0.0.0.0:0" };
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
