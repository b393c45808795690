//! How a command is declared.

use bytes::Bytes;
use latchkey_keyspace::{Class, Deed};
use latchkey_protocol::ReplyError;

use crate::channels::Channels;
use crate::keys::{Access, Keys};
use crate::{Args, Categories, Category, Example, Read, Result, Server, Waits, Write};

/// All that is known of a command. Made by const functions above its handler:
///
/// ```text
/// pub(super) const STRLEN: Spec = Spec::read("STRLEN", strlen)
///     .summary("Returns the length of a string.")
///     .since("2.2.0")
///     .arity(Exactly(2))
///     .keys(At(1))
///     .fast()
///     .example("> SET greeting hello\nOK\n> STRLEN greeting\n(integer) 5");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Spec {
    /// The name in upper case; of a subcommand, only its own word.
    pub name: &'static str,
    /// The handler, and with it what the command may do.
    pub run: Run,
    /// One sentence.
    pub summary: &'static str,
    /// The version of Redis that brought it, or of Upstash's own: `upstash`.
    pub since: &'static str,
    /// How many words.
    pub arity: Arity,
    /// Where its keys are.
    pub keys: Keys,
    /// Where its channels are.
    pub channels: Channels,
    /// Of a command that can reach keys which no word names, but by what its options ask for: the refusal of these
    /// words to somebody who may not use all keys.
    pub unnamed: Option<Refuses>,
    /// Whether it needs room.
    pub growth: Growth,
    /// How its time grows.
    pub cost: Cost,
    /// Redis's `fast` flag: constant or logarithmic time.
    pub fast: bool,
    /// Whether it can reach keys that it does not name (KEYS, SCAN, RANDOMKEY).
    pub reaches_all: bool,
    /// Whether running it is free of charge.
    pub free: bool,
    /// Whether it is kept from scripts.
    pub no_script: bool,
    /// Whether it is kept from read-only tokens although it only reads and is not dangerous.
    pub no_readers: bool,
    /// How it waits where it finds nothing; `None` if it always answers at once.
    pub waits: Option<Waits>,
    /// What its changes are called when they are told, if not by its name.
    pub event: Option<Deed>,
    /// Categories beyond those that follow from family and kind.
    pub extra: Categories,
    /// A session with the command, run by a test. A container leaves it to what it holds.
    pub example: Example,
    /// Of a container such as CONFIG, or of a command such as COMMAND that is one too: what it holds.
    pub subcommands: &'static [Spec],
}

/// What to answer to a command's words, if they are refused.
pub type Refuses = fn(&[Bytes]) -> Option<ReplyError>;

/// How a command is run. The kind says what it may do: the flags `readonly` and `write` are read off it.
#[derive(Clone, Copy, Debug)]
pub enum Run {
    /// Reads keys.
    Read(fn(&mut Read<'_>, Args<'_>) -> Result),
    /// Writes keys.
    Write(fn(&mut Write<'_>, Args<'_>) -> Result),
    /// Tells of the server, or changes the database's settings.
    Server(fn(&mut Server<'_>, Args<'_>) -> Result),
    /// Is about scripts. Whoever runs commands does it, because a script runs commands in turn.
    Script(Script),
    /// Is about the users of the database. Whoever knows who may do what does it.
    Account(Account),
    /// Belongs to a connection, so the door that has one answers it. Not available over REST.
    Session,
    /// Has no handler of its own, only subcommands.
    Container,
}

/// What a command about scripts does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Script {
    /// Runs one: `<text or digest> <count of keys> <keys …> <arguments …>`.
    Eval {
        /// Whether the script is named by its digest instead of given as text.
        by_digest: bool,
        /// Whether it may only read.
        read_only: bool,
    },
    /// Keeps one, given as text, and answers its digest.
    Load,
    /// Tells of digests whether their scripts are kept.
    Exists,
    /// Forgets all of them.
    Flush,
    /// Calls a function of a library: `<function> <count of keys> <keys …> <arguments …>`.
    Call {
        /// Whether it may only read.
        read_only: bool,
    },
    /// Keeps a library, given as its program, and answers its name.
    LoadLibrary,
    /// Keeps libraries, given as FUNCTION DUMP answers them.
    RestoreLibraries,
    /// Tells of libraries and their functions.
    ListLibraries,
    /// Counts libraries and functions.
    LibraryStats,
}

