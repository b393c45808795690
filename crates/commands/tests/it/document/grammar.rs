//! Grammars, which stand in the heads of the commands' files.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use latchkey_commands::{Arity, Command};

/// What a command's words are, by the words of its name.
pub(super) struct Grammars(BTreeMap<String, String>);

impl Grammars {
    /// Reads the heads of all files.
    pub(super) fn read() -> Self {
        let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let heads = files(&sources).into_iter().map(|file| head(&file));
        let mut grammars: BTreeMap<String, String> = BTreeMap::new();
        for (name, grammar) in heads.flat_map(|head| spans(&head)).filter_map(named) {
            let known = grammars.entry(name).or_default();
            // Other files may name the command alone.
            if grammar.len() > known.len() {
                *known = grammar;
            }
        }
        Self(grammars)
    }

    /// The command's, if a head states it with its arguments.
    pub(super) fn of(&self, command: &Command) -> Option<&str> {
        let name = super::name(command);
        let grammar = self.0.get(&name)?;
        let rest = &grammar[name.len()..];
        let complete = if rest.is_empty() {
            command.spec.arity == Arity::Exactly(name.split(' ').count())
        } else {
            // Several subcommands in one: `XGROUP CREATE | …`.
            !rest.starts_with(" |")
        };
        complete.then_some(grammar)
    }
}

/// How many words a grammar stands for.
pub(super) fn arity(grammar: &str) -> Arity {
    let spaced = ["[", "]", "(", ")"]
        .iter()
        .fold(grammar.to_owned(), |text, &sign| text.replace(sign, &format!(" {sign} ")));
    let (least, most) = words(&mut spaced.split_whitespace(), false);
    let is_open = least < most || grammar.contains(['[', '…']);
    if is_open { Arity::AtLeast(least) } else { Arity::Exactly(least) }
}

/// The least and the greatest number of words up to the end of a group, without what is in brackets or stands for `…`.
/// Between parentheses `|` divides sequences, elsewhere words.
fn words<'a>(tokens: &mut impl Iterator<Item = &'a str>, in_group: bool) -> (usize, usize) {
    let (mut least, mut most, mut sequence) = (usize::MAX, 0, (0, 0));
    while let Some(token) = tokens.next() {
        match token {
            "(" => {
                let inner = words(tokens, true);
                sequence = (sequence.0 + inner.0, sequence.1 + inner.1);
            }
            "[" => drop(words(tokens, true)),
            ")" | "]" => break,
            "|" if in_group => {
                (least, most) = (least.min(sequence.0), most.max(sequence.1));
                sequence = (0, 0);
            }
            "|" => sequence = (sequence.0 - 1, sequence.1 - 1),
            "…" => {}
            _ => sequence = (sequence.0 + 1, sequence.1 + 1),
        }
    }
    (least.min(sequence.0), most.max(sequence.1))
}

/// The Rust files in a folder and below, in order.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("the sources can be read");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    let below = |path: PathBuf| if path.is_dir() { files(&path) } else { vec![path] };
    paths.into_iter().flat_map(below).filter(|path| path.extension().is_some_and(|end| end == "rs")).collect()
}

/// The comment that a file begins with, in one line.
fn head(file: &Path) -> String {
    let source = fs::read_to_string(file).expect("the sources can be read");
    let lines = source.lines().map_while(|line| line.strip_prefix("//!"));
    lines.map(str::trim).collect::<Vec<_>>().join(" ")
}

/// What is in backticks.
pub(super) fn spans(text: &str) -> Vec<String> {
    text.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// A grammar with the name that it begins with: one word in capitals, or two if the second is a subcommand's.
fn named(span: String) -> Option<(String, String)> {
    let mut words = span.split(' ').take_while(|word| is_name(word));
    let first = words.next()?.to_owned();
    let container = latchkey_commands::find(&[Bytes::from(first.clone())].into_iter().collect())?;
    let subcommand = words.next().filter(|word| container.subcommand(word.as_bytes()).is_some());
    let name = subcommand.map_or_else(|| first.clone(), |word| format!("{first} {word}"));
    Some((name, span))
}

fn is_name(word: &str) -> bool {
    word.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || "._-".contains(c))
}
