//! What the command table can tell a person who types.

use latchkey_commands::{Arity, Command, Keys, commands, find};
use latchkey_protocol::{Words, resp};

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
    let placeholders = placeholders(command, depth);
    let missing = placeholders.get(words.len() - depth..).unwrap_or_default();
    let space = if has_begun_next { "" } else { " " };
    let summary = if words.len() == depth { format!("  {}", command.spec.summary) } else { String::new() };
    let hint = format!("{space}{}{summary}", missing.join(" "));
    (!hint.trim().is_empty()).then_some(hint)
}

/// The help text of a command.
pub(crate) fn help(name: &[String]) -> Option<String> {
    let (command, depth) = command(name)?;
    let spec = command.spec;
    let usage = [vec![name[..depth].join(" ").to_ascii_uppercase()], placeholders(command, depth)].concat();
    let mut text = format!("{}\n{}\nSince {}.\n", usage.join(" "), spec.summary, spec.since);
    if command.is_container() {
        let names: Vec<_> = command.subcommands().iter().map(|command| command.spec.name).collect();
        text += &format!("Subcommands: {}\n", names.join(", "));
    }
    if !spec.example.is_empty() {
        text += &format!("\n{}\n", spec.example.trim_end());
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

/// A placeholder for each word that must follow the name, and `[…]` where more may.
fn placeholders(command: &Command, depth: usize) -> Vec<String> {
    let (least, more) = match command.spec.arity {
        Arity::Exactly(words) => (words, false),
        Arity::AtLeast(words) => (words, true),
    };
    let what = if command.is_container() { "subcommand" } else { "argument" };
    let place = |at| if is_key(&command.spec.keys, at, least) { "key" } else { what };
    let places = (depth..least).map(|at| place(at).to_owned());
    places.chain(more.then(|| "[…]".to_owned())).collect()
}

/// Whether the word at this place is a key in the shortest form of the command.
fn is_key(keys: &Keys, at: usize, words: usize) -> bool {
    match *keys {
        Keys::At(key) | Keys::AtAndBy(key, _) => at == key,
        Keys::Range { first, last, step } => {
            let last = if last < 0 { words.saturating_add_signed(last) } else { last.unsigned_abs() };
            (first..=last).contains(&at) && (at - first).is_multiple_of(step)
        }
        Keys::Counted { at: count } => at > count,
        Keys::Store(sources) => at == 1 || is_key(sources, at, words),
        Keys::Into { at: destination, .. } => at >= destination,
        Keys::Pair { .. } => at == 1 || at == 2,
        Keys::None | Keys::By(_) => false,
    }
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
        assert_eq!(hint("SETEX k ").as_deref(), Some("argument argument"));
        assert_eq!(hint("SETEX k 10 v"), None);
        assert_eq!(hint("MGET a ").as_deref(), Some("[…]"));
        assert_eq!(hint("nosuch"), None);
        assert_eq!(hint("GET 'k"), None);
    }

    #[test]
    fn help_shows_usage_and_example() {
        let text = help(&["setex".into()]).expect("it is a command");
        assert!(text.starts_with("SETEX key argument argument\n") && text.contains("> SETEX"), "{text}");
        let text = help(&["config".into()]).expect("it is a container");
        assert!(text.starts_with("CONFIG subcommand […]\n") && text.contains("GET"), "{text}");
        assert_eq!(help(&["nosuch".into()]), None);
    }
}
