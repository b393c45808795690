//! `MULTI`, `EXEC`, `DISCARD`, `WATCH`, `UNWATCH`: commands that wait, and run as one step.

use latchkey_pipeline::{Batch, Refusal, Replies, Session, Shape, Stack};
use latchkey_protocol::{Reply, ReplyError, Words};
use tokio::io::{AsyncRead, AsyncWrite};

use super::Conversation;
use crate::line::Ends;

/// Commands that wait for EXEC.
#[derive(Debug, Default)]
pub(super) struct Transaction {
    commands: Vec<Words>,
    bytes: usize,
    /// A command was refused instead of queued: EXEC will run none.
    is_spoiled: bool,
}

impl<S: Stack, T: AsyncRead + AsyncWrite + Unpin> Conversation<'_, S, T> {
    pub(super) fn multi(&mut self) {
        if self.transaction.is_some() {
            return self.reply(ReplyError::fixed("ERR MULTI calls can not be nested"));
        }
        self.transaction = Some(Transaction::default());
        self.note_queued();
        self.reply(Reply::OK);
    }

    pub(super) fn discard(&mut self) {
        match self.transaction.take() {
            Some(_) => {
                self.unwatch();
                self.reply(Reply::OK);
            }
            None => self.reply(ReplyError::fixed("ERR DISCARD without MULTI")),
        }
        self.note_queued();
    }

    pub(super) async fn exec(&mut self) -> Result<(), Ends> {
        let Some(transaction) = self.transaction.take() else {
            return self.refuse(ReplyError::fixed("ERR EXEC without MULTI"));
        };
        self.note_queued();
        if transaction.is_spoiled {
            self.unwatch();
            return self.refuse(ABORTED);
        }
        self.await_pause(&transaction.commands).await?;
        let commands = transaction.commands.into_iter().map(Ok).collect();
        let answer = self.call(Shape::Atomic, commands).await?;
        let written = self.line.output.len();
        match answer.replies {
            Replies::One(reply) => self.reply(reply),
            Replies::Many(replies) => self.reply(Reply::Array(replies.into_vec())),
            Replies::Refused(Refusal::Overtaken) => self.reply(Reply::NullArray),
            Replies::Refused(refusal) => self.reply(refusal.error()),
        }
        self.unwatch();
        if let Some(standing) = &answer.standing {
            standing.count_reply_bytes((self.line.output.len() - written) as u64);
        }
        self.line.flush_if_full(self.idle_deadline()).await
    }

    /// Has the next transaction run only if nobody changes these keys before.
    pub(super) async fn watch(&mut self, words: Words) -> Result<(), Ends> {
        let answer = self.call(Shape::Watch, Batch::from_iter([Ok(words)])).await?;
        match answer.replies {
            Replies::One(reply) => self.reply(reply),
            Replies::Many(replies) => replies.into_iter().for_each(|reply| self.reply(reply)),
            Replies::Refused(refusal) => self.reply(refusal.error()),
        }
        self.note_watched();
        Ok(())
    }

    pub(super) fn unwatch(&self) {
        if let Some(session) = self.session.as_ref().filter(|session| session.watched() > 0) {
            session.unwatch();
        }
        self.note_watched();
    }

    fn note_watched(&self) {
        let watched = self.session.as_ref().map_or(0, Session::watched);
        self.client.update(|profile| profile.watched = watched);
    }

    /// Keeps a command for EXEC, or refuses it and with it the whole.
    pub(super) fn queue(&mut self, words: Words) -> Result<(), Ends> {
        let Some(session) = &self.session else { return Err(Ends::Dismissed) };
        if let Err(error) = session.check(&words) {
            self.spoil();
            return self.refuse(error);
        }
        let settings = &self.door.settings;
        let Some(transaction) = &mut self.transaction else { return Ok(()) };
        let bytes = transaction.bytes + words.bytes() + words.len() * size_of::<bytes::Bytes>();
        if transaction.commands.len() >= settings.queued_commands_max || bytes > settings.queued_bytes_max {
            self.spoil();
            return self.refuse(TOO_LARGE);
        }
        transaction.bytes = bytes;
        // After a refusal nothing will be run, so nothing has to be kept.
        if !transaction.is_spoiled {
            transaction.commands.push(words);
        }
        self.note_queued();
        self.reply(Reply::status("QUEUED"));
        Ok(())
    }

    /// Notes that a command was refused: if it is one of a transaction, EXEC will run none.
    pub(super) fn spoil(&mut self) {
        if let Some(transaction) = &mut self.transaction {
            *transaction = Transaction { is_spoiled: true, ..Transaction::default() };
        }
    }

    fn note_queued(&self) {
        let queued = self.transaction.as_ref().map(|transaction| transaction.commands.len());
        self.client.update(|profile| profile.queued = queued);
    }
}

const ABORTED: ReplyError = ReplyError::fixed("EXECABORT Transaction discarded because of previous errors.");
const TOO_LARGE: ReplyError = ReplyError::fixed("ERR the transaction is too large");
