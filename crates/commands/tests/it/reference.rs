//! The table, compared with what a real Redis says of the same commands.
//!
//! `tests/tools/import-redis-table` distilled Redis 7.0's answers into a file; `redis-differences.toml` lists every
//! intended difference with its reason. The list only shrinks: a line that no longer holds fails the test as well.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command as Process;

use bytes::Bytes;
use latchkey_commands::{Access, Call, Command, Growth, commands};
use serde::Deserialize;

/// What Redis says.
#[derive(Deserialize)]
struct Reference {
    version: String,
    commands: BTreeMap<String, Facts>,
    /// Invocations, and for each key that it names what is done to it: `RO`, `RW`, `OW` or `RM`.
    samples: BTreeMap<String, Vec<(String, String)>>,
}

/// What is said of one command.
#[derive(Deserialize)]
struct Facts {
    arity: i64,
    flags: BTreeSet<String>,
    /// First, last and step.
    keys: (i64, i64, i64),
    categories: BTreeSet<String>,
    group: String,
    since: String,
}

/// The list of differences.
#[derive(Deserialize)]
pub(crate) struct Differences {
    pub(crate) intended: Vec<Intended>,
    /// By the version that brought them: commands that the reference does not know.
    later: BTreeMap<String, BTreeSet<String>>,
}

/// A difference that is meant to be, of one command or of several.
#[derive(Deserialize)]
pub(crate) struct Intended {
    pub(crate) commands: Vec<String>,
    pub(crate) difference: String,
    pub(crate) reason: String,
}

/// The flags that a spec knows. Redis has others, about loading, replication and clusters.
const FLAGS: [&str; 7] = ["admin", "denyoom", "fast", "movablekeys", "noscript", "readonly", "write"];

const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/data/");

#[test]
fn the_table_is_redis_s_but_for_the_differences_with_a_reason() {
    let reference = reference();
    let found: BTreeSet<(String, String)> = all_commands()
        .filter_map(|command| Some((command, reference.commands.get(&command.full_name())?)))
        .flat_map(|(command, theirs)| {
            let name = command.full_name();
            differences(&facts(command), theirs).into_iter().map(move |difference| (name.clone(), difference))
        })
        .chain(reference.samples.iter().filter_map(|(sample, keys)| key_difference(sample, keys)))
        .collect();
    let mut intended = BTreeSet::new();
    for Intended { commands, difference, reason } in list().intended {
        assert!(reason.ends_with('.'), "{difference}: the reason is not a sentence");
        intended.extend(commands.into_iter().map(|command| (command, difference.clone())));
    }
    let unexplained: Vec<_> = found.difference(&intended).collect();
    assert!(unexplained.is_empty(), "without a reason in redis-differences.toml: {unexplained:#?}");
    let settled: Vec<_> = intended.difference(&found).collect();
    assert!(settled.is_empty(), "in redis-differences.toml, but not so: {settled:#?}");
}

#[test]
fn what_redis_7_0_does_not_know_is_listed() {
    let reference = reference();
    let mut later: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for command in all_commands().filter(|command| !reference.commands.contains_key(&command.full_name())) {
        later.entry(command.spec.since.to_owned()).or_default().insert(command.full_name());
    }
    assert_eq!(later, list().later);
}

/// A command without a sample would be compared by its first, last and step only.
#[test]
fn every_command_that_names_keys_has_a_sample() {
    let reference = reference();
    let sampled: BTreeSet<String> =
        reference.samples.keys().filter_map(|sample| Some(resolve(sample)?.command().full_name())).collect();
    for command in all_commands().filter(|command| reference.commands.contains_key(&command.full_name())) {
        let names_keys = command.spec.keys.are_movable() || command.spec.keys.range() != (0, 0, 0);
        let name = command.full_name();
        assert_eq!(names_keys, sampled.contains(&name), "key-samples.txt: {name}");
    }
}

/// That the file is still what a real server says. Skipped where there is none.
#[test]
fn the_distilled_file_is_what_a_live_redis_says() {
    let tool = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/tools/import-redis-table");
    match Process::new(tool).arg("--check").output() {
        Ok(done) if done.status.code() == Some(77) => {
            eprintln!("skipped: {}", String::from_utf8_lossy(&done.stderr).trim_end());
        }
        Ok(done) => assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr)),
        Err(error) => eprintln!("skipped: {tool} needs python3 ({error})"),
    }
}

