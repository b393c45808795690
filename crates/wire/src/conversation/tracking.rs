//! `CLIENT TRACKING`, `CACHING`, `GETREDIR`, `TRACKINGINFO`: what a client keeps copies of, and when they are stale.

use std::sync::Arc;

use bytes::Bytes;
use latchkey_pipeline::{
    Asked, Batch, Command, Ear, Full, Mode, Replies, Session, Shape, Stack, Stale, Terms, Tracked, asked,
};
use latchkey_protocol::number::parse_i64;
use latchkey_protocol::resp::{Version, write_bulk, write_push_header, write_reply};
use latchkey_protocol::{Reply, ReplyError, Words};
use tokio::io::{AsyncRead, AsyncWrite};

use super::Conversation;
use super::client::is_on;
use super::others::printable;
use crate::clients::redirection;
use crate::line::Ends;

/// Where a RESP2 connection that listens is told in another one's place.
const CHANNEL: &[u8] = b"__redis__:invalidate";

impl<S: Stack, T: AsyncRead + AsyncWrite + Unpin> Conversation<'_, S, T> {
    /// `CLIENT TRACKING ON|OFF [REDIRECT id] [PREFIX prefix …] [BCAST] [OPTIN] [OPTOUT] [NOLOOP]`
    pub(super) async fn track(&mut self, words: Words) -> Result<(), Ends> {
        let [_, _, switch, options @ ..] = words.as_slice() else { return self.refuse(ReplyError::SYNTAX) };
        let request = Request::parse(options, |number| self.find_ear(number));
        let terms = request.and_then(|request| match is_on(switch)? {
            true => request.settle(self.tracked().as_ref()).map(Some),
            false => Ok(None),
        });
        match terms {
            Ok(Some((terms, redirect))) => return self.start_tracking(words, terms, redirect).await,
            Ok(None) => {
                self.ear().iter().for_each(|ear| ear.stop_tracking());
                self.reply(Reply::OK);
            }
            Err(error) => self.reply(error),
        }
        self.note_listening();
        Ok(())
    }

    async fn start_tracking(
        &mut self,
        words: Words,
        terms: Terms,
        redirect: Option<Redirect>,
    ) -> Result<(), Ends> {
        let answer = self.call(Shape::Listen, Batch::from_iter([Ok(words)])).await?;
        let reply = match answer.replies {
            Replies::One(reply) => reply,
            Replies::Many(replies) => replies.into_iter().next().unwrap_or(Reply::OK),
            Replies::Refused(refusal) => refusal.error().into(),
        };
        let redirect = redirect.as_ref().map(|(number, ear)| (*number, ear.as_ref()));
        let started = match self.ear() {
            Some(ear) if reply == Reply::OK => ear.track(&terms, redirect).map_err(full),
            _ => Ok(()),
        };
        self.reply(started.map_or_else(Reply::from, |()| reply));
        self.note_listening();
        Ok(())
    }

    /// `CLIENT CACHING YES|NO`
    pub(super) fn set_exception(&mut self, switch: &[u8]) -> Result<Reply, ReplyError> {
        let Some(Tracked { mode, .. }) = self.tracked() else { return Err(NOT_TRACKING) };
        match switch.to_ascii_uppercase().as_slice() {
            b"YES" if mode == Mode::OptIn => {}
            b"NO" if mode == Mode::OptOut => {}
            b"YES" => return Err(NOT_OPT_IN),
            b"NO" => return Err(NOT_OPT_OUT),
            _ => return Err(ReplyError::SYNTAX),
        }
        self.note_exception(true);
        Ok(Reply::OK)
    }

    /// Takes a command after CLIENT CACHING. That holds for one command or one transaction; what is about the connection
    /// may come before it.
    pub(super) async fn take_exceptional(&mut self, words: Words) -> Result<(), Ends> {
        let is_of_client = |command: &Command| command.parent.is_some_and(|parent| parent.name == "CLIENT");
        let is_about_client = matches!(asked(&words), Ok(Asked::Door(command)) if is_of_client(command));
        self.take(words).await?;
        self.run_pending().await?;
        if !is_about_client && self.transaction.is_none() {
            self.note_exception(false);
        }
        Ok(())
    }

    fn note_exception(&mut self, is_exception: bool) {
        self.is_exceptional = is_exception;
        self.ear().iter().for_each(|ear| ear.set_exception(is_exception));
    }

    /// `CLIENT GETREDIR`
    pub(super) fn redirection(&self) -> Reply {
        Reply::Int(redirection(self.tracked().as_ref()))
    }

    /// `CLIENT TRACKINGINFO`
    pub(super) fn describe_tracking(&self) -> Reply {
        let tracked = self.tracked();
        let flags = flags(tracked.as_ref()).into_iter().map(Reply::bulk).collect();
        let prefixes = tracked.iter().flat_map(|tracked| &tracked.prefixes);
        let prefixes = prefixes.map(|prefix| Reply::Bulk(Bytes::copy_from_slice(prefix))).collect();
        Reply::Map(vec![
            (Reply::bulk("flags"), Reply::Set(flags)),
            (Reply::bulk("redirect"), self.redirection()),
            (Reply::bulk("prefixes"), Reply::Array(prefixes)),
        ])
    }

    fn tracked(&self) -> Option<Tracked> {
        self.ear()?.tracked()
    }

    /// What the connection of this number hears with, if it is one to the same database.
    fn find_ear(&self, number: u64) -> Option<Arc<Ear>> {
        let clients = self.door.clients.all(self.session.as_ref().map(Session::database)?);
        clients.iter().find(|client| client.id == number)?.profile().ear.upgrade()
    }
}

