//! All commands, by name.

use std::ops::RangeFrom;
use std::sync::LazyLock;

use hashbrown::HashTable;
use latchkey_protocol::Words;

use crate::{Categories, Category, Cost, Run, Spec};

/// The families, in the order in which documents list them.
pub const FAMILIES: &[&Family] = &[
    &crate::string::FAMILY,
    &crate::generic::FAMILY,
    &crate::generic::UNCATEGORIZED,
    &crate::hash::FAMILY,
    &crate::list::FAMILY,
    &crate::set::FAMILY,
    &crate::sorted_set::FAMILY,
    &crate::bitmap::FAMILY,
    &crate::hyperloglog::FAMILY,
    &crate::geo::FAMILY,
    &crate::json::FAMILY,
    &crate::pubsub::FAMILY,
    &crate::scripting::FAMILY,
    &crate::transactions::FAMILY,
    &crate::stream::FAMILY,
    &crate::connection::FAMILY,
    &crate::server::FAMILY,
];

/// Commands that belong together: a folder, a group in `COMMAND DOCS`, an ACL category.
#[derive(Debug)]
pub struct Family {
    /// The group's name in `COMMAND DOCS`, such as `sorted-set`.
    pub group: &'static str,
    /// The ACL category that all of them have, if there is one.
    pub category: Option<Category>,
    /// The commands.
    pub commands: &'static [Spec],
}

/// A command as the table knows it: its declaration, its family and, of a subcommand, its container.
#[derive(Debug)]
pub struct Command {
    /// The declaration.
    pub spec: &'static Spec,
    /// Where it belongs.
    pub family: &'static Family,
    /// The container, for a subcommand.
    pub parent: Option<&'static Spec>,
    /// Its place among all commands and subcommands.
    index: usize,
    subcommands: Vec<Command>,
}

/// Every command, containers with what they hold, in the order of the families.
pub fn commands() -> &'static [Command] {
    &TABLE.commands
}

/// The command, or container, that the first word names, in any case.
pub fn find(words: &Words) -> Option<&'static Command> {
    TABLE.by_name(words.name())
}

/// The command of this full name, a subcommand's as `config|get`, in any case.
pub(crate) fn named(name: &[u8]) -> Option<&'static Command> {
    match name.iter().position(|&byte| byte == b'|') {
        Some(at) => TABLE.by_name(&name[..at])?.subcommand(&name[at + 1..]),
        None => TABLE.by_name(name),
    }
}

/// Every command, container and subcommand.
pub(crate) fn all() -> impl Iterator<Item = &'static Command> {
    commands().iter().flat_map(|command| std::iter::once(command).chain(command.subcommands()))
}

struct Table {
    commands: Vec<Command>,
    by_name: HashTable<usize>,
}

static TABLE: LazyLock<Table> = LazyLock::new(Table::new);

/// No command's name is longer.
const NAME_BYTES_MAX: usize = 32;

impl Table {
    fn new() -> Self {
        let mut places = 0..;
        let commands: Vec<Command> = FAMILIES
            .iter()
            .flat_map(|family| family.commands.iter().map(move |spec| (spec, family)))
            .map(|(spec, family)| Command::new(spec, family, None, &mut places))
            .collect();
        let hash = |&at: &usize| hash_of(commands[at].spec.name.as_bytes());
        let mut by_name = HashTable::with_capacity(commands.len());
        for at in 0..commands.len() {
            by_name.insert_unique(hash(&at), at, hash);
        }
        Self { commands, by_name }
    }

    fn by_name(&self, name: &[u8]) -> Option<&Command> {
        let mut upper = [0; NAME_BYTES_MAX];
        let upper = upper.get_mut(..name.len())?;
        upper.copy_from_slice(name);
        upper.make_ascii_uppercase();
        let is_it = |&at: &usize| self.commands[at].spec.name.as_bytes() == upper;
        self.by_name.find(hash_of(upper), is_it).map(|&at| &self.commands[at])
    }
}

/// FNV-1a. Several times for each command that comes; nobody but us fills the table, so it needs no secret.
fn hash_of(name: &[u8]) -> u64 {
    let mix = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
    name.iter().fold(0xcbf2_9ce4_8422_2325, mix)
}

impl Command {
    fn new(
        spec: &'static Spec,
        family: &'static Family,
        parent: Option<&'static Spec>,
        places: &mut RangeFrom<usize>,
    ) -> Self {
        let index = places.next().expect("the numbers do not end");
        let subcommands =
            spec.subcommands.iter().map(|sub| Self::new(sub, family, Some(spec), places)).collect();
        Self { spec, family, parent, index, subcommands }
    }

    /// Its place among all commands and subcommands, from 0. Another version may give it another.
    pub(crate) fn index(&self) -> usize {
        self.index
    }

    /// The subcommand of this name, in any case.
    pub fn subcommand(&self, word: &[u8]) -> Option<&Self> {
        self.subcommands.iter().find(|command| word.eq_ignore_ascii_case(command.spec.name.as_bytes()))
    }

    /// What it holds, if it is a container.
    pub fn subcommands(&self) -> &[Self] {
        &self.subcommands
    }

    /// Whether it only holds others.
    pub fn is_container(&self) -> bool {
        matches!(self.spec.run, Run::Container)
    }

    /// Whether it belongs to a connection, or holds only commands that do.
    pub fn needs_connection(&self) -> bool {
        match self.spec.run {
            Run::Session => true,
            Run::Container => self.subcommands.iter().all(Self::needs_connection),
            Run::Read(_) | Run::Write(_) | Run::Server(_) | Run::Script(_) | Run::Account(_) => false,
        }
    }

    /// The name in lower case, a subcommand's as `config|get`.
    pub fn full_name(&self) -> String {
        let name = self.spec.name.to_ascii_lowercase();
        match self.parent {
            Some(parent) => format!("{}|{name}", parent.name.to_ascii_lowercase()),
            None => name,
        }
    }

    /// Its ACL categories: those of its kind and family, and those it declares. A container has no family's: only what
    /// it holds does anything.
    pub fn categories(&self) -> Categories {
        let speed = if self.spec.fast { Category::Fast } else { Category::Slow };
        let own = self.spec.extra.with(speed);
        let all = self.family.category.map_or(own, |category| own.with(category));
        match self.spec.run {
            Run::Read(_) => all.with(Category::Read),
            Run::Write(_) => all.with(Category::Write),
            Run::Script(_) if self.spec.is_write() => all.with(Category::Write),
            Run::Server(_) | Run::Script(_) | Run::Account(_) | Run::Session => all,
            Run::Container => own,
        }
    }

    /// Whether a token that may only read may run it: reads that reach no further than the keys they name, and those
    /// that only tell of the connection or of time. As Upstash's read-only token, it refuses SCAN and KEYS.
    pub fn is_for_readers(&self) -> bool {
        match self.spec.run {
            Run::Read(_) => !self.categories().has(Category::Dangerous) && !self.spec.no_readers,
            Run::Server(_) => (self.spec.free || self.spec.fast) && !self.spec.no_readers,
            // A script may only be for reading; Redis does not count that as reading either.
            Run::Write(_) | Run::Script(_) | Run::Account(_) | Run::Session | Run::Container => false,
        }
    }

    /// Whether its time grows with more than its arguments.
    pub fn is_heavy(&self) -> bool {
        self.spec.cost != Cost::Small
    }
}
