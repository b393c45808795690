//! `SUBSCRIBE`, `MONITOR` and their kin: what a connection hears without asking each time.

use std::sync::Arc;

use bytes::Bytes;
use latchkey_pipeline::{Asked, Batch, Ear, Message, Replies, Scope, Session, Shape, Stack, full_name};
use latchkey_protocol::resp::{Version, write_bulk, write_push_header, write_reply};
use latchkey_protocol::{Reply, ReplyError, Words};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::sleep;

use super::Conversation;
use super::tracking::{write_broken, write_stale};
use crate::line::Ends;

impl<S: Stack, T: AsyncRead + AsyncWrite + Unpin> Conversation<'_, S, T> {
    /// `SUBSCRIBE`, `PSUBSCRIBE`, `SSUBSCRIBE`, `MONITOR`
    pub(super) async fn listen(&mut self, words: Words) -> Result<(), Ends> {
        let answer = self.call(Shape::Listen, Batch::from_iter([Ok(words)])).await?;
        match answer.replies {
            // Each confirmation is sent by itself.
            Replies::One(Reply::Array(confirmations)) => {
                confirmations.iter().for_each(|confirmation| self.push(confirmation));
            }
            Replies::One(reply) => self.reply(reply),
            Replies::Many(replies) => replies.into_iter().for_each(|reply| self.reply(reply)),
            Replies::Refused(refusal) => self.reply(refusal.error()),
        }
        self.note_listening();
        self.line.flush_if_full(self.idle_deadline()).await
    }

    /// `UNSUBSCRIBE`, `PUNSUBSCRIBE`, `SUNSUBSCRIBE`: names to listen on no more, or none for all.
    pub(super) fn stop_listening(&mut self, scope: Scope, names: &[Bytes]) -> Result<(), Ends> {
        let Some(ear) = self.ear() else { return Ok(()) };
        let mut stopped: Vec<(Option<Bytes>, usize)> =
            ear.unsubscribe(scope, names).into_iter().map(|(name, count)| (Some(name), count)).collect();
        if stopped.is_empty() {
            stopped.push((None, ear.subscriptions(scope)));
        }
        // What came before belongs before.
        self.write_heard(usize::MAX)?;
        let kind = match scope {
            Scope::Channel => "unsubscribe",
            Scope::Pattern => "punsubscribe",
            Scope::Shard => "sunsubscribe",
        };
        for (name, count) in stopped {
            let name = name.map_or(Reply::Null, Reply::Bulk);
            self.push(&Reply::Array(vec![Reply::bulk(kind), name, Reply::count(count)]));
        }
        self.note_listening();
        Ok(())
    }

    /// A command from somebody who listens and speaks RESP2, where replies could not be told from messages.
    pub(super) async fn take_as_subscriber(&mut self, asked: Asked, words: Words) -> Result<(), Ends> {
        let name = match full_name(&words) {
            Ok(name) => name,
            Err(error) => return self.refuse(error),
        };
        match (asked, name.as_str()) {
            (
                Asked::Door(command),
                "subscribe" | "psubscribe" | "ssubscribe" | "unsubscribe" | "punsubscribe" | "sunsubscribe"
                | "quit" | "reset",
            ) => self.answer(command, words).await,
            (Asked::Database(_), "ping") => {
                let message = words.as_slice().get(1).cloned().unwrap_or_default();
                self.reply(Reply::Array(vec![Reply::bulk("pong"), Reply::Bulk(message)]));
                Ok(())
            }
            _ => self.refuse(only_listening(&name)),
        }
    }

    /// Waits until the client has sent something. Whoever listens gets what it hears meanwhile.
    pub(super) async fn wait(&mut self) -> Result<(), Ends> {
        let Some(ear) = self.ear() else { return self.wait_for_command().await };
        let (held_bytes, period) = (self.decoder.held_bytes(), self.door.settings.standing_period);
        let mut deadline = self.idle_deadline();
        loop {
            tokio::select! {
                biased;
                read = self.line.read(held_bytes, deadline) => match read {
                    // Who listens, or has copies of what it would ask for, need not speak; TCP asks whether it is there.
                    Err(Ends::Silent) if self.is_listening || self.keeps_copies => {
                        deadline = self.idle_deadline();
                    }
                    read => {
                        // What it was to hear before it asked comes before the reply.
                        self.write_heard(MESSAGES_AT_ONCE)?;
                        return read;
                    }
                },
                message = ear.hear() => {
                    self.check_standing()?;
                    self.write_message(&message.map_err(|_| Ends::TooSlow)?);
                    self.write_heard(MESSAGES_AT_ONCE)?;
                    self.flush_to_listener(&ear).await?;
                }
                () = sleep(period) => self.check_standing()?,
            }
        }
    }

    /// Waits until somebody who has not authenticated has sent something.
    async fn wait_for_command(&mut self) -> Result<(), Ends> {
        let (held_bytes, deadline) = (self.decoder.held_bytes(), self.read_deadline());
        self.line.read(held_bytes, deadline).await
    }

    /// Writes what was heard, so many messages at most.
    pub(super) fn write_heard(&mut self, messages_max: usize) -> Result<(), Ends> {
        let Some(ear) = self.ear() else { return Ok(()) };
        for _ in 0..messages_max {
            let Some(message) = ear.try_hear().map_err(|_| Ends::TooSlow)? else { break };
            self.write_message(&message);
        }
        Ok(())
    }

    /// Writes to somebody who listens. One that does not read is given up when too much waits for it, and not later.
    async fn flush_to_listener(&mut self, ear: &Ear) -> Result<(), Ends> {
        let deadline = self.idle_deadline();
        tokio::select! {
            biased;
            flushed = self.line.flush(deadline) => flushed,
            () = ear.overflows() => Err(Ends::TooSlow),
        }
    }

    /// Before whatever is heard, and from time to time. Whoever sends nothing would not be noticed to have a token that is
    /// good no longer. One that does not listen is told nothing: it has asked nothing, and would take that for the reply to
    /// what it asks next.
    fn check_standing(&mut self) -> Result<(), Ends> {
        if self.is_in_good_standing() {
            return Ok(());
        }
        if !self.is_listening {
            return Err(Ends::Expelled);
        }
        self.reply(ReplyError::fixed(latchkey_pipeline::AUTHENTICATION_REFUSED));
        Err(Ends::Dismissed)
    }

    /// Whether its token or its user is still good, if it has authenticated at all.
    fn is_in_good_standing(&self) -> bool {
        self.session.as_ref().is_none_or(|session| self.door.gate.admits(session))
    }

    /// Takes up what the session listens on now.
    pub(super) fn note_listening(&mut self) {
        let ear = self.ear();
        let subscriptions = ear.as_ref().map_or([0; 3], |ear| ear.subscribed());
        let monitors = ear.as_ref().is_some_and(|ear| ear.is_monitoring());
        self.keeps_copies = ear.is_some_and(|ear| ear.tracked().is_some());
        self.is_subscribed = subscriptions != [0; 3];
        self.is_listening = self.is_subscribed || monitors;
        self.client.update(|profile| {
            profile.subscriptions = subscriptions;
            profile.monitors = monitors;
        });
    }

    pub(super) fn ear(&self) -> Option<Arc<Ear>> {
        self.session.as_ref().map(Session::ear).cloned()
    }

    /// Writes a message that answers no command; CLIENT REPLY does not silence it.
    fn push(&mut self, message: &Reply) {
        match message {
            Reply::Array(items) => {
                write_push_header(&mut self.line.output, items.len(), self.version);
                items.iter().for_each(|item| write_reply(&mut self.line.output, item, self.version));
            }
            other => write_reply(&mut self.line.output, other, self.version),
        }
    }

    fn write_message(&mut self, message: &Message) {
        let (output, version) = (&mut self.line.output, self.version);
        match message {
            Message::Channel(news) => {
                write_strings(output, [b"message", &news.channel, &news.payload], version)
            }
            Message::Shard(news) => {
                write_strings(output, [b"smessage", &news.channel, &news.payload], version)
            }
            Message::Pattern(pattern, news) => {
                write_strings(output, [b"pmessage", pattern, &news.channel, &news.payload], version);
            }
            Message::Line(line) => {
                output.push(b'+');
                output.extend_from_slice(line);
                output.extend_from_slice(b"\r\n");
            }
            Message::Stale { stale, is_redirected } => {
                write_stale(output, stale, version, *is_redirected && self.is_subscribed);
            }
            Message::RedirectBroken(number) => write_broken(output, *number, version),
        }
    }
}

/// So many messages are written at once; then the client is looked at again.
pub(super) const MESSAGES_AT_ONCE: usize = 64;

fn write_strings<const N: usize>(output: &mut Vec<u8>, strings: [&[u8]; N], version: Version) {
    write_push_header(output, N, version);
    strings.into_iter().for_each(|string| write_bulk(output, string));
}

fn only_listening(name: &str) -> ReplyError {
    ReplyError::new(format!(
        "ERR Can't execute '{name}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this \
         context"
    ))
}
