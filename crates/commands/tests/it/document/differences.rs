//! The differences that documents list, command by command.

use std::collections::BTreeSet;

use latchkey_commands::Command;

const DOCUMENT: &str = include_str!("../../../../../docs/differences.md");

/// What is said to differ, each with the commands that it names.
pub(super) struct Differences {
    written: Vec<Written>,
    listed: Vec<crate::reference::Intended>,
}

/// An item or a row of the document.
struct Written {
    names: Names,
    text: String,
}

impl Differences {
    /// Reads both lists: the document, and what the table says otherwise than Redis's.
    pub(super) fn read() -> Self {
        Self { written: written(), listed: crate::reference::list().intended }
    }

    /// What concerns this command, in Markdown.
    pub(super) fn of(&self, command: &Command) -> Vec<String> {
        let written =
            self.written.iter().filter(|item| item.names.mean(command)).map(|item| item.text.clone());
        let name = command.full_name();
        let listed = self.listed.iter().filter(|item| item.commands.contains(&name));
        let listed =
            listed.map(|item| format!("Unlike Redis 7.0's table: {}. {}", item.difference, item.reason));
        written.chain(listed).collect()
    }
}

/// The document's items, in order. Its headings say from whom something differs.
fn written() -> Vec<Written> {
    let blocks = blocks();
    let mut found = Vec::new();
    let (mut section, mut columns) = ("", Vec::new());
    for block in &blocks {
        if let Some(heading) = block.strip_prefix("## ") {
            section = heading;
        } else if let Some(item) = block.strip_prefix("- ") {
            found.push(Written { names: Names::among(item), text: format!("{section}: {item}") });
        } else if let Some(row) = block.strip_prefix('|') {
            let cells: Vec<&str> = row.trim_end_matches('|').split('|').map(str::trim).collect();
            match cells[0] {
                "what" | "case" => columns = cells,
                rule if rule.starts_with("---") => {}
                _ => found.push(Written {
                    names: Names::among(cells[0]),
                    text: sentence(section, &columns, &cells),
                }),
            }
        }
    }
    found
}

/// The document's lines, what is continued in one.
fn blocks() -> Vec<String> {
    let mut blocks: Vec<String> = Vec::new();
    for line in DOCUMENT.lines() {
        match (line.strip_prefix("  "), blocks.last_mut()) {
            (Some(rest), Some(block)) => *block += &format!(" {rest}"),
            _ => blocks.push(line.to_owned()),
        }
    }
    blocks
}

/// A row in words: the section, the case, and each other cell after its column's name.
fn sentence(section: &str, columns: &[&str], cells: &[&str]) -> String {
    let rest = columns.iter().zip(cells).skip(1).filter(|(_, cell)| !cell.is_empty());
    let rest: Vec<String> = rest.map(|(column, cell)| format!("{column}: {cell}")).collect();
    format!("{section}: {} ({})", cells[0], rest.join("; "))
}

/// The commands that a text names: words in capitals, but for what is code; paths such as `/monitor`; and `JSON.*`.
struct Names {
    words: Vec<String>,
    paths: BTreeSet<String>,
    prefixes: Vec<String>,
}

impl Names {
    fn among(text: &str) -> Self {
        let (code, plain): (Vec<_>, Vec<_>) = text.split('`').enumerate().partition(|(at, _)| at % 2 == 1);
        let plain = plain.into_iter().map(|(_, part)| part).collect::<Vec<_>>().join(" , ");
        let code = || code.iter().map(|(_, span)| *span);
        Self {
            words: plain
                .split(|c: char| !is_name(c))
                .map(|word| word.trim_end_matches('.').to_owned())
                .collect(),
            paths: code().filter_map(|span| span.strip_prefix('/')).map(str::to_owned).collect(),
            prefixes: code().filter_map(|span| span.strip_suffix('*')).map(str::to_owned).collect(),
        }
    }

    /// Whether the command is meant. A container is not where one of its subcommands is.
    fn mean(&self, command: &Command) -> bool {
        let name = super::name(command);
        let name: Vec<&str> = name.split(' ').collect();
        self.say(&name) && !command.subcommands().iter().any(|sub| self.say(&[name[0], sub.spec.name]))
            || name.len() == 1 && self.paths.contains(&name[0].to_lowercase())
            || name.len() == 1
                && self.prefixes.iter().any(|prefix| !prefix.is_empty() && name[0].starts_with(prefix))
    }

    fn say(&self, name: &[&str]) -> bool {
        self.words.windows(name.len()).any(|words| words == name)
    }
}

fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || "._-".contains(c)
}
