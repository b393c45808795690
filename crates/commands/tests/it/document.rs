//! `docs/commands.md`: what the table knows of every command, with the grammar from the head of its file and the
//! differences that documents list.

mod differences;
mod grammar;

use std::fmt::Write;
use std::{env, fs};

use bytes::Bytes;
use latchkey_commands::acl::Permissions;
use latchkey_commands::{Arity, Call, Command, Cost, Growth, Run, commands};
use latchkey_protocol::Words;
use latchkey_protocol::rest::{self, Route};

use differences::Differences;
use grammar::{Grammars, spans};

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/commands.md");

/// Set to anything, it makes the test write the document instead of comparing it.
const WRITE: &str = "LATCHKEY_WRITE_DOCS";

#[test]
fn the_document_of_commands_is_what_the_table_says() {
    let document = document();
    if env::var_os(WRITE).is_some() {
        fs::write(PATH, document).expect("the sources can be written");
        return;
    }
    let written = fs::read_to_string(PATH).unwrap_or_default();
    let same = document.lines().zip(written.lines()).take_while(|(ours, theirs)| ours == theirs).count();
    assert!(
        document == written,
        "docs/commands.md differs from the table from line {} on. To write it anew:\n\n    \
         {WRITE}=1 cargo test -p latchkey-commands --test it document\n",
        same + 1
    );
}

/// A grammar that lacks an argument, or has one too many, would be found by the first who believes it.
#[test]
fn every_command_has_a_grammar_of_as_many_words_as_the_table_says() {
    let grammars = Grammars::read();
    let all = commands().iter().flat_map(|command| std::iter::once(command).chain(command.subcommands()));
    for command in all.filter(|command| !command.is_container()) {
        let Some(grammar) = grammars.of(command) else {
            panic!("no head has the grammar of {}", name(command))
        };
        assert_eq!(grammar::arity(grammar), command.spec.arity, "{grammar}");
    }
}

const INTRODUCTION: &str = "\
# Commands