/// A connection that is to be told in place of another, by its number.
type Redirect = (u64, Arc<Ear>);

/// What CLIENT TRACKING asks for.
#[derive(Debug, Default)]
struct Request {
    redirect: Option<Redirect>,
    is_broadcast: bool,
    opts_in: bool,
    opts_out: bool,
    spares_own: bool,
    prefixes: Vec<Bytes>,
}

impl Request {
    fn parse(options: &[Bytes], find: impl Fn(u64) -> Option<Arc<Ear>>) -> Result<Self, ReplyError> {
        let mut request = Self::default();
        let mut rest = options;
        while let [option, values @ ..] = rest {
            rest = values;
            match (option.to_ascii_uppercase().as_slice(), values) {
                (b"REDIRECT", [number, left @ ..]) => {
                    request.redirect_to(number, &find)?;
                    rest = left;
                }
                (b"PREFIX", [prefix, left @ ..]) => {
                    request.prefixes.push(prefix.clone());
                    rest = left;
                }
                (b"BCAST", _) => request.is_broadcast = true,
                (b"OPTIN", _) => request.opts_in = true,
                (b"OPTOUT", _) => request.opts_out = true,
                (b"NOLOOP", _) => request.spares_own = true,
                _ => return Err(ReplyError::SYNTAX),
            }
        }
        Ok(request)
    }

    fn redirect_to(
        &mut self,
        number: &[u8],
        find: impl Fn(u64) -> Option<Arc<Ear>>,
    ) -> Result<(), ReplyError> {
        if self.redirect.is_some() {
            return Err(TWO_REDIRECTS);
        }
        let number = parse_i64(number).ok_or(ReplyError::NOT_AN_INTEGER)?;
        let found = u64::try_from(number).ok().and_then(|number| Some((number, find(number)?)));
        self.redirect = Some(found.ok_or(NO_SUCH_CLIENT)?);
        Ok(())
    }

    /// Whether this can be had, by somebody for whom keys are tracked already or not.
    fn settle(self, now: Option<&Tracked>) -> Result<(Terms, Option<Redirect>), ReplyError> {
        if !self.is_broadcast && !self.prefixes.is_empty() {
            return Err(PREFIX_NEEDS_BCAST);
        }
        if now.is_some_and(|now| (now.mode == Mode::Broadcast) != self.is_broadcast) {
            return Err(BCAST_IS_SWITCHED);
        }
        let mode = match (self.is_broadcast, self.opts_in, self.opts_out) {
            (false, false, false) => Mode::Reads,
            (false, true, false) => Mode::OptIn,
            (false, false, true) => Mode::OptOut,
            (false, true, true) => return Err(IN_AND_OUT),
            (true, false, false) => Mode::Broadcast,
            (true, ..) => return Err(OPTIONS_WITH_BCAST),
        };
        if let (Some(Mode::OptIn), Mode::OptOut) | (Some(Mode::OptOut), Mode::OptIn) =
            (now.map(|now| now.mode), mode)
        {
            return Err(OPTIONS_ARE_SWITCHED);
        }
        check_prefixes(&self.prefixes, now)?;
        let is_all = self.is_broadcast && self.prefixes.is_empty();
        let prefixes = if is_all { vec![Bytes::new()] } else { self.prefixes };
        Ok((Terms { mode, spares_own: self.spares_own, prefixes }, self.redirect))
    }
}