/// What a command about users does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Account {
    /// Removes users.
    DeleteUsers,
    /// Tells whether a user may run a command.
    DryRun,
    /// Draws random digits.
    GeneratePassword,
    /// Wraps a password, given or drawn, into a token.
    GenerateToken,
    /// Describes a user, field by field.
    GetUser,
    /// Describes all users, each in a line.
    List,
    /// Wraps a user's password into a token.
    RestToken,
    /// Makes a user, or changes its rules.
    SetUser,
    /// Names all users.
    Users,
    /// Names the user who asks.
    WhoAmI,
}

/// How many words a command has, its name included (and a container's, for a subcommand).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arity {
    /// So many.
    Exactly(usize),
    /// So many or more.
    AtLeast(usize),
}

/// Whether a command can make the database larger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Growth {
    /// It cannot.
    None,
    /// By no more than its arguments take when they are stored.
    Arguments,
    /// By how much is known only afterwards (COPY, the STORE commands, SETRANGE).
    Free,
}

/// How a command's time grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cost {
    /// With its arguments, if at all.
    Small,
    /// With the size of the values it names.
    Values,
    /// With the number of keys in the database.
    Database,
    /// Nobody can tell before: it runs a client's program.
    Unknown,
}

impl Arity {
    /// Whether a command of `words` words has the right number.
    pub fn accepts(self, words: usize) -> bool {
        match self {
            Self::Exactly(n) => words == n,
            Self::AtLeast(n) => words >= n,
        }
    }

    /// As `COMMAND INFO` gives it: negative for "or more".
    pub fn signed(self) -> i64 {
        match self {
            Self::Exactly(n) => n as i64,
            Self::AtLeast(n) => -(n as i64),
        }
    }
}

impl Spec {
    const fn new(name: &'static str, run: Run) -> Self {
        Self {
            name,
            run,
            summary: "",
            since: "",
            arity: Arity::AtLeast(1),
            keys: Keys::None,
            channels: Channels::None,
            unnamed: None,
            growth: Growth::None,
            cost: Cost::Small,
            fast: false,
            reaches_all: false,
            free: false,
            no_script: false,
            no_readers: false,
            waits: None,
            event: None,
            extra: Categories::NONE,
            example: Example::NONE,
            subcommands: &[],
        }
    }

    /// A command that reads keys.
    pub const fn read(name: &'static str, handler: fn(&mut Read<'_>, Args<'_>) -> Result) -> Self {
        Self::new(name, Run::Read(handler))
    }

    /// A command that writes keys.
    pub const fn write(name: &'static str, handler: fn(&mut Write<'_>, Args<'_>) -> Result) -> Self {
        Self::new(name, Run::Write(handler))
    }

    /// A command about the server or the database's settings.
    pub const fn server(name: &'static str, handler: fn(&mut Server<'_>, Args<'_>) -> Result) -> Self {
        Self::new(name, Run::Server(handler))
    }

    /// A command about scripts. None of them is for scripts.
    pub const fn script(name: &'static str, script: Script) -> Self {
        Self::new(name, Run::Script(script)).no_script()
    }

    /// A command about users. None of them is for scripts.
    pub const fn account(name: &'static str, account: Account) -> Self {
        Self::new(name, Run::Account(account)).no_script()
    }

    /// A command that belongs to a connection.
    pub const fn session(name: &'static str) -> Self {
        Self::new(name, Run::Session)
    }

    /// A command that only holds subcommands.
    pub const fn container(name: &'static str, subcommands: &'static [Spec]) -> Self {
        let mut spec = Self::new(name, Run::Container);
        spec.subcommands = subcommands;
        spec.arity = Arity::AtLeast(2);
        spec
    }

    /// It has subcommands besides its own handler, which runs when none is named.
    pub const fn subcommands(mut self, subcommands: &'static [Spec]) -> Self {
        self.subcommands = subcommands;
        self
    }

