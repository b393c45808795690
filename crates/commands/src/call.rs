//! A command on its way: the words, and what the table says of them.

use std::net::SocketAddr;
use std::sync::Arc;

use fastrand::Rng;
use latchkey_keyspace::{Keyspace, Now, Str};
use latchkey_protocol::{Reply, ReplyError, Words};
use latchkey_pubsub::Outbox;

use crate::acl::Permissions;
use crate::table::{self, Command};
use crate::{Args, Facts, Key, Read, Run, Server, Settings, Spec, Wanted, Write};

/// Words that name a command of the table and have the right number. Only [`resolve`](Self::resolve) makes one.
#[derive(Clone, Debug)]
pub struct Call {
    words: Words,
    command: &'static Command,
    permissions: Option<Arc<Permissions>>,
    origin: Option<SocketAddr>,
}

impl Call {
    /// Finds the command that the words name, and checks their number.
    pub fn resolve(words: Words) -> Result<Self, ReplyError> {
        let command = Self::find(&words)?;
        Self::of(command, words)
    }

    fn of(command: &'static Command, words: Words) -> Result<Self, ReplyError> {
        if !command.spec.arity.accepts(words.len()) {
            return Err(ReplyError::wrong_arity(&command.full_name()));
        }
        Ok(Self { words, command, permissions: None, origin: None })
    }

    /// The command that the words name: the first of them, or the first two.
    pub(crate) fn find(words: &Words) -> Result<&'static Command, ReplyError> {
        let command = table::find(words).ok_or_else(|| not_available(words.name()))?;
        Self::find_within(command, words)
    }

    /// The command, or the one of its subcommands that the second word names.
    fn find_within(command: &'static Command, words: &Words) -> Result<&'static Command, ReplyError> {
        match (command.spec.subcommands, words.as_slice().get(1)) {
            ([], _) => Ok(command),
            (_, None) if !command.is_container() => Ok(command),
            (_, None) => Err(ReplyError::wrong_arity(&command.full_name())),
            (_, Some(word)) => command.subcommand(word).ok_or_else(|| unknown_subcommand(command, word)),
        }
    }

    /// As [`resolve`](Self::resolve), for a door without connections. It refuses every command that belongs to one,
    /// whatever its arguments are.
    pub fn resolve_over_rest(words: Words) -> Result<Self, ReplyError> {
        let named = table::find(&words).ok_or_else(|| not_available(words.name()))?;
        if named.needs_connection() {
            return Err(not_over_rest(named));
        }
        let command = Self::find_within(named, &words)?;
        let call = Self::of(command, words)?;
        if command.needs_connection() { Err(not_over_rest(command)) } else { Ok(call) }
    }

    /// As [`resolve`](Self::resolve), for a script: its commands are refused in Redis's words for scripts.
    pub fn resolve_in_script(words: Words) -> Result<Self, ReplyError> {
        let command = Self::find(&words)
            .map_err(|_| ReplyError::fixed("ERR Unknown Redis command called from script"))?;
        if command.spec.no_script || command.needs_connection() {
            return Err(ReplyError::fixed("ERR This Redis command is not allowed from script"));
        }
        let call = Self::resolve(words)
            .map_err(|_| ReplyError::fixed("ERR Wrong number of args calling Redis command from script"))?;
        call.check_block_in_script()?;
        Ok(call)
    }

    /// A script cannot wait. Commands that pop answer at once instead; those that read streams are refused.
    fn check_block_in_script(&self) -> Result<(), ReplyError> {
        let reads_streams = self
            .spec()
            .waits
            .is_some_and(|waits| matches!(waits.wanted, Wanted::Entries | Wanted::Deliveries(_)));
        if !reads_streams || self.patience().is_none() {
            return Ok(());
        }
        let name = self.command.full_name();
        Err(ReplyError::new(format!("ERR {name} command is not allowed with BLOCK option from scripts")))
    }

    /// The same command with other words, which name it too.
    pub(crate) fn with_words(self, words: Words) -> Self {
        Self { words, ..self }
    }

    /// The same on behalf of somebody who may not do everything: what it runs in turn, if it is a script, is checked
    /// against the same permissions.
    pub fn on_behalf_of(self, permissions: Arc<Permissions>) -> Self {
        Self { permissions: Some(permissions), ..self }
    }

    /// The same from this address, which MONITOR shows.
    pub fn sent_from(self, origin: Option<SocketAddr>) -> Self {
        Self { origin, ..self }
    }

    /// The address of the connection that it came by; `None` where there is none that lasts.
    pub fn origin(&self) -> Option<SocketAddr> {
        self.origin
    }

    /// What its sender may do; `None` for everything that it can be asked for.
    pub fn permissions(&self) -> Option<&Arc<Permissions>> {
        self.permissions.as_ref()
    }

    /// The command's declaration.
    pub fn spec(&self) -> &'static Spec {
        self.command.spec
    }

    /// The command with its family.
    pub fn command(&self) -> &'static Command {
        self.command
    }

    /// Name and arguments.
    pub fn words(&self) -> &Words {
        &self.words
    }

    /// Name and arguments, for whoever has to hand them on.
    pub fn into_words(self) -> Words {
        self.words
    }

    /// The arguments, without the name and, of a subcommand, without its container's.
    pub fn args(&self) -> Args<'_> {
        let skipped = 1 + usize::from(self.command.parent.is_some());
        Args::new(&self.words.as_slice()[skipped..])
    }

    /// The keys that it names, in order.
    pub fn keys(&self) -> Vec<Key<'_>> {
        let spec = self.spec();
        spec.keys.among(self.words.as_slice(), spec.access())
    }

    /// Whether it changes nothing, answers at once, and looks at nothing but the keys that it names: a keyspace that has
    /// those is all that it needs.
    pub fn needs_its_keys_only(&self) -> bool {
        let reads = matches!(self.spec().run, Run::Read(_)) && !self.spec().reaches_all;
        reads && self.patience().is_none() && !self.keys().is_empty()
    }
}

