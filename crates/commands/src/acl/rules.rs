//! The rules of a user, as ACL SETUSER takes them and ACL LIST shows them.

use bytes::Bytes;

use super::patterns::Patterns;
use super::permissions::{CommandSet, Permissions};
use crate::{Category, Command, table};

/// What a user may do, in the words of ACL rules. Passwords are somebody else's.
///
/// Rules about commands are kept as they were given, as Redis does since 7.2: a later one takes the place of an earlier
/// one about the same.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    is_on: bool,
    /// Whether everything is allowed that no rule speaks of.
    allows_all: bool,
    commands: Vec<(Sign, String)>,
    keys: Names,
    channels: Names,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sign {
    Plus,
    Minus,
}

/// Patterns, as they were given.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Names {
    All,
    Some(Vec<Bytes>),
}

/// Why a rule is refused. What is displayed follows `ERR Error in ACL SETUSER modifier '…': `.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RuleError {
    /// It cannot be read.
    Syntax,
    /// It names a command or a category that is not there.
    Unknown,
    /// A pattern of keys, although all are allowed.
    AllKeys,
    /// A pattern of channels, although all are allowed.
    AllChannels,
    /// A rule about one subcommand.
    Subcommand,
    /// A rule about reading or writing only.
    HalfAccess,
    /// A second set of rules.
    Selector,
}

impl std::fmt::Display for RuleError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Syntax => "Syntax error",
            Self::Unknown => "Unknown command or category name in ACL",
            Self::AllKeys => {
                "Adding a pattern after the * pattern (or the 'allkeys' flag) is not valid and does not have any \
                 effect. Try 'resetkeys' to start with an empty list of patterns"
            }
            Self::AllChannels => {
                "Adding a pattern after the * pattern (or the 'allchannels' flag) is not valid and does not have any \
                 effect. Try 'resetchannels' to start with an empty list of channels"
            }
            Self::Subcommand => "Rules about subcommands are not supported",
            Self::HalfAccess => "Key permissions for only reading or only writing are not supported",
            Self::Selector => "Selectors are not supported",
        })
    }
}

impl std::error::Error for RuleError {}

impl Rules {
    /// What a user may do that may do everything.
    pub fn everything() -> Self {
        Self { is_on: true, allows_all: true, commands: Vec::new(), keys: Names::All, channels: Names::All }
    }

    /// What tokens may do that may only read, as far as rules can say it: each command that the category's rules get
    /// wrong is named.
    pub fn for_readers() -> Self {
        let mut rules = Self { allows_all: false, ..Self::everything() };
        rules.put_command(Sign::Plus, "@read".into());
        rules.put_command(Sign::Minus, "@dangerous".into());
        let (said, meant) = (rules.compile(), Permissions::for_readers());
        for command in table::all().filter(|command| !command.is_container()) {
            let allowed = meant.allows_command(command);
            if allowed != said.allows_command(command) {
                let sign = if allowed { Sign::Plus } else { Sign::Minus };
                rules.commands.push((sign, command.full_name()));
            }
        }
        rules
    }

    /// Rules from their [text](Self::text). Words that are no rules, such as those of a command that is gone, are left
    /// out.
    pub fn parse(text: &[u8]) -> Self {
        let mut rules = Self::default();
        for rule in text.split(|&byte| byte == b' ') {
            // What was written by another version can't be refused any more; without it, less is allowed or a command
            // denied that is not there.
            let _ = rules.apply(rule);
        }
        rules
    }

    /// Changes the rules by one more. After an error they are as before.
    pub fn apply(&mut self, rule: &[u8]) -> Result<(), RuleError> {
        let word = rule.to_ascii_lowercase();
        match word.as_slice() {
            // Payloads are always sanitized: nothing to change about it, and nothing to show.
            b"" | b"sanitize-payload" => {}
            b"on" => self.is_on = true,
            b"off" => self.is_on = false,
            b"allkeys" | b"~*" => self.keys = Names::All,
            b"resetkeys" => self.keys = Names::default(),
            b"allchannels" | b"&*" => self.channels = Names::All,
            b"resetchannels" => self.channels = Names::default(),
            b"allcommands" | b"+@all" => self.put_all_commands(true),
            b"nocommands" | b"-@all" => self.put_all_commands(false),
            b"reset" => *self = Self::default(),
            [b'~', ..] => self.keys.put(&rule[1..], RuleError::AllKeys)?,
            [b'&', ..] => self.channels.put(&rule[1..], RuleError::AllChannels)?,
            [b'+', name @ ..] => self.apply_command(Sign::Plus, name)?,
            [b'-', name @ ..] => self.apply_command(Sign::Minus, name)?,
            [b'%', ..] => return Err(RuleError::HalfAccess),
            [b'(', ..] | b"clearselectors" => return Err(RuleError::Selector),
            _ => return Err(RuleError::Syntax),
        }
        Ok(())
    }

