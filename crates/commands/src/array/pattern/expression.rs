//! Regular expressions over bytes, in bounded time and memory.
//!
//! Redis takes POSIX's extended ones. The library's syntax has all of that but for what stands in brackets, which is
//! rewritten here. It is run by an automaton that is built as it is needed; where an expression needs so large a one that
//! it is thrown away again and again, the search ends with an error.

use latchkey_protocol::ReplyError;
use regex_automata::hybrid::dfa::{Cache, DFA};
use regex_automata::nfa::thompson::{Compiler, Config, WhichCaptures};
use regex_automata::{Anchored, Input, MatchKind};
use regex_syntax::ast::ErrorKind;
use regex_syntax::{Error, ParserBuilder};

use crate::Result;

/// How deep groups may nest.
const DEPTH_MAX: u32 = 64;
/// Of the expression as it is compiled.
const PROGRAM_BYTES_MAX: usize = 1 << 20;
/// Of the automaton, and how often it may be thrown away in one search of an array.
const AUTOMATON_BYTES_MAX: usize = 1 << 20;
const RESTARTS_MAX: usize = 8;

/// A regular expression that is found anywhere in a text.
pub(super) struct Expression {
    automaton: DFA,
    cache: Cache,
}

impl Expression {
    pub(super) fn new(text: &[u8], nocase: bool) -> Result<Self> {
        if text.is_empty() {
            return Err(ReplyError::fixed("ERR regular expression is empty").into());
        }
        let tree = ParserBuilder::new()
            .utf8(false)
            .unicode(false)
            .dot_matches_new_line(true)
            .case_insensitive(nocase)
            .nest_limit(DEPTH_MAX)
            .build()
            .parse(&rewritten(text)?)
            .map_err(|error| refusal(&error))?;
        let program = Config::new()
            .utf8(false)
            .which_captures(WhichCaptures::None)
            .nfa_size_limit(Some(PROGRAM_BYTES_MAX));
        let program = Compiler::new().configure(program).build_from_hir(&tree).map_err(|_| TOO_LARGE)?;
        let config = DFA::config()
            .match_kind(MatchKind::All)
            .cache_capacity(AUTOMATON_BYTES_MAX)
            .minimum_cache_clear_count(Some(RESTARTS_MAX));
        let automaton = DFA::builder().configure(config).build_from_nfa(program).map_err(|_| TOO_LARGE)?;
        let cache = automaton.create_cache();
        Ok(Self { automaton, cache })
    }

    /// Whether it is found in a text.
    pub(super) fn is_in(&mut self, text: &[u8]) -> Result<bool> {
        let input = Input::new(text).anchored(Anchored::No).earliest(true);
        let found = self.automaton.try_search_fwd(&mut self.cache, &input);
        Ok(found.map_err(|_| TOO_LARGE)?.is_some())
    }
}

const TOO_LARGE: ReplyError = ReplyError::fixed("ERR invalid regular expression: too complex");

fn invalid(why: impl std::fmt::Display) -> ReplyError {
    ReplyError::new(format!("ERR invalid regular expression: {why}"))
}

fn refusal(error: &Error) -> ReplyError {
    match error {
        Error::Parse(error) if matches!(error.kind(), ErrorKind::UnsupportedBackreference) => {
            ReplyError::fixed("ERR regular expression backreferences are not supported")
        }
        Error::Parse(error) => invalid(error.kind()),
        Error::Translate(error) => invalid(error.kind()),
        _ => invalid("cannot be read"),
    }
}

/// The expression in the library's syntax. In POSIX's brackets a backslash is itself, and so is `[`, unless a class such
/// as `[:alpha:]` begins with it. Bytes beyond ASCII are spelled, so that they need not be text.
fn rewritten(text: &[u8]) -> Result<String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        match byte {
            b'\\' => {
                out.push('\\');
                if let Some((&escaped, after)) = rest.split_first() {
                    push_escaped(&mut out, escaped);
                    rest = after;
                }
            }
            b'[' => rest = push_brackets(&mut out, rest)?,
            byte => push(&mut out, byte),
        }
    }
    Ok(out)
}

fn push_escaped(out: &mut String, byte: u8) {
    if byte.is_ascii() {
        out.push(char::from(byte));
    } else {
        // The backslash is there already.
        out.push_str(&format!("x{byte:02x}"));
    }
}

fn push(out: &mut String, byte: u8) {
    if byte.is_ascii() {
        out.push(char::from(byte));
    } else {
        out.push_str(&format!("\\x{byte:02x}"));
    }
}

/// Rewrites what stands in brackets, from behind the first one on. Returns what follows.
fn push_brackets<'t>(out: &mut String, text: &'t [u8]) -> Result<&'t [u8]> {
    out.push('[');
    let mut rest = text;
    if let Some(after) = rest.strip_prefix(b"^") {
        out.push('^');
        rest = after;
    }
    // The first one does not end them.
    if let Some(after) = rest.strip_prefix(b"]") {
        out.push_str("\\]");
        rest = after;
    }
    loop {
        match rest {
            [] => return Err(invalid("unclosed character class").into()),
            [b']', after @ ..] => {
                out.push(']');
                return Ok(after);
            }
            [b'[', b'.' | b'=', ..] => return Err(invalid("collating elements are not supported").into()),
            [b'[', b':', ..] => rest = push_class(out, rest)?,
            [byte @ (b'\\' | b'[' | b'&' | b'~'), after @ ..] => {
                out.extend(['\\', char::from(*byte)]);
                rest = after;
            }
            [byte, after @ ..] => {
                push(out, *byte);
                rest = after;
            }
        }
    }
}

/// Takes a class such as `[:alpha:]` over as it is.
fn push_class<'t>(out: &mut String, text: &'t [u8]) -> Result<&'t [u8]> {
    let end =
        text.windows(2).position(|pair| pair == b":]").ok_or_else(|| invalid("unclosed character class"))?;
    let (class, after) = text.split_at(end + 2);
    class.iter().for_each(|&byte| push(out, byte));
    Ok(after)
}
