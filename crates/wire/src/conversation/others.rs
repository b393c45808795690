//! `CLIENT KILL`, `UNBLOCK`, `PAUSE`: what a connection does to others of its database.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use latchkey_pipeline::{Session, Stack, Unblock, Watching, may_write};
use latchkey_protocol::number::parse_i64;
use latchkey_protocol::{Reply, ReplyError, Words};
use tokio::io::{AsyncRead, AsyncWrite};

use super::{Conversation, NO_AUTH};
use crate::clients::{Client, Kind};
use crate::line::Ends;
use crate::pauses::Held;

impl<S: Stack, T: AsyncRead + AsyncWrite + Unpin> Conversation<'_, S, T> {
    /// `CLIENT KILL address`, `CLIENT KILL filter value [filter value …]`
    pub(super) fn kill(&mut self, arguments: &[Bytes]) -> Result<(), Ends> {
        let Some(database) = self.session.as_ref().map(Session::database) else {
            return self.refuse(NO_AUTH);
        };
        let clients = self.door.clients.all(database);
        let victims = match Victims::parse(arguments, &clients) {
            Ok(victims) => victims,
            Err(error) => return self.refuse(error),
        };
        let now_ms = self.door.gate.now_ms();
        let is_victim = |client: &&Arc<Client>| victims.include(client, self.client.id, now_ms);
        let killed: Vec<_> = clients.iter().filter(is_victim).collect();
        killed.iter().filter(|client| client.id != self.client.id).for_each(|client| client.kill());
        let is_suicide = killed.iter().any(|client| client.id == self.client.id);
        self.reply(match (arguments, killed.len()) {
            ([_], 0) => ReplyError::fixed("ERR No such client").into(),
            ([_], _) => Reply::OK,
            (_, count) => Reply::count(count),
        });
        // Whoever kills itself is still told.
        if is_suicide { Err(Ends::Left) } else { Ok(()) }
    }

    /// `CLIENT UNBLOCK id [TIMEOUT | ERROR]`
    pub(super) fn unblock(&self, arguments: &[Bytes]) -> Result<Reply, ReplyError> {
        let (id, how) = match arguments {
            [id] => (id, Unblock::TimedOut),
            [id, reason] if reason.eq_ignore_ascii_case(b"TIMEOUT") => (id, Unblock::TimedOut),
            [id, reason] if reason.eq_ignore_ascii_case(b"ERROR") => (id, Unblock::Refused),
            [_, _] => return Err(NEITHER_TIMEOUT_NOR_ERROR),
            _ => return Err(ReplyError::SYNTAX),
        };
        let id = parse_i64(id).ok_or(ReplyError::NOT_AN_INTEGER)?;
        let client = self.session.as_ref().and_then(|session| {
            let clients = self.door.clients.all(session.database());
            clients.into_iter().find(|client| i64::try_from(client.id) == Ok(id))
        });
        let vigil: Option<Watching> = client.and_then(|client| client.profile().vigil);
        Ok(Reply::flag(vigil.is_some_and(|vigil| vigil.end_wait(how))))
    }

    /// `CLIENT PAUSE milliseconds [WRITE | ALL]`
    pub(super) fn pause(&self, arguments: &[Bytes]) -> Result<Reply, ReplyError> {
        let (ms, held) = match arguments {
            [ms] => (ms, Held::All),
            [ms, mode] if mode.eq_ignore_ascii_case(b"ALL") => (ms, Held::All),
            [ms, mode] if mode.eq_ignore_ascii_case(b"WRITE") => (ms, Held::Writes),
            [_, _] => return Err(NEITHER_WRITE_NOR_ALL),
            _ => return Err(ReplyError::SYNTAX),
        };
        let ms = parse_i64(ms).ok_or(NOT_A_TIMEOUT)?;
        let ms = u64::try_from(ms).map_err(|_| NEGATIVE_TIMEOUT)?;
        if let Some(session) = &self.session {
            self.door.pauses.begin(session.database(), held, Duration::from_millis(ms));
        }
        Ok(Reply::OK)
    }

    /// `CLIENT UNPAUSE`
    pub(super) fn unpause(&self) -> Reply {
        if let Some(session) = &self.session {
            self.door.pauses.end(session.database());
        }
        Reply::OK
    }

    /// Waits while the connections of the database are paused, before these commands.
    pub(super) async fn await_pause(&mut self, commands: &[Words]) -> Result<(), Ends> {
        let Some(database) = self.session.as_ref().map(Session::database) else { return Ok(()) };
        while let Some(pause) = self.door.pauses.find(database, || commands.iter().any(may_write)) {
            self.run_pending().await?;
            self.line.flush(self.idle_deadline()).await?;
            tokio::select! {
                () = pause.end() => {}
                end = self.line.listen(self.decoder.held_bytes()) => return Err(end),
            }
        }
        Ok(())
    }
}

const NEITHER_TIMEOUT_NOR_ERROR: ReplyError =
    ReplyError::fixed("ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR");
const NEITHER_WRITE_NOR_ALL: ReplyError = ReplyError::fixed("ERR CLIENT PAUSE mode must be WRITE or ALL");
const NOT_A_TIMEOUT: ReplyError = ReplyError::fixed("ERR timeout is not an integer or out of range");
const NEGATIVE_TIMEOUT: ReplyError = ReplyError::fixed("ERR timeout is negative");