/// Refuses prefixes of which one is a prefix of another, or of one that there is.
fn check_prefixes(prefixes: &[Bytes], now: Option<&Tracked>) -> Result<(), ReplyError> {
    if prefixes.len() > PREFIXES_MAX {
        return Err(full(Full::Listener));
    }
    let overlap = |one: &[u8], other: &[u8]| one.starts_with(other) || other.starts_with(one);
    for (at, prefix) in prefixes.iter().enumerate() {
        let mut existing = now.iter().flat_map(|now| &now.prefixes);
        if let Some(other) = existing.find(|other| overlap(prefix, other)) {
            return Err(overlaps(prefix, "an existing", other));
        }
        if let Some(other) = prefixes[at + 1..].iter().find(|other| overlap(prefix, other)) {
            return Err(overlaps(prefix, "another provided", other));
        }
    }
    Ok(())
}

/// So many prefixes one command may have: each is compared with each.
const PREFIXES_MAX: usize = 256;

fn flags(tracked: Option<&Tracked>) -> Vec<&'static str> {
    let Some(tracked) = tracked else { return vec!["off"] };
    let mode: &[&str] = match (tracked.mode, tracked.is_exception) {
        (Mode::Reads, _) => &[],
        (Mode::Broadcast, _) => &["bcast"],
        (Mode::OptIn, false) => &["optin"],
        (Mode::OptIn, true) => &["optin", "caching-yes"],
        (Mode::OptOut, false) => &["optout"],
        (Mode::OptOut, true) => &["optout", "caching-no"],
    };
    let noloop = tracked.spares_own.then_some("noloop");
    let broken = tracked.is_broken.then_some("broken_redirect");
    ["on"].iter().chain(mode).copied().chain(noloop).chain(broken).collect()
}

/// Says which copies are stale. In RESP2 only somebody who listens can be told, in place of another: where replies are
/// expected, a message would be taken for one.
pub(super) fn write_stale(output: &mut Vec<u8>, stale: &Stale, version: Version, is_heard: bool) {
    match version {
        Version::Resp3 => {
            write_push_header(output, 2, version);
            write_bulk(output, b"invalidate");
        }
        Version::Resp2 if is_heard => {
            write_push_header(output, 3, version);
            write_bulk(output, b"message");
            write_bulk(output, CHANNEL);
        }
        Version::Resp2 => return,
    }
    let keys = match stale {
        Stale::Keys(keys) => {
            Reply::Array(keys.iter().map(|key| Reply::Bulk(Bytes::copy_from_slice(key))).collect())
        }
        Stale::Everything => Reply::Null,
    };
    write_reply(output, &keys, version);
}

/// Says that nobody is told any more, because the connection has gone that was told in this one's place.
pub(super) fn write_broken(output: &mut Vec<u8>, number: u64, version: Version) {
    if version == Version::Resp3 {
        write_push_header(output, 2, version);
        write_bulk(output, b"tracking-redir-broken");
        write_reply(output, &Reply::Int(i64::try_from(number).unwrap_or(i64::MAX)), version);
    }
}

fn overlaps(prefix: &[u8], kind: &str, other: &[u8]) -> ReplyError {
    ReplyError::new(format!(
        "ERR Prefix '{}' overlaps with {kind} prefix '{}'. Prefixes for a single client must not overlap.",
        printable(prefix),
        printable(other)
    ))
}

fn full(full: Full) -> ReplyError {
    ReplyError::fixed(match full {
        Full::Listener => "ERR too many prefixes on this connection",
        Full::Database => "ERR too many prefixes in this database",
        Full::Name => "ERR the prefix is too long",
    })
}

const NO_SUCH_CLIENT: ReplyError = ReplyError::fixed("ERR The client ID you want redirect to does not exist");
const TWO_REDIRECTS: ReplyError =
    ReplyError::fixed("ERR A client can only redirect to a single other client");
const PREFIX_NEEDS_BCAST: ReplyError =
    ReplyError::fixed("ERR PREFIX option requires BCAST mode to be enabled");
const BCAST_IS_SWITCHED: ReplyError = ReplyError::fixed(
    "ERR You can't switch BCAST mode on/off before disabling tracking for this client, and then re-enabling it with a \
     different mode.",
);
const OPTIONS_WITH_BCAST: ReplyError =
    ReplyError::fixed("ERR OPTIN and OPTOUT are not compatible with BCAST");
const IN_AND_OUT: ReplyError = ReplyError::fixed("ERR You can't specify both OPTIN mode and OPTOUT mode");
const OPTIONS_ARE_SWITCHED: ReplyError = ReplyError::fixed(
    "ERR You can't switch OPTIN/OPTOUT mode before disabling tracking for this client, and then re-enabling it with a \
     different mode.",
);
const NOT_TRACKING: ReplyError = ReplyError::fixed(
    "ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode enabled",
);
const NOT_OPT_IN: ReplyError =
    ReplyError::fixed("ERR CLIENT CACHING YES is only valid when tracking is enabled in OPTIN mode.");
const NOT_OPT_OUT: ReplyError =
    ReplyError::fixed("ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.");
