//! Callers that authenticate once and stay: what a door with connections keeps of them.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use latchkey_commands::{Call, Command, Run, Script};
use latchkey_protocol::{ReplyError, Words};
use latchkey_pubsub::Ear;
use latchkey_tenancy::{Authority, Credentials, DatabaseId, Grants, Principal};

use crate::{Clock, Vigil, policy};

/// Who sends a batch.
#[derive(Clone)]
pub enum Caller {
    /// Whoever this token belongs to; empty if none was sent.
    Token(bytes::Bytes),
    /// Somebody who has authenticated before. Whether that still holds is looked at for every batch.
    Session(Session),
    /// Whoever this token belongs to, to hear with this ear.
    Listener(bytes::Bytes, Arc<Ear>),
}

impl fmt::Debug for Caller {
    /// Leaves the token out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Token(_) | Self::Listener(..) => f.write_str("Token"),
            Self::Session(session) => session.fmt(f),
        }
    }
}

/// Opens sessions. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Gate {
    authority: Arc<Authority>,
    clock: Arc<dyn Clock>,
}

impl Gate {
    /// A gate that this authority keeps.
    pub fn new(authority: Arc<Authority>, clock: Arc<dyn Clock>) -> Self {
        Self { authority, clock }
    }

    /// A session of whoever logs in; `None` if that is refused, whatever the reason.
    pub fn open(&self, credentials: Credentials<'_>) -> Option<Session> {
        match self.authority.log_in(credentials, self.clock.now_ms()) {
            Ok(principal) => Some(Session::of(principal)),
            Err(cause) => {
                tracing::debug!(%cause, "refused a login");
                None
            }
        }
    }

    /// Whether a session is still good: its token may have expired or been revoked.
    pub fn admits(&self, session: &Session) -> bool {
        session.principal.standing(self.clock.now_ms()).is_ok()
    }

    /// The time, for what a door tells of its connections, in Unix milliseconds.
    pub fn now_ms(&self) -> u64 {
        self.clock.now_ms()
    }
}

/// Somebody who has authenticated. Only [`Gate::open`] makes one.
#[derive(Clone, Debug)]
pub struct Session {
    principal: Arc<Principal>,
    watching: Watching,
    ear: Arc<Ear>,
    origin: Option<SocketAddr>,
}

/// What a session keeps watch over.
pub type Watching = Arc<Vigil>;

/// So many keys a session may watch.
const WATCHED_KEYS_MAX: usize = 10_000;

impl Session {
    fn of(principal: Arc<Principal>) -> Self {
        Self { watching: Arc::new(Vigil::of(&principal)), principal, ear: Arc::default(), origin: None }
    }

    pub(crate) fn principal(&self) -> &Arc<Principal> {
        &self.principal
    }

    /// What it keeps watch over.
    pub fn watching(&self) -> &Watching {
        &self.watching
    }

    /// What it hears with, once it listens on something.
    pub fn ear(&self) -> &Arc<Ear> {
        &self.ear
    }

    /// Goes on hearing what another session of the same connection listens on, if that is of the same database.
    pub fn hear_on(&mut self, former: &Self) {
        if former.database() == self.database() {
            self.ear = Arc::clone(&former.ear);
        }
    }

    /// Says where its connection comes from, for MONITOR.
    pub fn come_from(&mut self, origin: SocketAddr) {
        self.origin = Some(origin);
    }

    pub(crate) fn origin(&self) -> Option<SocketAddr> {
        self.origin
    }

    /// How many keys it watches.
    pub fn watched(&self) -> usize {
        self.watching.lock().len()
    }

    /// Watches nothing any more.
    pub fn unwatch(&self) {
        self.watching.lock().clear();
    }

    /// The database that it speaks to.
    pub fn database(&self) -> DatabaseId {
        self.principal.database()
    }

    /// The name of the user that it is.
    pub fn user_name(&self) -> &str {
        self.principal.user_name()
    }

    /// What it may do now.
    pub fn grants(&self) -> Grants {
        self.principal.grants()
    }

    /// Whether this command could be run now: refuses what is not known, has the wrong number of words or is not
    /// allowed. So a transaction can refuse a command when it is queued, and not only when it is to be run.
    pub fn check(&self, words: &Words) -> Result<(), ReplyError> {
        let call = Call::resolve(words.clone())?;
        match call.spec().run {
            Run::Session => self.check_session(&call),
            Run::Account(_) => Err(NOT_IN_TRANSACTION),
            _ => policy::allows(&call, &self.grants(), &self.principal.limits()),
        }
    }

    fn check_session(&self, call: &Call) -> Result<(), ReplyError> {
        policy::permits(call, &self.grants())?;
        let watched = call.keys().len();
        if watched > 0 && self.watched() + watched > WATCHED_KEYS_MAX {
            return Err(ReplyError::new(format!(
                "ERR a connection can watch no more than {WATCHED_KEYS_MAX} keys"
            )));
        }
        Ok(())
    }
}

/// A command about users is no part of a step that happens as a whole: the users are kept elsewhere than the keys.
pub(crate) const NOT_IN_TRANSACTION: ReplyError =
    ReplyError::fixed("ERR Command not allowed inside a transaction");

/// Whom a command is for. Of a container, it is the subcommand, if that is known.
#[derive(Clone, Copy, Debug)]
pub enum Asked {
    /// The database: it is to be handed in. Also what nobody knows, which is refused there.
    Database(Option<&'static Command>),
    /// The database, where it may wait: it is to be handed in by itself, or together with others if it is not to wait.
    Waiting(&'static Command),
    /// The connection: the door answers it itself.
    Door(&'static Command),
}

/// Whom these words are for. An error if they name a command of a connection and have the wrong number.
pub fn asked(words: &Words) -> Result<Asked, ReplyError> {
    let Some(command) = latchkey_commands::find(words) else { return Ok(Asked::Database(None)) };
    if command.needs_connection() {
        return Ok(Asked::Door(Call::resolve(words.clone())?.command()));
    }
    let waits = command.spec.waits.is_some()
        && Call::resolve(words.clone()).is_ok_and(|call| call.patience().is_some());
    if waits {
        return Ok(Asked::Waiting(command));
    }
    let subcommand = words.as_slice().get(1).and_then(|word| command.subcommand(word));
    Ok(Asked::Database(Some(subcommand.unwrap_or(command))))
}

/// Whether the command that these words name may change something.
pub fn may_write(words: &Words) -> bool {
    let writes = |run| match run {
        Run::Write(_) => true,
        Run::Script(Script::Eval { read_only, .. } | Script::Call { read_only }) => !read_only,
        _ => false,
    };
    Call::resolve(words.clone()).is_ok_and(|call| writes(call.spec().run))
}

/// The full name of the command that these words name, in lower case, a subcommand's as `config|get`. An error if there
/// is none, or it has the wrong number of words.
pub fn full_name(words: &Words) -> Result<String, ReplyError> {
    Call::resolve(words.clone()).map(|call| call.command().full_name())
}

/// What a door answers to a command of a connection that it does not have.
pub fn not_available(words: &Words) -> ReplyError {
    latchkey_commands::not_available(words.name())
}
