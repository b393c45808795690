//! Lua's patterns, matched within a budget.

use crate::meter::{Meter, Stopped};

/// No pattern has more captures.
pub(crate) const CAPTURES_MAX: usize = 32;

/// So deep may quantified items and captures nest while matching.
const DEPTH_MAX: usize = 200;

/// Why a match could not be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The pattern makes no sense.
    Malformed(&'static str),
    /// The budget is used up.
    Stopped,
}

impl From<Stopped> for Failure {
    fn from(Stopped: Stopped) -> Self {
        Self::Stopped
    }
}

/// What a pair of parentheses matched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Capture {
    /// It was opened and not closed yet.
    Open(usize),
    /// From where to where.
    Span(usize, usize),
    /// `()`: only where.
    Position(usize),
}

/// A match: from where to where, with its captures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Match {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) captures: Vec<Capture>,
}

/// Finds the first match at or after `from`. A `^` ties it to `from`.
pub(crate) fn find(
    meter: &Meter,
    source: &[u8],
    pattern: &[u8],
    from: usize,
) -> Result<Option<Match>, Failure> {
    let (anchored, pattern) = match pattern {
        [b'^', rest @ ..] => (true, rest),
        _ => (false, pattern),
    };
    find_unanchored(meter, source, pattern, from, anchored)
}

/// As [`find`], where `^` has no meaning of its own, as in `gmatch`. If `only_here`, it does not look further than at
/// `from`.
pub(crate) fn find_unanchored(
    meter: &Meter,
    source: &[u8],
    pattern: &[u8],
    from: usize,
    only_here: bool,
) -> Result<Option<Match>, Failure> {
    let mut matcher = Matcher { meter, source, pattern, captures: Vec::new(), depth: 0 };
    let last = if only_here { from } else { source.len() };
    for start in from..=last {
        matcher.captures.clear();
        if let Some(end) = matcher.matches(start, 0)? {
            return Ok(Some(Match { start, end, captures: matcher.captures }));
        }
    }
    Ok(None)
}

/// Whether the pattern has none of the characters that mean more than themselves.
pub(crate) fn is_plain(pattern: &[u8]) -> bool {
    !pattern.iter().any(|byte| b"^$*+?.([%-".contains(byte))
}

struct Matcher<'a> {
    meter: &'a Meter,
    source: &'a [u8],
    pattern: &'a [u8],
    captures: Vec<Capture>,
    depth: usize,
}

type Matched = Result<Option<usize>, Failure>;

