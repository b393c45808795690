//! Commands as text with shorthands, so that changing a byte changes a word.

use bytes::Bytes;
use latchkey_commands::{Command, commands};
use latchkey_protocol::Words;
use latchkey_protocol::resp::split_line;

/// What a line says.
pub(crate) enum Line {
    Command(Words),
    /// Milliseconds pass.
    Wait(i64),
}

/// The most lines that are looked at.
const LINES_MAX: usize = 48;

/// The first byte of a word that stands for a command's name, of which the next byte gives the number.
const NAME: u8 = 0x80;
/// The same for a word out of [`OPTIONS`].
const OPTION: u8 = 0x81;

/// Reads lines as a connection does; `~ 1500` lets time pass.
pub(crate) fn lines(text: &[u8]) -> impl Iterator<Item = Line> {
    text.split(|&byte| byte == b'\n').take(LINES_MAX).filter_map(line)
}

fn line(text: &[u8]) -> Option<Line> {
    if let Some(ms) = text.strip_prefix(b"~ ") {
        return Some(Line::Wait(std::str::from_utf8(ms).ok()?.parse::<u32>().ok()?.into()));
    }
    let words = split_line(text).filter(|words| !words.is_empty())?;
    Some(Line::Command(words.as_slice().iter().flat_map(spelled_out).collect()))
}

fn spelled_out(word: &Bytes) -> Vec<Bytes> {
    match word[..] {
        [NAME, number, ..] => name(number, word.get(2).copied().unwrap_or(0)),
        [OPTION, number, ..] => {
            vec![Bytes::from_static(OPTIONS[usize::from(number) % OPTIONS.len()].as_bytes())]
        }
        _ => vec![word.clone()],
    }
}

/// The name of a command, and of one of its subcommands if it has any.
fn name(number: u8, subcommand: u8) -> Vec<Bytes> {
    let command = &commands()[usize::from(number) % commands().len()];
    let subcommands = command.subcommands();
    let chosen = (!subcommands.is_empty()).then(|| &subcommands[usize::from(subcommand) % subcommands.len()]);
    let text = |command: &Command| Bytes::from_static(command.spec.name.as_bytes());
    std::iter::once(command).chain(chosen).map(text).collect()
}

/// Words that mean something somewhere, and numbers at the borders of what fits.
const OPTIONS: [&str; 112] = [
    "0",
    "1",
    "-1",
    "2",
    "9223372036854775807",
    "-9223372036854775808",
    "9223372036854775808",
    "4294967296",
    "1.5",
    "-0",
    "inf",
    "-inf",
    "nan",
    "1e308",
    "(1",
    "[a",
    "-",
    "+",
    "*",
    "$",
    ">",
    "0-0",
    "0-1",
    "1-1",
    "5-*",
    "18446744073709551615-18446744073709551615",
    "1767323045678",
    "1767323045679",
    "NX",
    "XX",
    "GT",
    "LT",
    "CH",
    "INCR",
    "EX",
    "PX",
    "EXAT",
    "PXAT",
    "KEEPTTL",
    "GET",
    "PERSIST",
    "REPLACE",
    "ABSTTL",
    "IDLETIME",
    "FREQ",
    "LIMIT",
    "COUNT",
    "ANY",
    "ASC",
    "DESC",
    "ALPHA",
    "BY",
    "STORE",
    "STOREDIST",
    "WITHSCORES",
    "WITHCOORD",
    "WITHDIST",
    "WITHHASH",
    "WITHVALUES",
    "REV",
    "BYSCORE",
    "BYLEX",
    "WEIGHTS",
    "AGGREGATE",
    "SUM",
    "MIN",
    "MAX",
    "LEFT",
    "RIGHT",
    "BEFORE",
    "AFTER",
    "RANK",
    "MAXLEN",
    "MINID",
    "~",
    "=",
    "NOMKSTREAM",
    "GROUP",
    "STREAMS",
    "NOACK",
    "BLOCK",
    "MKSTREAM",
    "ENTRIESREAD",
    "IDLE",
    "TIME",
    "RETRYCOUNT",
    "FORCE",
    "JUSTID",
    "LASTID",
    "FIELDS",
    "FNX",
    "FXX",
    "KEEPREF",
    "DELREF",
    "ACKED",
    "IDS",
    "MATCH",
    "TYPE",
    "NOVALUES",
    "OVERFLOW",
    "WRAP",
    "SAT",
    "FAIL",
    "SET",
    "INCRBY",
    "u8",
    "i64",
    "#1",
    "AND",
    "XOR",
    "NOT",
    "FROMMEMBER",
];
