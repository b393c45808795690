//! One connection, from its first command to its last.

mod authentication;
mod client;
mod listening;
mod others;
mod tracking;
mod transaction;
mod waiting;

use std::net::SocketAddr;
use std::sync::Arc;

use futures_util::FutureExt;
use latchkey_pipeline::{
    Answer, Asked, Batch, Caller, Command, Incoming, Refusal, Replies, Scope, Session, Shape, Stack, asked,
    not_available,
};
use latchkey_protocol::resp::{Decoder, Version, write_reply};
use latchkey_protocol::{Reply, ReplyError, Words};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::clients::Client;
use crate::door::Share;
use crate::line::{Ends, Line};
use crate::{Door, wrong_door};
use listening::MESSAGES_AT_ONCE;
use transaction::Transaction;

/// So many commands go into the pipeline at once. After each such batch others get their turn.
const BATCH_COMMANDS: usize = 64;

/// What is known of a connection, and what is spoken on it.
pub(crate) struct Conversation<'a, S: Stack, T> {
    door: &'a Door<S>,
    line: Line<'a, T>,
    decoder: Decoder,
    client: Arc<Client>,
    opened: Instant,
    /// The name or id of the database that the client has asked for in the TLS handshake.
    database: Option<String>,
    session: Option<Session>,
    version: Version,
    /// Commands for the database that have arrived and not been handed in yet.
    pending: Batch<Result<Words, ReplyError>>,
    transaction: Option<Transaction>,
    voice: Voice,
    /// The last command that was known.
    said: Option<&'static Command>,
    /// How often a password was refused.
    refusals: u32,
    is_first_command: bool,
    /// Whether it listens on something, or monitors.
    is_listening: bool,
    /// Whether it keeps copies of keys, and is told when they are stale.
    keeps_copies: bool,
    /// Whether the next command is an exception to how keys are tracked: CLIENT CACHING.
    is_exceptional: bool,
    /// Whether it listens on channels or patterns: then only a few commands are for RESP2.
    is_subscribed: bool,
}

/// Whether replies are sent: CLIENT REPLY.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Voice {
    On,
    Off,
    /// Not the next one.
    Skip,
}

impl<'a, S: Stack, T: AsyncRead + AsyncWrite + Unpin> Conversation<'a, S, T> {
    /// A conversation over this stream, between these addresses: the client's and ours. A database may have been asked
    /// for already.
    pub(crate) fn new(
        stream: T,
        addresses: [SocketAddr; 2],
        database: Option<String>,
        door: &'a Door<S>,
        stopped: watch::Receiver<bool>,
    ) -> Self {
        let client = Arc::new(door.clients.open(addresses, door.gate.now_ms()));
        let mut conversation = Self {
            door,
            line: Line::new(stream, Share::new(&door.budget), stopped),
            decoder: Decoder::new(door.settings.request),
            client,
            opened: Instant::now(),
            database,
            session: None,
            version: Version::default(),
            pending: Batch::new(),
            transaction: None,
            voice: Voice::On,
            said: None,
            refusals: 0,
            is_first_command: true,
            is_listening: false,
            keeps_copies: false,
            is_exceptional: false,
            is_subscribed: false,
        };
        conversation.become_somebody(door.open_session(conversation.database.as_deref()));
        conversation
    }

    /// Answers commands until one of the two sides ends it.
    pub(crate) async fn hold(mut self) {
        let client = Arc::clone(&self.client);
        let end = tokio::select! {
            biased;
            () = client.killed() => Ends::Killed,
            end = self.converse() => end,
        };
        tracing::debug!(client = self.client.id, %end, "a connection ends");
        if !matches!(end, Ends::Broken(_) | Ends::Silent | Ends::TooSlow | Ends::Killed) {
            let farewell = async {
                self.line.flush(self.idle_deadline()).await.ok()?;
                self.line.close().await.ok()
            };
            if farewell.await.is_none() {
                tracing::debug!(client = self.client.id, "the client was gone first");
            } else if matches!(end, Ends::Dismissed | Ends::NoMemory) {
                self.line.linger().await;
            }
        }
    }

    async fn converse(&mut self) -> Ends {
        loop {
            if let Err(end) = self.round().await {
                return end;
            }
        }
    }

    /// Answers all commands that have arrived, with one write unless the replies are large, and waits for more.
    async fn round(&mut self) -> Result<(), Ends> {
        while let Some(words) = self.next_command().await? {
            match self.is_exceptional {
                true => self.take_exceptional(words).await?,
                false => self.take(words).await?,
            }
        }
        self.run_pending().await?;
        if self.is_listening || self.keeps_copies {
            self.write_heard(MESSAGES_AT_ONCE)?;
        }
        self.line.flush(self.idle_deadline()).await?;
        self.wait().await?;
        self.client.heard(self.door.gate.now_ms());
        Ok(())
    }

