//! Reading a path.

use latchkey_keyspace::Str;
use latchkey_keyspace::value::json::{self, Node};
use latchkey_protocol::{ReplyError, number};

use super::filter::{Comparison, Filter, Operand, Pattern, Query};
use super::{Path, Segment, Selector, Slice, Steps};
use crate::Result;
use crate::call::printable;

/// No path is longer.
const BYTES_MAX: usize = 16 * 1024;
/// So deep may parentheses and `!` lie in each other.
const NESTING_MAX: usize = 32;
/// So deep may filters lie in each other.
const FILTERS_MAX: usize = 4;

impl Path {
    /// Reads a path of either dialect.
    pub(in crate::json) fn parse(word: &[u8]) -> Result<Self> {
        Self::parse_with(word, &Steps::default())
    }

    /// As [`parse`](Self::parse), for one of several paths of a command, which share what they may cost.
    pub(in crate::json) fn parse_with(word: &[u8], steps: &Steps) -> Result<Self> {
        if word.len() > BYTES_MAX {
            return Err(ReplyError::new(format!("ERR path is longer than {BYTES_MAX} bytes")).into());
        }
        let Ok(word) = str::from_utf8(word) else {
            return Err(ReplyError::fixed("ERR path is not valid UTF-8").into());
        };
        let is_legacy = !matches!(word.as_bytes(), [b'$'] | [b'$', b'.' | b'[', ..]);
        let text = match word.as_bytes() {
            _ if !is_legacy => word.to_owned(),
            b"." => "$".to_owned(),
            [b'.' | b'[', ..] => format!("${word}"),
            _ => format!("$.{word}"),
        };
        let mut reader = Reader { text: text.as_bytes(), at: 1, nesting: 0, filters: 0, steps };
        match reader.whole() {
            Ok(segments) => Ok(Self { is_legacy, segments, text, steps: steps.clone() }),
            Err(what) => {
                let at = reader.at;
                Err(ReplyError::new(format!(
                    "ERR invalid path '{}': {what} at byte {at}",
                    printable(text.as_bytes())
                ))
                .into())
            }
        }
    }
}

/// What was read, or what was wrong.
type Read<T> = std::result::Result<T, &'static str>;

struct Reader<'a> {
    /// UTF-8.
    text: &'a [u8],
    at: usize,
    nesting: usize,
    filters: usize,
    /// What compiling regular expressions is counted against.
    steps: &'a Steps,
}