Every command of Latchkey, from the table that the server itself looks at. **Do not edit**: a test writes this file and
compares it ([CONTRIBUTING.md](../CONTRIBUTING.md#to-add-a-command)).

What is said of each:

- In the grammar, what is in brackets may be absent, `|` is *or*, and `…` more of the same.
- **Words** counts the name, and a subcommand's too. *Since* is the version of Redis that brought the command, or `upstash`
  for those of Upstash's own.
- **Through** says where it can be sent: *REST* is the command alone, in a path or in `/pipeline`; *transactions* are
  `/multi-exec` and MULTI … EXEC; *scripts* are `redis.call` and `redis.pcall`.
- **Metered** commands count at the token's and the database's quota ([metering.md](metering.md)).
- A command that *needs room* is refused where a database is full and cannot evict.
- **ACL** lists the categories that rules such as `+@read` mean.
- Examples are what `redis-cli` prints; each is run as a test. After `bob>` stands what another connection sends, after
  `<` or `bob<` what is heard without having been asked for, or late. Times, addresses and numbers of connections are
  others each time, and so is your token.
- Differences that concern no single command are in [differences.md](differences.md).
";

/// All of it.
fn document() -> String {
    let page = Page { grammars: Grammars::read(), differences: Differences::read() };
    let groups = groups();
    let mut text = INTRODUCTION.to_owned();
    text += "\n| group | commands |\n|---|---|\n";
    for (group, commands) in &groups {
        let links: Vec<String> = commands.iter().map(|command| link(command)).collect();
        line(&mut text, &format!("| {} | {} |", title(group), links.join(" ")));
    }
    for (group, commands) in &groups {
        line(&mut text, &format!("\n## {} commands", title(group)));
        for command in commands {
            page.section(&mut text, command);
        }
    }
    text
}

/// Groups of commands in the order of the families; the commands by name.
fn groups() -> Vec<(&'static str, Vec<&'static Command>)> {
    let mut groups: Vec<(&str, Vec<&Command>)> = Vec::new();
    for command in commands() {
        let group = command.family.group;
        match groups.iter_mut().find(|(name, _)| *name == group) {
            Some((_, members)) => members.push(command),
            None => groups.push((group, vec![command])),
        }
    }
    groups.iter_mut().for_each(|(_, members)| members.sort_by_key(|command| command.spec.name));
    groups
}

/// What the sections of the document are made of, besides the table.
struct Page {
    grammars: Grammars,
    differences: Differences,
}

impl Page {
    /// A command, and after it what it holds.
    fn section(&self, text: &mut String, command: &Command) {
        line(text, &format!("\n### {}", name(command)));
        line(text, &format!("\n{}", command.spec.summary));
        if !command.is_container() {
            self.facts(text, command);
        }
        let differences = self.differences.of(command);
        if !differences.is_empty() {
            line(text, "\nDifferences:\n");
            differences.iter().for_each(|difference| line(text, &format!("- {difference}")));
        }
        for subcommand in command.subcommands() {
            self.section(text, subcommand);
        }
    }

    fn facts(&self, text: &mut String, command: &Command) {
        let spec = command.spec;
        if let Some(grammar) = self.grammars.of(command) {
            line(text, &format!("\n    {grammar}"));
        }
        line(text, "");
        line(text, &format!("- **Words:** {}. Since {}.", words(spec.arity), since(spec.since)));
        line(text, &format!("- **Does:** {}. {}.", deed(command), time(command)));
        line(text, &format!("- **Through:** {}.", doors(command).join(", ")));
        line(
            text,
            &format!(
                "- **{}.** Read-only tokens: {}.",
                metered(command),
                yes(Permissions::for_readers().allows_command(command))
            ),
        );
        let categories: Vec<String> = command.categories().names().map(|name| format!("@{name}")).collect();
        line(text, &format!("- **ACL:** {}", categories.join(" ")));
        if !spec.example.is_empty() {
            line(text, &format!("\n```text\n{}\n```", spec.example.shown()));
        }
    }
}

fn line(text: &mut String, line: &str) {
    writeln!(text, "{line}").expect("a string takes every line");
}

/// `sorted-set` as `Sorted set`.
fn title(group: &str) -> String {
    let (first, rest) = group.split_at(1);
    first.to_uppercase() + &rest.replace('-', " ")
}

/// The full name as clients write it.
fn name(command: &Command) -> String {
    command.full_name().to_ascii_uppercase().replace('|', " ")
}

/// A link to the command's section, as GitHub names it.
fn link(command: &Command) -> String {
    let name = name(command);
    let anchor: String = name.to_lowercase().chars().filter(|&c| c != '.').collect();
    format!("[{name}](#{})", anchor.replace(' ', "-"))
}

fn words(arity: Arity) -> String {
    match arity {
        Arity::Exactly(count) => count.to_string(),
        Arity::AtLeast(count) => format!("{count} or more"),
    }
}

fn since(version: &str) -> String {
    if version.starts_with(|c: char| c.is_ascii_digit()) {
        format!("Redis {version}")
    } else {
        version.to_owned()
    }
}

/// What it does to keys, and whether that takes room.
fn deed(command: &Command) -> String {
    let spec = command.spec;
    let deed = if spec.is_write() {
        "writes"
    } else if spec.is_read() {
        "reads"
    } else if spec.keys.are_movable() {
        "what its program does"
    } else {
        "neither reads nor writes keys"
    };
    let room = if spec.growth == Growth::None { "" } else { "; needs room" };
    format!("{deed}{room}")
}

fn time(command: &Command) -> &'static str {
    match command.spec.cost {
        Cost::Small if command.spec.fast => "Takes constant or logarithmic time for each argument",
        Cost::Small => "Time grows with its arguments and its reply",
        Cost::Values => "Time grows with the values that it names",
        Cost::Database => "Time grows with the database",
        Cost::Unknown => "Time is bounded by the limit for scripts",
    }
}

/// Rows of what is counted, in the document about it.
const METERING: &str = include_str!("../../../../docs/metering.md");

/// The table says it of commands that are handed in. Of those that doors answer themselves, the document does.
fn metered(command: &Command) -> &'static str {
    let first = command.parent.unwrap_or(command.spec).name;
    let mut free = METERING.lines().filter(|row| row.ends_with("| free |")).flat_map(spans);
    let is_free = command.spec.free || command.needs_connection() && free.any(|name| name == first);
    if is_free { "Free" } else { "Metered" }
}

fn yes(yes: bool) -> &'static str {
    if yes { "yes" } else { "no" }
}

/// Where it can be sent. Two of the doors are asked themselves.
fn doors(command: &Command) -> Vec<String> {
    let path = format!("/{}", command.full_name());
    let own_path = rest::route(&path) != Route::Command;
    let doors = [
        (Call::resolve_over_rest(any_words(command)).is_ok(), "REST".to_owned()),
        (own_path, format!("REST at `{path}`")),
        (true, "the Redis protocol".to_owned()),
        (runs_in_transactions(command), "transactions".to_owned()),
        (Call::resolve_in_script(any_words(command)).is_ok(), "scripts".to_owned()),
    ];
    doors.into_iter().filter(|(open, _)| *open).map(|(_, door)| door).collect()
}

/// Its name and as many arguments as it needs at least.
fn any_words(command: &Command) -> Words {
    let (Arity::Exactly(count) | Arity::AtLeast(count)) = command.spec.arity;
    let name = name(command);
    let names = name.split(' ').chain(std::iter::repeat("1")).take(count);
    names.map(|word| Bytes::copy_from_slice(word.as_bytes())).collect()
}

fn runs_in_transactions(command: &Command) -> bool {
    match command.spec.run {
        Run::Read(_) | Run::Write(_) | Run::Server(_) | Run::Script(_) => true,
        // Users are kept elsewhere than keys: no one step changes both.
        Run::Account(_) | Run::Session | Run::Container => false,
    }
}