    async fn next_command(&mut self) -> Result<Option<Words>, Ends> {
        match self.decoder.decode(&mut self.line.input) {
            Ok(words) => Ok(words),
            Err(error) => {
                self.run_pending().await?;
                self.voice = Voice::On;
                self.reply(error);
                Err(Ends::Dismissed)
            }
        }
    }

    async fn take(&mut self, words: Words) -> Result<(), Ends> {
        if std::mem::take(&mut self.is_first_command) && wrong_door::is_http(words.as_slice()) {
            self.line.output = wrong_door::http_response(&self.door.settings.rest_url);
            return Err(Ends::Dismissed);
        }
        match asked(&words) {
            Ok(asked) if self.is_subscribed && self.version == Version::Resp2 => {
                self.take_as_subscriber(asked, words).await
            }
            Ok(Asked::Door(command)) => {
                self.run_pending().await?;
                self.answer(command, words).await
            }
            Ok(Asked::Database(_) | Asked::Waiting(_)) if self.session.is_none() => self.refuse(NO_AUTH),
            Ok(Asked::Database(_) | Asked::Waiting(_)) if self.transaction.is_some() => self.queue(words),
            Ok(Asked::Waiting(command)) => {
                self.await_pause(std::slice::from_ref(&words)).await?;
                self.run_pending().await?;
                self.said = Some(command);
                self.run_waiting(words).await
            }
            Ok(Asked::Database(command)) => {
                self.await_pause(std::slice::from_ref(&words)).await?;
                self.said = command.or(self.said);
                self.pending.push(Ok(words));
                if self.pending.len() < BATCH_COMMANDS { Ok(()) } else { self.run_pending().await }
            }
            Err(error) => {
                self.run_pending().await?;
                self.spoil();
                self.refuse(error)
            }
        }
    }

    /// Answers a command that belongs to the connection.
    async fn answer(&mut self, command: &'static Command, words: Words) -> Result<(), Ends> {
        let arguments = &words.as_slice()[1..];
        let name = match command.parent {
            Some(container) => (container.name, Some(command.spec.name)),
            None => (command.spec.name, None),
        };
        self.said = Some(command);
        self.note_said();
        match name {
            ("AUTH", _) => return self.auth(arguments).await,
            ("HELLO", _) if self.transaction.is_none() => return self.hello(arguments).await,
            ("QUIT", _) => {
                self.reply(Reply::OK);
                return Err(Ends::Left);
            }
            ("RESET", _) => {
                self.reset();
                self.reply(Reply::status("RESET"));
                return Ok(());
            }
            _ => {}
        }
        let Some(session) = &self.session else { return self.refuse(NO_AUTH) };
        if let Err(error) = session.check(&words) {
            self.spoil();
            return self.refuse(error);
        }
        match name {
            ("MULTI", _) => self.multi(),
            ("EXEC", _) => return self.exec().await,
            ("DISCARD", _) => self.discard(),
            ("WATCH", _) if self.transaction.is_some() => {
                self.reply(ReplyError::fixed("ERR WATCH inside MULTI is not allowed"));
            }
            _ if self.transaction.is_some() => {
                self.spoil();
                return self.refuse(NOT_IN_TRANSACTION);
            }
            ("WATCH", _) => return self.watch(words).await,
            ("UNWATCH", _) => {
                self.unwatch();
                self.reply(Reply::OK);
            }
            ("CLIENT", Some("KILL")) => return self.kill(&arguments[1..]),
            ("CLIENT", Some("TRACKING")) => return self.track(words).await,
            ("SUBSCRIBE" | "PSUBSCRIBE" | "SSUBSCRIBE" | "MONITOR", _) => return self.listen(words).await,
            ("UNSUBSCRIBE", _) => return self.stop_listening(Scope::Channel, arguments),
            ("PUNSUBSCRIBE", _) => return self.stop_listening(Scope::Pattern, arguments),
            ("SUNSUBSCRIBE", _) => return self.stop_listening(Scope::Shard, arguments),
            ("CLIENT", Some(subcommand)) => self.client_command(subcommand, &arguments[1..]),
            _ => self.reply(not_available(&words)),
        }
        Ok(())
    }

    /// Hands in the commands that are pending, and writes what comes back.
    async fn run_pending(&mut self) -> Result<(), Ends> {
        let mut commands = std::mem::take(&mut self.pending);
        if !commands.is_empty() {
            self.note_said();
        }
        while !commands.is_empty() {
            let count = commands.len();
            let answer = self.call(Shape::Stream, commands).await?;
            commands = self.write_answer(answer, count);
            self.line.flush_if_full(self.idle_deadline()).await?;
            if !commands.is_empty() || count == BATCH_COMMANDS {
                tokio::task::yield_now().await;
            }
        }
        Ok(())
    }