impl Reader<'_> {
    fn whole(&mut self) -> Read<Vec<Segment>> {
        let segments = self.segments()?;
        if self.at < self.text.len() { Err("expected `.` or `[`") } else { Ok(segments) }
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn take(&mut self, token: &str) -> bool {
        let found = self.text[self.at..].starts_with(token.as_bytes());
        self.at += if found { token.len() } else { 0 };
        found
    }

    fn expect(&mut self, token: &str, what: &'static str) -> Read<()> {
        if self.take(token) { Ok(()) } else { Err(what) }
    }

    fn take_while(&mut self, wanted: fn(u8) -> bool) -> &[u8] {
        let start = self.at;
        while self.peek().is_some_and(wanted) {
            self.at += 1;
        }
        &self.text[start..self.at]
    }

    fn skip_spaces(&mut self) {
        self.take_while(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r'));
    }

    /// As many segments as follow each other.
    fn segments(&mut self) -> Read<Vec<Segment>> {
        let mut segments = Vec::new();
        loop {
            let descends = self.take("..");
            let has_point = descends || self.take(".");
            let selectors = match self.peek() {
                Some(b'[') => self.brackets()?,
                _ if has_point => vec![self.after_point()?],
                _ => return Ok(segments),
            };
            segments.push(Segment { descends, selectors });
        }
    }

    fn after_point(&mut self) -> Read<Selector> {
        if self.take("*") {
            return Ok(Selector::All);
        }
        match self.take_while(is_in_name) {
            [] => Err("expected a name"),
            name => Ok(Selector::Name(Str::from(name))),
        }
    }

    fn brackets(&mut self) -> Read<Vec<Selector>> {
        self.expect("[", "expected `[`")?;
        let mut selectors = Vec::new();
        loop {
            self.skip_spaces();
            selectors.push(self.selector()?);
            self.skip_spaces();
            if self.take("]") {
                return Ok(selectors);
            }
            self.expect(",", "expected `,` or `]`")?;
        }
    }

    fn selector(&mut self) -> Read<Selector> {
        match self.peek() {
            Some(b'*') => {
                self.at += 1;
                Ok(Selector::All)
            }
            Some(b'\'' | b'"') => Ok(Selector::Name(self.string()?)),
            Some(b'?') => {
                self.at += 1;
                self.filter().map(Selector::Filter)
            }
            _ => self.index_or_slice(),
        }
    }

    fn index_or_slice(&mut self) -> Read<Selector> {
        let start = self.index()?;
        self.skip_spaces();
        if !self.take(":") {
            return start.map(Selector::Index).ok_or("expected an index, a name, `*` or `?`");
        }
        self.skip_spaces();
        let end = self.index()?;
        self.skip_spaces();
        let mut step = None;
        if self.take(":") {
            self.skip_spaces();
            step = self.index()?;
        }
        Ok(Selector::Slice(Slice { start, end, step: step.unwrap_or(1) }))
    }

    fn index(&mut self) -> Read<Option<i64>> {
        match self.take_while(|byte| byte == b'-' || byte.is_ascii_digit()) {
            [] => Ok(None),
            digits => number::parse_i64(digits).map(Some).ok_or("expected an integer"),
        }
    }

    /// A string in single or double quotes, with JSON's escapes. It is rewritten as JSON, and read as such.
    fn string(&mut self) -> Read<Str> {
        let quote = self.text[self.at];
        self.at += 1;
        let mut text = vec![b'"'];
        loop {
            let byte = self.peek().ok_or("expected a closing quote")?;
            self.at += 1;
            match byte {
                _ if byte == quote => break,
                b'\\' if self.peek() == Some(b'\'') => {
                    text.push(b'\'');
                    self.at += 1;
                }
                b'\\' => {
                    text.push(b'\\');
                    text.push(self.peek().ok_or("expected a closing quote")?);
                    self.at += 1;
                }
                b'"' => text.extend(b"\\\""),
                _ => text.push(byte),
            }
        }
        text.push(b'"');
        match json::parse(&text) {
            Ok(Node::Text(text)) => Ok(text),
            _ => Err("expected a string without control characters and with valid escapes"),
        }
    }

    fn filter(&mut self) -> Read<Filter> {
        if self.filters == FILTERS_MAX {
            return Err("too many filters in each other");
        }
        self.filters += 1;
        let filter = self.any()?;
        self.filters -= 1;
        Ok(filter)
    }

    fn any(&mut self) -> Read<Filter> {
        let filters = self.list("||", Self::all)?;
        Ok(one_or(filters, Filter::Or))
    }

    fn all(&mut self) -> Read<Filter> {
        let filters = self.list("&&", Self::term)?;
        Ok(one_or(filters, Filter::And))
    }

    fn list(&mut self, operator: &str, item: fn(&mut Self) -> Read<Filter>) -> Read<Vec<Filter>> {
        let mut filters = vec![item(self)?];
        loop {
            self.skip_spaces();
            if !self.take(operator) {
                return Ok(filters);
            }
            filters.push(item(self)?);
        }
    }

    fn term(&mut self) -> Read<Filter> {
        if self.nesting == NESTING_MAX {
            return Err("too many parentheses in each other");
        }
        self.nesting += 1;
        self.skip_spaces();
        let filter = if self.take("(") {
            let filter = self.any()?;
            self.skip_spaces();
            self.expect(")", "expected `)`")?;
            filter
        } else if self.take("!") {
            Filter::Not(Box::new(self.term()?))
        } else {
            self.test()?
        };
        self.nesting -= 1;
        Ok(filter)
    }

    /// A comparison, or a path that has to lead somewhere.
    fn test(&mut self) -> Read<Filter> {
        let left = self.operand()?;
        self.skip_spaces();
        if self.take("=~") {
            return Ok(Filter::Matches(compared(left)?, self.pattern()?));
        }
        match (self.comparison(), left) {
            (Some(comparison), left) => {
                let left = compared(left)?;
                Ok(Filter::Compares(left, comparison, compared(self.operand()?)?))
            }
            (None, Operand::Query(query)) => Ok(Filter::Exists(query)),
            (None, Operand::Value(_)) => Err("expected a comparison"),
        }
    }

    fn comparison(&mut self) -> Option<Comparison> {
        const OPERATORS: [(&str, Comparison); 6] = [
            ("==", Comparison::Equal),
            ("!=", Comparison::Unequal),
            ("<=", Comparison::LessOrEqual),
            (">=", Comparison::GreaterOrEqual),
            ("<", Comparison::Less),
            (">", Comparison::Greater),
        ];
        OPERATORS.iter().find(|(operator, _)| self.take(operator)).map(|&(_, comparison)| comparison)
    }

    fn operand(&mut self) -> Read<Operand> {
        self.skip_spaces();
        match self.peek() {
            Some(start @ (b'@' | b'$')) => {
                self.at += 1;
                Ok(Operand::Query(Query { from_root: start == b'$', segments: self.segments()? }))
            }
            Some(b'\'' | b'"') => Ok(Operand::Value(Node::Text(self.string()?))),
            _ => {
                let word = self.take_while(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
                json::parse(word).map(Operand::Value).map_err(|_| "expected `@`, `$`, `(`, `!` or a value")
            }
        }
    }

    fn pattern(&mut self) -> Read<Pattern> {
        self.skip_spaces();
        if !matches!(self.peek(), Some(b'\'' | b'"')) {
            return Err("expected a regular expression in quotes");
        }
        const COMPILING_STEPS: usize = 4096;
        let text = self.string()?;
        self.steps.spend(COMPILING_STEPS).map_err(|_| "too many regular expressions")?;
        Pattern::parse(&text).ok_or("expected a regular expression of moderate size")
    }
}

/// What may be compared: not what may lead to several values.
fn compared(operand: Operand) -> Read<Operand> {
    match operand {
        Operand::Query(query) if !query.is_singular() => Err("only a path to one value can be compared"),
        operand => Ok(operand),
    }
}

fn one_or(mut filters: Vec<Filter>, several: fn(Vec<Filter>) -> Filter) -> Filter {
    if filters.len() > 1 {
        return several(filters);
    }
    filters.pop().expect("a list has an item")
}

/// What a name without quotes may consist of: anything but what means something in a path.
fn is_in_name(byte: u8) -> bool {
    byte > b' ' && byte != 0x7f && !b".[]()'\",*?!=<>&|~@\\".contains(&byte)
}