impl Matcher<'_> {
    /// Where a match of the pattern from `p` on ends that begins at `s`.
    fn matches(&mut self, s: usize, p: usize) -> Matched {
        if self.depth == DEPTH_MAX {
            return Err(Failure::Malformed("pattern too complex"));
        }
        self.depth += 1;
        let matched = self.matches_items(s, p);
        self.depth -= 1;
        matched
    }

    fn matches_items(&mut self, mut s: usize, mut p: usize) -> Matched {
        loop {
            self.meter.charge(1)?;
            let Some(&item) = self.pattern.get(p) else { return Ok(Some(s)) };
            match (item, self.pattern.get(p + 1)) {
                (b'(', Some(b')')) => return self.within(Capture::Position(s), s, p + 2),
                (b'(', _) => return self.within(Capture::Open(s), s, p + 1),
                (b')', _) => return self.close(s, p + 1),
                (b'$', None) => return Ok((s == self.source.len()).then_some(s)),
                (b'%', Some(b'b')) => match self.balanced(s, p + 2)? {
                    Some(end) => (s, p) = (end, p + 4),
                    None => return Ok(None),
                },
                (b'%', Some(b'f')) => match self.frontier(s, p + 2)? {
                    Some(next) => p = next,
                    None => return Ok(None),
                },
                (b'%', Some(digit)) if digit.is_ascii_digit() => match self.repeated(s, *digit)? {
                    Some(end) => (s, p) = (end, p + 2),
                    None => return Ok(None),
                },
                _ => {
                    let next = self.class_end(p)?;
                    match self.pattern.get(next) {
                        Some(b'?') => {
                            if self.is_single(s, p, next)? {
                                let with = self.matches(s + 1, next + 1)?;
                                if with.is_some() {
                                    return Ok(with);
                                }
                            }
                            p = next + 1;
                        }
                        Some(b'*') => return self.longest(s, s, p, next),
                        Some(b'+') if self.is_single(s, p, next)? => {
                            return self.longest(s + 1, s + 1, p, next);
                        }
                        Some(b'-') => return self.shortest(s, p, next),
                        Some(b'+') => return Ok(None),
                        _ if self.is_single(s, p, next)? => (s, p) = (s + 1, next),
                        _ => return Ok(None),
                    }
                }
            }
        }
    }

    /// As many repetitions as there are, then fewer until the rest matches; not fewer than reach `least`.
    fn longest(&mut self, least: usize, s: usize, p: usize, next: usize) -> Matched {
        let mut end = s;
        while self.is_single(end, p, next)? {
            self.meter.charge(1)?;
            end += 1;
        }
        loop {
            let matched = self.matches(end, next + 1)?;
            if matched.is_some() || end == least {
                return Ok(matched);
            }
            end -= 1;
        }
    }

    /// As few repetitions as let the rest match.
    fn shortest(&mut self, mut s: usize, p: usize, next: usize) -> Matched {
        loop {
            let matched = self.matches(s, next + 1)?;
            if matched.is_some() || !self.is_single(s, p, next)? {
                return Ok(matched);
            }
            s += 1;
        }
    }

    /// Matches the rest with one more capture.
    fn within(&mut self, capture: Capture, s: usize, p: usize) -> Matched {
        if self.captures.len() == CAPTURES_MAX {
            return Err(Failure::Malformed("too many captures"));
        }
        self.captures.push(capture);
        let matched = self.matches(s, p)?;
        if matched.is_none() {
            self.captures.pop();
        }
        Ok(matched)
    }

    /// Closes the capture that was opened last, and matches the rest.
    fn close(&mut self, s: usize, p: usize) -> Matched {
        let open = self.captures.iter().rposition(|capture| matches!(capture, Capture::Open(_)));
        let Some(at) = open else { return Err(Failure::Malformed("invalid pattern capture")) };
        let before = self.captures[at];
        if let Capture::Open(start) = before {
            self.captures[at] = Capture::Span(start, s);
        }
        let matched = self.matches(s, p)?;
        if matched.is_none() {
            self.captures[at] = before;
        }
        Ok(matched)
    }

    /// `%1`: what a capture matched, once more.
    fn repeated(&self, s: usize, digit: u8) -> Matched {
        let capture = (digit as usize).checked_sub(b'1' as usize).and_then(|at| self.captures.get(at));
        let Some(&Capture::Span(start, end)) = capture else {
            return Err(Failure::Malformed("invalid capture index"));
        };
        self.meter.charge((end - start) / 8)?;
        let again = self.source[s..].starts_with(&self.source[start..end]);
        Ok(again.then_some(s + (end - start)))
    }

    /// `%b()`: from an opening to its closing byte.
    fn balanced(&self, s: usize, p: usize) -> Matched {
        let Some(&[open, close]) = self.pattern.get(p..p + 2).and_then(|pair| pair.first_chunk()) else {
            return Err(Failure::Malformed("unbalanced pattern"));
        };
        if self.source.get(s) != Some(&open) {
            return Ok(None);
        }
        let mut level = 1_usize;
        for (at, &byte) in self.source.iter().enumerate().skip(s + 1) {
            self.meter.charge(1)?;
            if byte == close {
                level -= 1;
                if level == 0 {
                    return Ok(Some(at + 1));
                }
            } else if byte == open {
                level += 1;
            }
        }
        Ok(None)
    }

    /// `%f[set]`: between a byte outside the set and one inside. Where the pattern goes on.
    fn frontier(&self, s: usize, p: usize) -> Matched {
        if self.pattern.get(p) != Some(&b'[') {
            return Err(Failure::Malformed("missing '[' after '%f' in pattern"));
        }
        let next = self.class_end(p)?;
        let before = if s == 0 { 0 } else { self.source[s - 1] };
        let after = self.source.get(s).copied().unwrap_or(0);
        let is_frontier = !self.is_in_set(before, p, next) && self.is_in_set(after, p, next);
        Ok(is_frontier.then_some(next))
    }

    /// Where the single-byte item at `p` ends.
    fn class_end(&self, p: usize) -> Result<usize, Failure> {
        match self.pattern[p] {
            b'%' if p + 1 < self.pattern.len() => Ok(p + 2),
            b'%' => Err(Failure::Malformed("malformed pattern (ends with '%')")),
            b'[' => self.set_end(p),
            _ => Ok(p + 1),
        }
    }

    fn set_end(&self, p: usize) -> Result<usize, Failure> {
        let mut at = p + 1;
        if self.pattern.get(at) == Some(&b'^') {
            at += 1;
        }
        // A `]` in the first place is one of the set.
        let mut first = true;
        loop {
            self.meter.charge(1)?;
            match self.pattern.get(at) {
                None => return Err(Failure::Malformed("malformed pattern (missing ']')")),
                Some(b']') if !first => return Ok(at + 1),
                Some(b'%') => at += 2,
                Some(_) => at += 1,
            }
            first = false;
        }
    }

    /// Whether the byte at `s` matches the item from `p` to `next`.
    fn is_single(&self, s: usize, p: usize, next: usize) -> Result<bool, Failure> {
        let Some(&byte) = self.source.get(s) else { return Ok(false) };
        Ok(match self.pattern[p] {
            b'.' => true,
            b'%' => is_of_class(byte, self.pattern[p + 1]),
            b'[' => {
                self.meter.charge(next - p)?;
                self.is_in_set(byte, p, next)
            }
            own => own == byte,
        })
    }

    /// Whether the set from `p` to `next`, brackets included, has the byte.
    fn is_in_set(&self, byte: u8, p: usize, next: usize) -> bool {
        let mut set = &self.pattern[p + 1..next - 1];
        let negated = set.first() == Some(&b'^');
        if negated {
            set = &set[1..];
        }
        let mut found = false;
        while !found && !set.is_empty() {
            (found, set) = match set {
                [b'%', class, rest @ ..] => (is_of_class(byte, *class), rest),
                [low, b'-', high, rest @ ..] => ((*low..=*high).contains(&byte), rest),
                [own, rest @ ..] => (*own == byte, rest),
                [] => (false, set),
            };
        }
        found != negated
    }
}

/// `%a`, `%d`, …; in upper case the opposite. Another byte stands for itself.
fn is_of_class(byte: u8, class: u8) -> bool {
    let is_in = match class.to_ascii_lowercase() {
        b'a' => byte.is_ascii_alphabetic(),
        b'c' => byte.is_ascii_control(),
        b'd' => byte.is_ascii_digit(),
        b'l' => byte.is_ascii_lowercase(),
        b'p' => byte.is_ascii_punctuation(),
        b's' => byte.is_ascii_whitespace() || byte == 0x0b,
        b'u' => byte.is_ascii_uppercase(),
        b'w' => byte.is_ascii_alphanumeric(),
        b'x' => byte.is_ascii_hexdigit(),
        b'z' => byte == 0,
        _ => return class == byte,
    };
    is_in != class.is_ascii_uppercase()
}