    fn apply_command(&mut self, sign: Sign, name: &[u8]) -> Result<(), RuleError> {
        let name = std::str::from_utf8(name).map_err(|_| RuleError::Unknown)?;
        if name.contains('|') {
            return Err(RuleError::Subcommand);
        }
        Scope::of(name).ok_or(RuleError::Unknown)?;
        self.put_command(sign, name.to_owned());
        Ok(())
    }

    fn put_all_commands(&mut self, allowed: bool) {
        self.allows_all = allowed;
        self.commands.clear();
    }

    pub(super) fn put_command(&mut self, sign: Sign, name: String) {
        self.commands.retain(|(_, known)| *known != name);
        self.commands.push((sign, name));
    }

    /// Whether the user may be used at all.
    pub fn is_on(&self) -> bool {
        self.is_on
    }

    /// What they allow. Commands that are not there any more are left out.
    pub fn compile(&self) -> Permissions {
        let mut commands = CommandSet::of(|_| self.allows_all);
        for (sign, name) in &self.commands {
            let Some(scope) = Scope::of(name) else { continue };
            for command in table::all().filter(|command| scope.has(command)) {
                commands.put(command, *sign == Sign::Plus);
            }
        }
        Permissions { commands, keys: self.keys.compile(), channels: self.channels.compile() }
    }

    /// All rules in one line, from which [`parse`](Self::parse) makes the same.
    pub fn text(&self) -> Vec<u8> {
        join(vec![self.on().into(), self.keys(), self.channels(), self.commands().into()])
    }

    /// The rules about keys, as ACL GETUSER shows them.
    pub fn keys(&self) -> Vec<u8> {
        self.keys.text(b'~')
    }

    /// The rules about channels, as ACL GETUSER shows them.
    pub fn channels(&self) -> Vec<u8> {
        self.channels.text(b'&')
    }

    /// The rules about commands, as ACL GETUSER shows them.
    pub fn commands(&self) -> String {
        let mut text = String::from(if self.allows_all { "+@all" } else { "-@all" });
        for (sign, name) in &self.commands {
            text.push_str(if *sign == Sign::Plus { " +" } else { " -" });
            text.push_str(name);
        }
        text
    }

    /// A line of ACL LIST, of a user with this name and the hashes of these passwords in hexadecimal.
    pub fn line(&self, user: &str, passwords: impl Iterator<Item = String>) -> Vec<u8> {
        let mut words = vec![b"user".to_vec(), user.into(), self.on().into()];
        words.extend(passwords.map(|hash| format!("#{hash}").into_bytes()));
        words.push(self.keys());
        if self.channels != Names::All {
            words.push(b"resetchannels".into());
        }
        words.push(self.channels());
        words.push(self.commands().into());
        join(words)
    }

    /// `on` or `off`.
    pub fn on(&self) -> &'static str {
        if self.is_on { "on" } else { "off" }
    }
}

fn join(mut words: Vec<Vec<u8>>) -> Vec<u8> {
    words.retain(|word| !word.is_empty());
    words.join(&b' ')
}

/// Whom a rule is about.
enum Scope {
    Category(Category),
    /// A command with what it holds.
    Command(&'static Command),
}

impl Scope {
    fn of(name: &str) -> Option<Self> {
        match name.strip_prefix('@') {
            Some(category) => Category::named(category).map(Self::Category),
            None => table::named(name.as_bytes()).map(Self::Command),
        }
    }

    fn has(&self, command: &Command) -> bool {
        match self {
            Self::Category(category) => command.categories().has(*category),
            Self::Command(named) => {
                let is_within = command.parent.is_some_and(|parent| parent.name == named.spec.name);
                command.index() == named.index() || (named.parent.is_none() && is_within)
            }
        }
    }
}

impl Default for Names {
    fn default() -> Self {
        Self::Some(Vec::new())
    }
}

impl Names {
    fn put(&mut self, pattern: &[u8], all: RuleError) -> Result<(), RuleError> {
        let Self::Some(patterns) = self else { return Err(all) };
        if pattern.iter().any(|byte| byte.is_ascii_whitespace() || *byte == 0) {
            return Err(RuleError::Syntax);
        }
        if !patterns.iter().any(|known| known == pattern) {
            patterns.push(Bytes::copy_from_slice(pattern));
        }
        Ok(())
    }

    fn compile(&self) -> Patterns {
        match self {
            Self::All => Patterns::All,
            Self::Some(patterns) => Patterns::new(patterns.iter().map(AsRef::as_ref)),
        }
    }

    fn text(&self, sign: u8) -> Vec<u8> {
        match self {
            Self::All => vec![sign, b'*'],
            Self::Some(patterns) => patterns
                .iter()
                .map(|pattern| [&[sign], &pattern[..]].concat())
                .collect::<Vec<_>>()
                .join(&b' '),
        }
    }
}
