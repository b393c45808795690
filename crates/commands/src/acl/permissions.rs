//! What a user may do, compiled from its rules.

use std::sync::LazyLock;

use bytes::Bytes;
use latchkey_protocol::ReplyError;

use super::patterns::Patterns;
use crate::call::printable;
use crate::{Call, Category, Command, Run, Spec, table};

/// What a caller may do. One that may do everything has none, so that nobody who needs no check pays for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permissions {
    pub(super) commands: CommandSet,
    pub(super) keys: Patterns,
    pub(super) channels: Patterns,
}

/// Why a command is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Denial<'a> {
    /// The command is not allowed.
    Command,
    /// This key is not.
    Key(&'a [u8]),
    /// This channel, or pattern of channels, is not.
    Channel(&'a [u8]),
    /// It reaches keys that it does not name, and not all keys are allowed. What to answer.
    Unnamed(ReplyError),
}

impl Permissions {
    /// What a token may do that may only read.
    pub fn for_readers() -> &'static Self {
        static READERS: LazyLock<Permissions> = LazyLock::new(|| Permissions {
            commands: CommandSet::of(is_for_readers),
            keys: Patterns::All,
            channels: Patterns::All,
        });
        &READERS
    }

    /// Whether a command may be run, with the keys and the channels that it names.
    pub fn check<'a>(&self, call: &'a Call) -> Result<(), Denial<'a>> {
        let (command, spec, words) = (call.command(), call.spec(), call.words().as_slice());
        if !self.allows_command(command) {
            return Err(Denial::Command);
        }
        if self.keys != Patterns::All {
            self.check_keys(call, spec, words)?;
        }
        if self.channels != Patterns::All {
            self.check_channels(spec, words)?;
        }
        Ok(())
    }

    fn check_keys<'a>(&self, call: &'a Call, spec: &Spec, words: &[Bytes]) -> Result<(), Denial<'a>> {
        if let Some(key) = call.keys().into_iter().find(|key| !self.keys.allow(key.name)) {
            return Err(Denial::Key(key.name));
        }
        match spec.unnamed.and_then(|refuses| refuses(words)) {
            Some(refusal) => Err(Denial::Unnamed(refusal)),
            None => Ok(()),
        }
    }

    fn check_channels<'a>(&self, spec: &Spec, words: &'a [Bytes]) -> Result<(), Denial<'a>> {
        let (channels, are_patterns) = spec.channels.among(words);
        match channels.iter().find(|channel| !self.allows_channel(channel, are_patterns)) {
            Some(channel) => Err(Denial::Channel(channel)),
            None => Ok(()),
        }
    }

    /// Whether a command may be run, whatever it names.
    pub fn allows_command(&self, command: &Command) -> bool {
        self.commands.has(command)
    }

    /// Whether a key may be used.
    pub fn allows_key(&self, key: &[u8]) -> bool {
        self.keys.allow(key)
    }

    /// Whether a channel may be used, or a pattern of channels.
    pub fn allows_channel(&self, channel: &[u8], is_pattern: bool) -> bool {
        if is_pattern { self.channels.allow_pattern(channel) } else { self.channels.allow(channel) }
    }
}

impl Denial<'_> {
    /// What the client is told of a channel that it may not use.
    pub const NO_CHANNEL: ReplyError = ReplyError::fixed("NOPERM No permissions to access a channel");

    /// What the client is told.
    pub fn error(&self, command: &Command) -> ReplyError {
        match self {
            Self::Command => ReplyError::new(format!(
                "NOPERM this user has no permissions to run the '{}' command or its subcommand",
                command.full_name()
            )),
            Self::Key(_) => ReplyError::fixed("NOPERM No permissions to access a key"),
            Self::Channel(_) => Self::NO_CHANNEL,
            Self::Unnamed(refusal) => refusal.clone(),
        }
    }

    /// What ACL DRYRUN says, of the user of this name.
    pub fn explain(&self, user: &str, command: &Command) -> String {
        let name = |name| printable(name);
        match self {
            Self::Command => {
                format!("User {user} has no permissions to run the '{}' command", command.full_name())
            }
            Self::Key(key) => format!("User {user} has no permissions to access the '{}' key", name(key)),
            Self::Channel(channel) => {
                format!("User {user} has no permissions to access the '{}' channel", name(channel))
            }
            Self::Unnamed(refusal) => refusal.to_string(),
        }
    }
}

/// A set of commands and subcommands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct CommandSet(Box<[u64]>);

impl CommandSet {
    pub(super) fn none() -> Self {
        Self(vec![0; table::all().count().div_ceil(64)].into())
    }

    /// Those for which this holds.
    pub(super) fn of(holds: impl Fn(&Command) -> bool) -> Self {
        let mut set = Self::none();
        table::all().filter(|command| holds(command)).for_each(|command| set.put(command, true));
        set
    }

    pub(super) fn has(&self, command: &Command) -> bool {
        self.0[command.index() / 64] & (1 << (command.index() % 64)) != 0
    }

    /// Adds a command, or takes it out.
    pub(super) fn put(&mut self, command: &Command, is_in: bool) {
        let (word, bit) = (&mut self.0[command.index() / 64], 1 << (command.index() % 64));
        if is_in { *word |= bit } else { *word &= !bit }
    }
}

/// As of the table; and what concerns the own connection, but not what looks at those of others.
fn is_for_readers(command: &Command) -> bool {
    match command.spec.run {
        Run::Session => !command.categories().has(Category::Dangerous),
        _ => command.is_for_readers(),
    }
}