/// Where a command runs: one database at one instant.
#[derive(Debug)]
pub struct Site<'a> {
    /// The keys.
    pub keyspace: &'a mut Keyspace,
    /// The instant.
    pub now: Now,
    /// The database's random numbers.
    pub chance: &'a mut Rng,
    /// What is known of the process and the database.
    pub facts: &'a Facts,
    /// What CONFIG SET may change.
    pub settings: &'a mut Settings,
    /// What is to be published when the step is done.
    pub outbox: &'a mut Outbox,
    /// The longest value that the plan allows under one key.
    pub record_bytes_max: u64,
}

impl Call {
    /// Runs the command to its end. It never waits. Commands about scripts are not run here: see [`Run::Script`].
    pub fn run(&self, site: &mut Site<'_>) -> Reply {
        self.announce(site.keyspace);
        site.keyspace.begin_deed(self.spec().deed());
        let reply = self.handle(site);
        site.keyspace.announce(None);
        reply
    }

    fn handle(&self, site: &mut Site<'_>) -> Reply {
        let result = match self.spec().run {
            Run::Read(handler) => {
                handler(&mut Read::new(site.keyspace.view(site.now), site.chance), self.args())
            }
            Run::Write(handler) => {
                let edit = site.keyspace.edit(site.now);
                handler(&mut Write::new(edit, site.chance, site.record_bytes_max), self.args())
            }
            Run::Server(handler) => {
                let view = site.keyspace.view(site.now);
                let Site { facts, settings, outbox, .. } = site;
                handler(&mut Server { view, facts, settings, outbox }, self.args())
            }
            Run::Script(_) | Run::Account(_) | Run::Session | Run::Container => {
                Err(not_over_rest(self.command).into())
            }
        };
        result.unwrap_or_else(Reply::from)
    }

    /// Tells the keyspace which keys will be touched; in debug builds it refuses any other. So a key that the spec
    /// forgets is found by the first test that runs the command.
    fn announce(&self, keyspace: &mut Keyspace) {
        if cfg!(debug_assertions) && !self.spec().reaches_all {
            keyspace.announce(Some(self.keys().iter().map(|key| Str::from(key.name)).collect()));
        }
    }
}

/// What a door without connections answers to a command that needs one.
pub fn not_over_rest(command: &Command) -> ReplyError {
    let name = command.parent.unwrap_or(command.spec).name;
    ReplyError::new(format!("ERR Command \"{name}\" is not allowed in REST or it has a special context path"))
}

/// So much of a name that nobody knows is repeated in the error.
const ECHO_MAX: usize = 64;

/// What is answered to a command that does not exist here.
pub fn not_available(name: &[u8]) -> ReplyError {
    let name = printable(name).to_ascii_uppercase();
    ReplyError::new(format!(
        "ERR Command is not available: '{name}'. See https://upstash.com/docs/redis/overall/rediscompatibility for details"
    ))
}

fn unknown_subcommand(container: &Command, word: &[u8]) -> ReplyError {
    let (word, name) = (printable(word), container.spec.name);
    ReplyError::new(format!("ERR unknown subcommand '{word}'. Try {name} HELP."))
}

/// The beginning of a client's word, fit for an error text.
pub fn printable(word: &[u8]) -> String {
    let cut = &word[..word.len().min(ECHO_MAX)];
    let text = String::from_utf8_lossy(cut);
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
