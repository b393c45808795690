//! The prompt: lines with history, completion and hints.

use std::fs::{DirBuilder, OpenOptions};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use latchkey_protocol::{Words, resp};
use rustyline::completion::Completer;
use rustyline::error::ReadlineError;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::history::FileHistory;
use rustyline::validate::Validator;
use rustyline::{CompletionType, Config, Context, Editor, Helper};

use crate::session::{Session, write};
use crate::{Error, grammar};

/// Most lines that are remembered.
const HISTORY_LINES_MAX: usize = 1000;

type Lines = Editor<Table, FileHistory>;

/// Reads lines until the end of input, `exit` or `quit`. What goes wrong with one does not end it.
pub(crate) fn run(session: &mut Session) -> Result<(), Error> {
    let config =
        Config::builder().max_history_size(HISTORY_LINES_MAX)?.completion_type(CompletionType::List).build();
    let mut lines = Lines::with_config(config)?;
    lines.set_helper(Some(Table));
    let history = history_file();
    if let Some(path) = &history {
        // Without what was typed earlier, too, a prompt is a prompt.
        drop(lines.load_history(path));
    }
    let prompt = session.prompt();
    loop {
        match lines.readline(&prompt) {
            Ok(line) => {
                remember(&mut lines, &line, history.as_deref());
                if !obey(session, &line)? {
                    return Ok(());
                }
            }
            Err(ReadlineError::Interrupted) => {}
            Err(ReadlineError::Eof) => return Ok(()),
            Err(error) => return Err(error.into()),
        }
    }
}

/// Does what a line says; `false` if that is to end.
fn obey(session: &mut Session, line: &str) -> Result<bool, Error> {
    let words = resp::split_line(line.as_bytes());
    let done = match &words {
        None => Err(Error::Quotes),
        Some(words) if words.is_empty() => Ok(()),
        Some(words) if ends(words) => return Ok(false),
        Some(words) if words.name().eq_ignore_ascii_case(b"help") => explain(words),
        Some(words) => session.run_until_interrupted(words),
    };
    match done {
        Err(error @ Error::Output(_)) => Err(error),
        Err(error) => write(format!("{error}\n").as_bytes()).map(|()| true),
        Ok(()) => Ok(true),
    }
}

fn ends(words: &Words) -> bool {
    words.len() == 1 && [&b"exit"[..], b"quit"].iter().any(|name| words.name().eq_ignore_ascii_case(name))
}

fn explain(words: &Words) -> Result<(), Error> {
    const GENERAL: &str = "\
help COMMAND explains a command, Tab completes names, Ctrl-C stops what does not end, exit or Ctrl-D leaves.\n";
    let name: Vec<String> =
        words.as_slice()[1..].iter().map(|word| String::from_utf8_lossy(word).into_owned()).collect();
    let text = match name.is_empty() {
        true => GENERAL.into(),
        false => grammar::help(&name).unwrap_or_else(|| "There is no such command.\n".into()),
    };
    write(text.as_bytes())
}

/// Keeps a line, unless it may hold a secret. The file is a convenience: if it cannot be written, the prompt goes on.
fn remember(lines: &mut Lines, line: &str, history: Option<&Path>) {
    if is_secret(line) || !lines.add_history_entry(line).unwrap_or(false) {
        return;
    }
    if let Some(path) = history {
        drop(lines.append_history(path));
    }
}

/// Whether a line must not be kept: one with credentials, or one that cannot be told.
fn is_secret(line: &str) -> bool {
    let Some(words) = resp::split_line(line.as_bytes()) else { return true };
    let is =
        |word: &[u8], names: &[&str]| names.iter().any(|name| word.eq_ignore_ascii_case(name.as_bytes()));
    let has_auth =
        || words.as_slice().iter().any(|word| is(word, &["AUTH", "AUTH2", "requirepass", "masterauth"]));
    match words.name() {
        name if is(name, &["AUTH", "ACL"]) => true,
        name if is(name, &["HELLO", "MIGRATE", "CONFIG"]) => has_auth(),
        _ => false,
    }
}

/// Where lines are kept between runs: made so that only its owner can read it. `None` if it cannot be.
fn history_file() -> Option<PathBuf> {
    let variable = |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let state = variable("XDG_STATE_HOME").or_else(|| Some(variable("HOME")?.join(".local/state")))?;
    let directory = state.join("latchkey");
    DirBuilder::new().recursive(true).mode(0o700).create(&directory).ok()?;
    let path = directory.join("history");
    OpenOptions::new().append(true).create(true).mode(0o600).open(&path).ok()?;
    Some(path)
}

/// Completes and hints from the command table.
struct Table;

impl Helper for Table {}
impl Highlighter for Table {}
impl Validator for Table {}

impl Completer for Table {
    type Candidate = String;

    fn complete(&self, line: &str, at: usize, _: &Context<'_>) -> rustyline::Result<(usize, Vec<String>)> {
        Ok(grammar::completions(&line[..at]))
    }
}

impl Hinter for Table {
    type Hint = Unusable;

    fn hint(&self, line: &str, at: usize, _: &Context<'_>) -> Option<Unusable> {
        if at < line.len() { None } else { grammar::hint(line).map(Unusable) }
    }
}

/// A hint that is only looked at: no key takes it into the line.
struct Unusable(String);

impl rustyline::hint::Hint for Unusable {
    fn display(&self) -> &str {
        &self.0
    }

    fn completion(&self) -> Option<&str> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_with_credentials_are_not_kept() {
        for line in [
            "auth hush",
            "  AUTH user hush",
            "HELLO 3 AUTH default hush",
            "ACL SETUSER a >hush",
            "\"AUTH\" hush",
            "AUTH 'hush",
            "config set requirepass hush",
        ] {
            assert!(is_secret(line), "{line}");
        }
        for line in ["SET auth open", "GET k", "HELLO 3", "config get save", ""] {
            assert!(!is_secret(line), "{line}");
        }
    }

    #[test]
    fn exit_and_quit_end() {
        assert!(ends(&"EXIT".split(' ').collect()) && ends(&"quit".split(' ').collect()));
        assert!(!ends(&"quit now".split(' ').collect()) && !ends(&"get exit".split(' ').collect()));
    }
}