/// Whom CLIENT KILL means: those whom all that is given fits.
#[derive(Debug, Default, PartialEq)]
struct Victims {
    id: Option<u64>,
    address: Option<Bytes>,
    own_address: Option<Bytes>,
    user: Option<Bytes>,
    kind: Option<Kind>,
    age_min_s: Option<u64>,
    spares_self: bool,
}

impl Victims {
    /// `clients` are those that there are: they tell which users there are.
    fn parse(words: &[Bytes], clients: &[Arc<Client>]) -> Result<Self, ReplyError> {
        if let [address] = words {
            // The older form, with which a connection can kill itself.
            return Ok(Self { address: Some(address.clone()), ..Self::default() });
        }
        let mut victims = Self { spares_self: true, ..Self::default() };
        for filter in words.chunks(2) {
            let [name, value] = filter else { return Err(ReplyError::SYNTAX) };
            match name.to_ascii_uppercase().as_slice() {
                b"ID" => victims.id = Some(id(value)?),
                b"ADDR" => victims.address = Some(value.clone()),
                b"LADDR" => victims.own_address = Some(value.clone()),
                b"USER" => victims.user = Some(user(value, clients)?),
                b"TYPE" => victims.kind = Some(Kind::named(value).ok_or_else(|| unknown_kind(value))?),
                b"MAXAGE" => victims.age_min_s = Some(age(value)?),
                b"SKIPME" if value.eq_ignore_ascii_case(b"YES") => victims.spares_self = true,
                b"SKIPME" if value.eq_ignore_ascii_case(b"NO") => victims.spares_self = false,
                _ => return Err(ReplyError::SYNTAX),
            }
        }
        Ok(victims)
    }

    fn include(&self, client: &Client, own_id: u64, now_ms: u64) -> bool {
        let is = |wanted: &Option<Bytes>, found: &str| {
            wanted.as_ref().is_none_or(|wanted| wanted.as_ref() == found.as_bytes())
        };
        let profile = client.profile();
        self.id.is_none_or(|id| id == client.id)
            && is(&self.address, &client.address())
            && is(&self.own_address, &client.own_address())
            && is(&self.user, profile.user())
            && self.kind.is_none_or(|kind| kind == profile.kind())
            && self.age_min_s.is_none_or(|age_min_s| client.age_s(now_ms) >= age_min_s)
            && !(self.spares_self && client.id == own_id)
    }
}

fn id(word: &[u8]) -> Result<u64, ReplyError> {
    let id = parse_i64(word).and_then(|id| u64::try_from(id).ok()).filter(|&id| id > 0);
    id.ok_or(ReplyError::fixed("ERR client-id should be greater than 0"))
}

fn age(word: &[u8]) -> Result<u64, ReplyError> {
    let age_s = parse_i64(word).ok_or(ReplyError::fixed("ERR maxage is not an integer or out of range"))?;
    let too_small = ReplyError::fixed("ERR maxage should be greater than 0");
    u64::try_from(age_s).ok().filter(|&age_s| age_s > 0).ok_or(too_small)
}

/// The name of a user that there is.
fn user(name: &Bytes, clients: &[Arc<Client>]) -> Result<Bytes, ReplyError> {
    let is_known = [b"default".as_slice(), b"default_ro"].contains(&name.as_ref())
        || clients.iter().any(|client| client.profile().user().as_bytes() == name);
    let unknown = || ReplyError::new(format!("ERR No such user '{}'", printable(name)));
    if is_known { Ok(name.clone()) } else { Err(unknown()) }
}

pub(super) fn unknown_kind(name: &[u8]) -> ReplyError {
    ReplyError::new(format!("ERR Unknown client type '{}'", printable(name)))
}

/// The beginning of a client's word, fit for an error text.
pub(super) fn printable(word: &[u8]) -> String {
    const ECHO_MAX: usize = 64;
    let text = String::from_utf8_lossy(&word[..word.len().min(ECHO_MAX)]);
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &'static str) -> Result<Victims, String> {
        let words: Vec<Bytes> = line.split(' ').map(|word| Bytes::from_static(word.as_bytes())).collect();
        Victims::parse(&words, &[]).map_err(|error| error.to_string())
    }

    #[test]
    fn filters_come_in_any_order_and_case() {
        let victims = parse("maxage 5 TYPE pubsub id 7 laddr b SKIPME no addr a USER default_ro").unwrap();
        let expected = Victims {
            id: Some(7),
            address: Some("a".into()),
            own_address: Some("b".into()),
            user: Some("default_ro".into()),
            kind: Some(Kind::Subscriber),
            age_min_s: Some(5),
            spares_self: false,
        };
        assert_eq!(victims, expected);
        assert!(parse("ID 7").unwrap().spares_self);
        assert_eq!(parse("ID").unwrap(), Victims { address: Some("ID".into()), ..Victims::default() });
    }

    #[test]
    fn filters_that_make_no_sense_are_refused_as_by_redis() {
        for (line, error) in [
            ("ID 0", "ERR client-id should be greater than 0"),
            ("ID x", "ERR client-id should be greater than 0"),
            ("MAXAGE x", "ERR maxage is not an integer or out of range"),
            ("MAXAGE 0", "ERR maxage should be greater than 0"),
            ("TYPE foo", "ERR Unknown client type 'foo'"),
            ("USER nobody", "ERR No such user 'nobody'"),
            ("SKIPME maybe", "ERR syntax error"),
            ("ID 7 ADDR", "ERR syntax error"),
            ("FOO bar", "ERR syntax error"),
        ] {
            assert_eq!(parse(line).unwrap_err(), error, "{line}");
        }
    }
}
