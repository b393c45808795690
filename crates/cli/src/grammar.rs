//! What the command table can tell a person who types.

use std::collections::HashMap;
use std::sync::LazyLock;

use latchkey_commands::{Command, commands, find};
use latchkey_protocol::{Words, resp};

/// What is known of every command. A test of `commands` keeps it true, grammar and all.
const DOCUMENT: &str = include_str!("../../../docs/commands.md");

/// The names that a line which ends in the middle of one can go on with, and where the name begins.
pub(crate) fn completions(line: &str) -> (usize, Vec<String>) {
    let start = line.rfind(' ').map_or(0, |at| at + 1);
    let (before, typed) = line.split_at(start);
    let candidates = match words(before).as_deref() {
        Some([]) => commands(),
        Some([container]) => named(container).map_or(&[][..], Command::subcommands),
        _ => &[],
    };
    let is_lower = typed.bytes().any(|byte| byte.is_ascii_lowercase());
    let fits = |name: &&str| name.get(..typed.len()).is_some_and(|start| start.eq_ignore_ascii_case(typed));
    let names = candidates.iter().map(|command| command.spec.name).filter(fits);
    let names = names.map(|name| if is_lower { name.to_ascii_lowercase() } else { name.to_owned() });
    (start, names.collect())
}

/// What is still missing of the command on this line, and what it does; `None` before the name is complete.
pub(crate) fn hint(line: &str) -> Option<String> {
    let words = words(line)?;
    let (command, depth) = command(&words)?;
    let has_begun_next = line.ends_with(' ');
    if !has_begun_next && words.len() == depth && completions(line).1.len() > 1 {
        return None; // SET may become SETEX
    }
    let grammar = grammar(command);
    let missing = missing(grammar, words.len() - depth);
    let space = if has_begun_next { "" } else { " " };
    let summary = if words.len() == depth { format!("  {}", command.spec.summary) } else { String::new() };
    let hint = format!("{space}{missing}{summary}");
    (!hint.trim().is_empty()).then_some(hint)
}

/// The help text of a command.
pub(crate) fn help(name: &[String]) -> Option<String> {
    let (command, depth) = command(name)?;
    let spec = command.spec;
    let name = name[..depth].join(" ").to_ascii_uppercase();
    let usage = format!("{name} {}", grammar(command));
    let mut text = format!("{}\n{}\nSince {}.\n", usage.trim_end(), spec.summary, spec.since);
    if command.is_container() {
        let names: Vec<_> = command.subcommands().iter().map(|command| command.spec.name).collect();
        text += &format!("Subcommands: {}\n", names.join(", "));
    }
    if !spec.example.is_empty() {
        text += &format!("\n{}\n", spec.example.shown());
    }
    Some(text)
}

/// The words of a line that may still be typed: `None` within quotes.
fn words(line: &str) -> Option<Vec<String>> {
    let words = resp::split_line(line.as_bytes())?;
    Some(words.as_slice().iter().map(|word| String::from_utf8_lossy(word).into_owned()).collect())
}

fn named(name: &str) -> Option<&'static Command> {
    find(&Words::from_iter([name]))
}

/// The command that the words begin with, and how many of them name it.
fn command(words: &[String]) -> Option<(&'static Command, usize)> {
    let command = named(words.first()?)?;
    let sub = words.get(1).and_then(|word| command.subcommand(word.as_bytes()));
    Some(sub.map_or((command, 1), |sub| (sub, 2)))
}

/// What follows the name, as the document says it of all that is no container: `key value [NX | XX]`.
fn grammar(command: &Command) -> &'static str {
    let name = command.full_name().to_ascii_uppercase().replace('|', " ");
    GRAMMARS.get(name.as_str()).copied().unwrap_or("subcommand [argument …]")
}

/// From each name to its grammar. In the document both stand below a heading with the name, the grammar indented.
static GRAMMARS: LazyLock<HashMap<&str, &str>> = LazyLock::new(|| {
    let sections = DOCUMENT.split("\n### ").skip(1);
    let grammars = sections.filter_map(|section| {
        let (name, text) = section.split_once('\n')?;
        let arguments = text.lines().find_map(|line| line.strip_prefix("    ")?.strip_prefix(name))?;
        Some((name, arguments.trim_start()))
    });
    grammars.collect()
});

/// What is still to come after so many words: of those that must be there what is missing, and all that may be there.
fn missing(grammar: &str, typed: usize) -> &str {
    let mut rest = grammar;
    for _ in 0..typed {
        if rest.starts_with('[') {
            break;
        }
        rest = rest.split_once(' ').map_or("", |(_, rest)| rest);
    }
    rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_completions(line: &str, start: usize, expected: &[&str]) {
        assert_eq!(
            completions(line),
            (start, expected.iter().map(|&name| name.to_owned()).collect()),
            "{line:?}"
        );
    }

    #[test]
    fn names_are_completed_in_the_case_they_are_typed_in() {
        check_completions("zincr", 0, &["zincrby"]);
        check_completions("ZINCR", 0, &["ZINCRBY"]);
        check_completions("config g", 7, &["get"]);
        check_completions("nosuch g", 7, &[]);
        check_completions("GET k", 4, &[]);
        check_completions("get 'a ", 7, &[]);
        check_completions("é", 0, &[]);
        assert!(completions("").1.len() > 100);
    }

    #[test]
    fn hints_say_what_is_missing() {
        assert_eq!(hint("rename").as_deref(), None, "it may become RENAMENX");
        assert_eq!(hint("strlen").as_deref(), Some(" key  Returns the length of a string in bytes."));
        assert_eq!(hint("GET ").as_deref(), Some("key  Returns the string value of a key."));
        assert_eq!(hint("SETEX k ").as_deref(), Some("seconds value"));
        assert_eq!(hint("SETEX k 10 v"), None);
        assert_eq!(hint("MGET a ").as_deref(), Some("[key …]"));
        assert_eq!(hint("MGET a b").as_deref(), Some(" [key …]"));
        assert_eq!(hint("nosuch"), None);
        assert_eq!(hint("GET 'k"), None);
    }

    #[test]
    fn the_document_has_all_grammars_but_those_of_containers() {
        assert_eq!(hint("client setname ").as_deref(), Some("name  Names the connection."));
        assert_eq!(
            hint("client ").as_deref(),
            Some("subcommand [argument …]  Holds commands about connections.")
        );
        let with_subcommands =
            |command: &'static Command| std::iter::once(command).chain(command.subcommands());
        for command in commands().iter().flat_map(with_subcommands) {
            let name = command.full_name().to_ascii_uppercase().replace('|', " ");
            assert_ne!(GRAMMARS.contains_key(name.as_str()), command.is_container(), "{name}");
        }
    }

    #[test]
    fn help_shows_usage_and_example() {
        let text = help(&["setex".into()]).expect("it is a command");
        assert!(text.starts_with("SETEX key seconds value\n") && text.contains("> SETEX"), "{text}");
        let text = help(&["config".into()]).expect("it is a container");
        assert!(text.starts_with("CONFIG subcommand [argument …]\n") && text.contains("GET"), "{text}");
        assert_eq!(help(&["nosuch".into()]), None);
    }
}
