//! Replies as they are on the wire.

use std::io::{self, BufRead};
use std::str::Lines;

use latchkey_commands::Samples;

/// A reply of the protocol, with the character that says what it is.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Wire {
    /// What is told in one line: a status, an error, a number.
    Line(char, Vec<u8>),
    /// A string behind its length, or none.
    Bulk(char, Option<Vec<u8>>),
    /// Replies behind their number, or none.
    List(char, Option<Vec<Wire>>),
}

impl Wire {
    pub(super) fn read(input: &mut dyn BufRead) -> io::Result<Self> {
        let mut line = Vec::new();
        input.read_until(b'\n', &mut line)?;
        let [kind, text @ .., b'\r', b'\n'] = &line[..] else {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "no line"));
        };
        let kind = char::from(*kind);
        let length = || std::str::from_utf8(text).ok().and_then(|text| text.parse::<i64>().ok());
        Ok(match kind {
            '$' | '=' | '!' => {
                let length = usize::try_from(length().expect("a length")).ok();
                Self::Bulk(kind, length.map(|length| read_bulk(input, length)).transpose()?)
            }
            '*' | '~' | '>' | '%' => {
                let each = if kind == '%' { 2 } else { 1 };
                let count = usize::try_from(length().expect("a length")).ok();
                let items = |count| (0..count * each).map(|_| Self::read(input)).collect();
                Self::List(kind, count.map(items).transpose()?)
            }
            _ => Self::Line(kind, text.to_vec()),
        })
    }

    pub(super) fn is_error(&self) -> bool {
        matches!(self, Self::Line('-', _))
    }

    /// The bytes of a string.
    pub(super) fn bytes(&self) -> &[u8] {
        match self {
            Self::Line(_, bytes) | Self::Bulk(_, Some(bytes)) => bytes,
            other => panic!("{other:?} is no string"),
        }
    }

    /// What is in a list; nothing in one that is absent.
    pub(super) fn items(&self) -> &[Wire] {
        match self {
            Self::List(_, Some(items)) => items,
            _ => &[],
        }
    }

    /// The number that it is.
    pub(super) fn int(&self) -> Option<i64> {
        match self {
            Self::Line(':', text) => std::str::from_utf8(text).ok()?.parse().ok(),
            _ => None,
        }
    }

    /// Puts another string where this one is.
    pub(super) fn replace(&mut self, old: &[u8], new: &[u8]) {
        match self {
            Self::Line(_, bytes) | Self::Bulk(_, Some(bytes)) if bytes == old => *bytes = new.to_vec(),
            Self::List(_, Some(items)) => items.iter_mut().for_each(|item| item.replace(old, new)),
            _ => {}
        }
    }

    /// The same with samples in their places, where lines of `redis-cli` have some and it is what they say.
    pub(super) fn settled(self, said: &mut Lines<'_>, samples: &mut Samples) -> Self {
        match self {
            Self::List(kind, Some(items)) if !items.is_empty() => {
                let items = items.into_iter().map(|item| item.settled(said, samples));
                Self::List(kind, Some(items.collect()))
            }
            other => {
                let said = said.next().filter(|line| line.contains('‹'));
                match said.and_then(|line| samples.settle(without_type(line), &other.text()?)) {
                    Some(settled) => other.with_text(settled),
                    None => other,
                }
            }
        }
    }

    /// What stands in a line of its own, as `redis-cli` prints it between its signs.
    fn text(&self) -> Option<String> {
        match self {
            Self::Line(_, text) => Some(String::from_utf8_lossy(text).into_owned()),
            // `txt:` comes first.
            Self::Bulk('=', Some(bytes)) => Some(bytes.get(4..)?.escape_ascii().to_string()),
            Self::Bulk(_, Some(bytes)) => Some(bytes.escape_ascii().to_string()),
            Self::Bulk(_, None) | Self::List(..) => None,
        }
    }

    fn with_text(self, text: String) -> Self {
        match self {
            Self::Line(kind, _) => Self::Line(kind, text.into()),
            Self::Bulk(kind, _) => Self::Bulk(kind, Some(text.into())),
            list => list,
        }
    }

    /// The same list in ascending order, in groups of so many that stay together; and so are lists in it.
    pub(super) fn sorted(self, together: usize) -> Self {
        match self {
            Self::List(kind, Some(items)) => {
                let items: Vec<Wire> = items.into_iter().map(|item| item.sorted(together)).collect();
                let mut groups: Vec<_> = items.chunks(together).map(<[Wire]>::to_vec).collect();
                groups.sort();
                Self::List(kind, Some(groups.concat()))
            }
            other => other,
        }
    }
}

/// A line of `redis-cli` without the numbers of its items and the sign of its type.
fn without_type(line: &str) -> &str {
    let mut rest = line;
    while let Some((number, item)) = rest.split_once(") ")
        && number.bytes().all(|byte| byte.is_ascii_digit())
    {
        rest = item;
    }
    let rest = rest.strip_prefix("(integer) ").or_else(|| rest.strip_prefix("(error) ")).unwrap_or(rest);
    rest.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(rest)
}

fn read_bulk(input: &mut dyn BufRead, length: usize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; length + 2];
    input.read_exact(&mut bytes)?;
    bytes.truncate(length);
    Ok(bytes)
}

/// As `redis-cli` would show it, by and large, in one line.
impl std::fmt::Debug for Wire {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Line(kind, text) => write!(f, "{kind}{}", text.escape_ascii()),
            Self::Bulk(_, None) | Self::List(_, None) => write!(f, "(nil)"),
            Self::Bulk(_, Some(bytes)) => write!(f, "\"{}\"", bytes.escape_ascii()),
            Self::List(kind, Some(items)) => {
                write!(f, "{kind}")?;
                f.debug_list().entries(items).finish()
            }
        }
    }
}