/// Every command, containers and what they hold.
fn all_commands() -> impl Iterator<Item = &'static Command> {
    commands().iter().flat_map(|command| std::iter::once(command).chain(command.subcommands()))
}

/// What our table says, in Redis's words.
fn facts(command: &Command) -> Facts {
    let spec = command.spec;
    let categories = command.categories();
    let flags = [
        ("admin", categories.names().any(|name| name == "admin")),
        ("denyoom", spec.growth != Growth::None),
        ("fast", spec.fast),
        ("movablekeys", spec.keys.are_movable()),
        ("noscript", spec.no_script),
        ("readonly", spec.is_read()),
        ("write", spec.is_write()),
    ];
    Facts {
        arity: spec.arity.signed(),
        flags: flags.into_iter().filter(|&(_, set)| set).map(|(name, _)| name.to_owned()).collect(),
        keys: spec.keys.range(),
        categories: categories.names().map(str::to_owned).collect(),
        group: command.family.group.to_owned(),
        since: spec.since.to_owned(),
    }
}

/// Each difference in words that can be looked up in the list.
fn differences(ours: &Facts, theirs: &Facts) -> Vec<String> {
    let mut found = Vec::new();
    let mut differ = |what: &str, ours: String, theirs: String| {
        if ours != theirs {
            found.push(format!("{what} {ours} instead of {theirs}"));
        }
    };
    differ("arity", ours.arity.to_string(), theirs.arity.to_string());
    differ("keys", format!("{:?}", ours.keys), format!("{:?}", theirs.keys));
    differ("group", ours.group.clone(), theirs.group.clone());
    differ("since", ours.since.clone(), theirs.since.clone());
    let known_flags = theirs.flags.iter().filter(|flag| FLAGS.contains(&flag.as_str())).cloned().collect();
    found.extend(one_sided("flag", &ours.flags, &known_flags));
    found.extend(one_sided("category", &ours.categories, &theirs.categories));
    found
}

fn one_sided(what: &str, ours: &BTreeSet<String>, theirs: &BTreeSet<String>) -> Vec<String> {
    let more = ours.difference(theirs).map(|name| format!("with {what} {name}"));
    let less = theirs.difference(ours).map(|name| format!("without {what} {name}"));
    more.chain(less).collect()
}

/// How the keys that we find in an invocation differ, if they do. What a command does to a key is compared as far as
/// our table knows it: whether it only reads.
fn key_difference(sample: &str, theirs: &[(String, String)]) -> Option<(String, String)> {
    let call = resolve(sample)?;
    let ours: Vec<String> = call
        .keys()
        .iter()
        .map(|key| describe(&String::from_utf8_lossy(key.name), key.access == Access::Read))
        .collect();
    let theirs: Vec<String> = theirs.iter().map(|(name, access)| describe(name, access == "RO")).collect();
    let difference = format!("{sample}: names {} instead of {}", ours.join(", "), theirs.join(", "));
    (ours != theirs).then(|| (call.command().full_name(), difference))
}

fn describe(key: &str, only_read: bool) -> String {
    format!("{key} ({})", if only_read { "read" } else { "write" })
}

/// The call, unless the table has no such command.
fn resolve(sample: &str) -> Option<Call> {
    let words = sample.split(' ').map(|word| Bytes::copy_from_slice(word.as_bytes())).collect();
    match Call::resolve(words) {
        Ok(call) => Some(call),
        Err(error) if error.to_string().contains("not available") => None,
        Err(error) if error.to_string().contains("unknown subcommand") => None,
        Err(error) => panic!("{sample}: {error}"),
    }
}

fn reference() -> Reference {
    let path = format!("{DATA}redis-7.0-commands.json");
    let text = std::fs::read_to_string(path).expect("the distilled file is in the repository");
    let reference: Reference = serde_json::from_str(&text).expect("what the tool writes");
    assert!(reference.version.starts_with("7.0."));
    reference
}

/// What differs on purpose.
pub(crate) fn list() -> Differences {
    let text =
        std::fs::read_to_string(format!("{DATA}redis-differences.toml")).expect("it is in the repository");
    toml::from_str(&text).expect("commands, difference, reason")
}
