//! Random commands from patterns.
//!
//! A pattern is a line of words: those that name a vocabulary stand for one of it, the others for themselves. `[ … ]` may be left
//! out, `( … | … )` is one of several, `{ … }` comes one to three times. After `!` nothing is spoiled.

use std::iter::Peekable;
use std::str::SplitWhitespace;

use fastrand::Rng;

use super::super::Line;
use super::words::word;

/// One command in so many has a word too many, too few, or another.
const SPOILED_ONE_IN: u32 = 25;

/// A random command of a pattern.
pub(super) fn command(pattern: &str, chance: &mut Rng) -> Line {
    let mut line = Line::new();
    let mut words = pattern.split_whitespace().peekable();
    let is_exempt = words.next_if_eq(&"!").is_some();
    expand(&sequence(&mut words), &mut line, chance);
    if !is_exempt && chance.u32(..SPOILED_ONE_IN) == 0 {
        spoil(&mut line, chance);
    }
    line
}

/// A pattern, or a part of one.
enum Part<'p> {
    Word(&'p str),
    Optional(Vec<Part<'p>>),
    Repeated(Vec<Part<'p>>),
    OneOf(Vec<Vec<Part<'p>>>),
}

type Words<'p> = Peekable<SplitWhitespace<'p>>;

fn sequence<'p>(words: &mut Words<'p>) -> Vec<Part<'p>> {
    let mut parts = Vec::new();
    while let Some(word) = words.next_if(|word| !["]", "}", ")", "|"].contains(word)) {
        parts.push(match word {
            "[" => Part::Optional(bracketed(words)),
            "{" => Part::Repeated(bracketed(words)),
            "(" => Part::OneOf(alternatives(words)),
            word => Part::Word(word),
        });
    }
    parts
}

fn bracketed<'p>(words: &mut Words<'p>) -> Vec<Part<'p>> {
    let parts = sequence(words);
    words.next().expect("brackets are closed");
    parts
}

fn alternatives<'p>(words: &mut Words<'p>) -> Vec<Vec<Part<'p>>> {
    let mut found = vec![sequence(words)];
    while words.next().expect("parentheses are closed") == "|" {
        found.push(sequence(words));
    }
    found
}

fn expand(parts: &[Part<'_>], line: &mut Line, chance: &mut Rng) {
    for part in parts {
        match part {
            Part::Word(text) if text.starts_with(|first: char| first.is_ascii_lowercase()) => {
                line.push(word(text, chance));
            }
            Part::Word(text) => line.push(text.as_bytes().to_vec()),
            Part::Optional(parts) if chance.bool() => expand(parts, line, chance),
            Part::Optional(_) => {}
            Part::Repeated(parts) => (0..chance.u8(1..=3)).for_each(|_| expand(parts, line, chance)),
            Part::OneOf(all) => expand(chance.choice(all).expect("there are some"), line, chance),
        }
    }
}

/// What a client might do wrong. The name stays, so that it is known what is tried.
fn spoil(line: &mut Line, chance: &mut Rng) {
    let at = chance.usize(1..=line.len());
    match chance.u8(..3) {
        0 if at < line.len() => drop(line.remove(at)),
        1 => line.insert(at, word("wrong", chance)),
        _ if at < line.len() => line[at] = word("wrong", chance),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::shown;
    use super::*;

    #[test]
    fn patterns_are_expanded() {
        let mut chance = Rng::with_seed(1);
        let all: std::collections::BTreeSet<String> = std::iter::repeat_with(|| {
            let mut line = Line::new();
            expand(
                &sequence(&mut "A [ B ] ( C | D E ) { F }".split_whitespace().peekable()),
                &mut line,
                &mut chance,
            );
            shown(&line)
        })
        .take(500)
        .collect();
        assert_eq!(all.len(), 2 * 2 * 3, "{all:?}");
        assert!(all.contains("A B D E F F"));
    }
}
