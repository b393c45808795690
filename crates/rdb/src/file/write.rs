//! Writing a file.

use std::io::{self, Write};

use latchkey_keyspace::{Entry, Value, View};

use super::MAGIC;
use crate::{VERSION_PLAIN, crc64, kind, output, value};

/// What becomes of JSON documents in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JsonAs {
    /// Values of RedisJSON. A Redis without that module does not load such a file at all.
    Module,
    /// Strings that hold the text.
    Text,
}

/// Writes all keys of a keyspace that have not expired, and the sources of function libraries, as a file of one database,
/// 0. One value at a time is held in memory besides what is there already.
pub fn write<'l>(
    out: &mut dyn Write,
    view: View<'_>,
    libraries: impl IntoIterator<Item = &'l [u8]>,
    json: JsonAs,
) -> io::Result<()> {
    let mut out = Summed { out, sum: 0 };
    let mut head = MAGIC.to_vec();
    head.extend(format!("{:04}", version_of(view)).bytes());
    for library in libraries {
        head.push(kind::LIBRARY);
        output::string(&mut head, library);
    }
    head.extend([kind::DATABASE, 0, kind::SIZES]);
    output::length(&mut head, view.len() as u64);
    output::length(&mut head, view.expiring() as u64);
    out.write(&head)?;
    let mut buffer = Vec::new();
    for (key, entry) in view.iter() {
        buffer.clear();
        write_entry(&mut buffer, key, entry, view, json);
        out.write(&buffer)?;
    }
    out.write(&[kind::END])?;
    let sum = out.sum;
    out.write(&sum.to_le_bytes())
}

/// The lowest version that knows all that is to be written.
fn version_of(view: View<'_>) -> u16 {
    let needed = |entry: &Entry| value::version_of(entry.value(), view.now());
    view.iter().map(|(_, entry)| needed(entry)).max().unwrap_or(VERSION_PLAIN)
}

fn write_entry(out: &mut Vec<u8>, key: &[u8], entry: &Entry, view: View<'_>, json: JsonAs) {
    if let Some(at_ms) = entry.expires_at_ms() {
        out.push(kind::DEADLINE_MS);
        out.extend(at_ms.to_le_bytes());
    }
    match (entry.value(), json) {
        (Value::Json(document), JsonAs::Text) => {
            out.push(kind::TEXT);
            output::string(out, key);
            let mut text = Vec::new();
            document.root().print(&mut text);
            output::string(out, &text);
        }
        (value, _) => {
            out.push(value::kind_of(value, view.now()));
            output::string(out, key);
            value::write(out, value, view.now());
        }
    }
}

/// Sums up what it passes on.
struct Summed<'a> {
    out: &'a mut dyn Write,
    sum: u64,
}

impl Summed<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.sum = crc64::update(self.sum, bytes);
        self.out.write_all(bytes)
    }
}