    /// Lets others see what it asks for.
    fn note_said(&self) {
        self.client.update(|profile| profile.said = self.said);
    }

    /// Writes the replies to `count` commands. Those that were not run yet.
    fn write_answer(&mut self, answer: Answer, count: usize) -> Batch<Result<Words, ReplyError>> {
        let written = self.line.output.len();
        match answer.replies {
            Replies::One(reply) => self.reply(reply),
            Replies::Many(replies) => replies.into_iter().for_each(|reply| self.reply(reply)),
            Replies::Refused(refusal) => (0..count).for_each(|_| self.reply(refusal.error())),
        }
        if let Some(standing) = &answer.standing {
            standing.count_reply_bytes((self.line.output.len() - written) as u64);
        }
        answer.rest
    }

    /// Hands commands into the pipeline. Whoever is no longer let in is told so, and the connection ends.
    async fn call(
        &mut self,
        shape: Shape,
        commands: Batch<Result<Words, ReplyError>>,
    ) -> Result<Answer, Ends> {
        let answer = self.begin_call(shape, commands)?.await;
        self.admit_answer(answer)
    }

    fn begin_call(
        &self,
        shape: Shape,
        commands: Batch<Result<Words, ReplyError>>,
    ) -> Result<impl Future<Output = Answer> + use<S, T>, Ends> {
        let Some(session) = self.session.clone() else { return Err(Ends::Dismissed) };
        let incoming = Incoming { caller: Caller::Session(session), shape, commands };
        Ok(self.door.stack.clone().call(incoming).map(|answer| match answer {
            Ok(answer) => answer,
            Err(never) => match never {},
        }))
    }

    fn admit_answer(&mut self, answer: Answer) -> Result<Answer, Ends> {
        if let Replies::Refused(Refusal::Unauthenticated(error)) = answer.replies {
            self.reply(error);
            return Err(Ends::Dismissed);
        }
        Ok(answer)
    }

    /// Speaks for whoever this is from now on, or for nobody.
    fn become_somebody(&mut self, mut session: Option<Session>) {
        let database = |session: &Option<Session>| session.as_ref().map(Session::database);
        self.door.clients.moved(&self.client, database(&self.session), database(&session));
        self.decoder.set_authenticated(session.is_some());
        session.iter_mut().for_each(|session| session.come_from(self.client.peer));
        let user = session.as_ref().map_or_else(String::new, |session| session.user_name().to_owned());
        let vigil = session.as_ref().map(Session::watching).cloned();
        let ear = session.as_ref().map(|session| Arc::downgrade(session.ear()));
        self.client.update(|profile| {
            profile.user = user;
            if let Some(vigil) = &vigil {
                vigil.leave_no_trace(profile.leaves_no_trace);
            }
            profile.vigil = vigil;
            profile.ear = ear.unwrap_or_default();
        });
        self.session = session;
        self.note_listening();
    }

    /// Returns to the state in which it was opened.
    fn reset(&mut self) {
        self.transaction = None;
        self.version = Version::default();
        self.voice = Voice::On;
        self.client.update(|profile| {
            profile.is_kept = false;
            profile.leaves_no_trace = false;
            profile.name.clear();
            profile.version = Version::default();
            profile.queued = None;
            profile.watched = 0;
        });
        self.become_somebody(self.door.open_session(self.database.as_deref()));
    }

    fn refuse(&mut self, error: ReplyError) -> Result<(), Ends> {
        self.reply(error);
        Ok(())
    }

    /// Writes the reply to one command, unless the client does not want it.
    fn reply(&mut self, reply: impl Into<Reply>) {
        match self.voice {
            Voice::On => write_reply(&mut self.line.output, &reply.into(), self.version),
            Voice::Off => {}
            Voice::Skip => self.voice = Voice::On,
        }
    }

    fn idle_deadline(&self) -> Instant {
        Instant::now() + self.door.settings.idle_timeout
    }

    fn read_deadline(&self) -> Instant {
        match self.session {
            Some(_) => self.idle_deadline(),
            None => self.opened + self.door.settings.authentication_timeout,
        }
    }
}

impl<S: Stack, T> Drop for Conversation<'_, S, T> {
    fn drop(&mut self) {
        let database = self.session.as_ref().map(Session::database);
        self.door.clients.moved(&self.client, database, None);
    }
}

const NO_AUTH: ReplyError = ReplyError::fixed("NOAUTH Authentication required.");
const NOT_IN_TRANSACTION: ReplyError = ReplyError::fixed("ERR Command not allowed inside a transaction");