    /// One sentence on what it does.
    pub const fn summary(mut self, summary: &'static str) -> Self {
        self.summary = summary;
        self
    }

    /// The version of Redis that brought it.
    pub const fn since(mut self, since: &'static str) -> Self {
        self.since = since;
        self
    }

    /// How many words it has, the name included.
    pub const fn arity(mut self, arity: Arity) -> Self {
        self.arity = arity;
        self
    }

    /// Where its keys are.
    pub const fn keys(mut self, keys: Keys) -> Self {
        self.keys = keys;
        self
    }

    /// Where its channels are.
    pub const fn channels(mut self, channels: Channels) -> Self {
        self.channels = channels;
        self
    }

    /// Its options can reach keys that no word names: what to answer to these words if not all keys may be used.
    pub const fn unnamed(mut self, refusal: Refuses) -> Self {
        self.unnamed = Some(refusal);
        self
    }

    /// It can make the database larger, by what its arguments take.
    pub const fn grows(mut self) -> Self {
        self.growth = Growth::Arguments;
        self
    }

    /// It can make the database larger, by how much is known only afterwards.
    pub const fn grows_freely(mut self) -> Self {
        self.growth = Growth::Free;
        self
    }

    /// How its time grows, where that is not with its arguments.
    pub const fn cost(mut self, cost: Cost) -> Self {
        self.cost = cost;
        self
    }

    /// It takes constant or logarithmic time.
    pub const fn fast(mut self) -> Self {
        self.fast = true;
        self
    }

    /// It can reach keys that it does not name.
    pub const fn reaches_all(mut self) -> Self {
        self.reaches_all = true;
        self
    }

    /// Running it is free of charge.
    pub const fn free(mut self) -> Self {
        self.free = true;
        self
    }

    /// It is kept from scripts.
    pub const fn no_script(mut self) -> Self {
        self.no_script = true;
        self
    }

    /// It is kept from read-only tokens, as Upstash keeps SCAN from them.
    pub const fn no_readers(mut self) -> Self {
        self.no_readers = true;
        self
    }

    /// It waits where it finds nothing and its words ask for that.
    pub const fn waits(mut self, waits: Waits) -> Self {
        self.waits = Some(waits);
        self
    }

    /// Its changes are told under this name, which is not its own.
    pub const fn event(mut self, name: &'static str) -> Self {
        self.event = Some(Deed::named(name));
        self
    }

    /// Its changes are told under this name in this class, whatever the type of the key.
    pub const fn event_of(mut self, class: Class, name: &'static str) -> Self {
        self.event = Some(Deed::of(class, name));
        self
    }

    /// Its changes are told only where its handler says so.
    pub const fn no_event(mut self) -> Self {
        self.event = Some(Deed::NONE);
        self
    }

    /// One more ACL category.
    pub const fn category(mut self, category: Category) -> Self {
        self.extra = self.extra.with(category);
        self
    }

    /// A session that shows it, as [`Example`] describes: lines that begin with `> ` are commands, the others what
    /// `redis-cli` prints.
    pub const fn example(mut self, session: &'static str) -> Self {
        self.example = Example::new(session);
        self
    }

    /// What its changes are called when they are told.
    pub fn deed(&self) -> Deed {
        self.event.unwrap_or(Deed::named(self.name))
    }

    /// Whether it writes keys or libraries. What a script writes, its commands do.
    pub fn is_write(&self) -> bool {
        matches!(self.run, Run::Write(_) | Run::Script(Script::LoadLibrary | Script::RestoreLibraries))
    }

    /// Whether it reads keys and writes none, which a script for reading promises too.
    pub fn is_read(&self) -> bool {
        match self.run {
            Run::Read(_) => true,
            Run::Script(Script::Eval { read_only, .. } | Script::Call { read_only }) => read_only,
            _ => false,
        }
    }

    /// What it does to the keys that it names, unless they say otherwise.
    pub fn access(&self) -> Access {
        let writes = self.is_write() || matches!(self.run, Run::Script(_)) && !self.is_read();
        if writes { Access::Both } else { Access::Read }
    }
}
