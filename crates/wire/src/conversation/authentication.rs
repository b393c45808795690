//! `AUTH`, `HELLO`: who speaks, and which protocol.

use bytes::Bytes;
use latchkey_pipeline::{Credentials, Session, Stack};
use latchkey_protocol::number::parse_i64;
use latchkey_protocol::resp::Version;
use latchkey_protocol::{Reply, ReplyError};
use tokio::io::{AsyncRead, AsyncWrite};

use super::Conversation;
use super::client::check_name;
use crate::line::Ends;

/// Tokens that may only read are of a user whose name has to be told.
const READ_ONLY_USER: &str = "default_ro";

/// What is told of the server: its version is that of Redis whose commands it has.
const REDIS_VERSION: &str = "8.2.0";

/// After a refusal, no more than so many times the first delay until the answer.
const DELAY_FACTOR_MAX: u32 = 16;

const WRONG_PASSWORD: ReplyError =
    ReplyError::fixed("WRONGPASS invalid username-password pair or user is disabled");

impl<S: Stack, T: AsyncRead + AsyncWrite + Unpin> Conversation<'_, S, T> {
    /// `AUTH [username] password`
    pub(super) async fn auth(&mut self, arguments: &[Bytes]) -> Result<(), Ends> {
        let (user, password) = match arguments {
            [password] => (None, password),
            [user, password] => (Some(user.as_ref()), password),
            _ => return self.refuse(ReplyError::SYNTAX),
        };
        if self.authenticate(user, password).await? {
            self.reply(Reply::OK);
        }
        Ok(())
    }

    /// `HELLO [protover [AUTH username password] [SETNAME clientname]]`
    pub(super) async fn hello(&mut self, arguments: &[Bytes]) -> Result<(), Ends> {
        let hello = match Hello::parse(arguments) {
            Ok(hello) => hello,
            Err(error) => return self.refuse(error),
        };
        if let Some((user, password)) = hello.credentials
            && !self.authenticate(Some(user), password).await?
        {
            return Ok(());
        }
        let Some(_) = self.session else {
            return self.refuse(HELLO_NO_AUTH);
        };
        self.version = hello.version.unwrap_or(self.version);
        let version = self.version;
        self.client.update(|profile| {
            profile.version = version;
            if let Some(name) = hello.name {
                profile.name = name;
            }
        });
        self.reply(self.greeting());
        Ok(())
    }

    fn greeting(&self) -> Reply {
        let proto = if self.version == Version::Resp3 { 3 } else { 2 };
        let id = i64::try_from(self.client.id).unwrap_or(i64::MAX);
        let entry = |name: &str, value: Reply| (Reply::bulk(name), value);
        Reply::Map(vec![
            entry("server", Reply::bulk("redis")),
            entry("version", Reply::bulk(REDIS_VERSION)),
            entry("proto", Reply::Int(proto)),
            entry("id", Reply::Int(id)),
            entry("mode", Reply::bulk("standalone")),
            entry("role", Reply::bulk("master")),
            entry("modules", Reply::Array(Vec::new())),
        ])
    }

    /// Opens a session, or answers why not: later each time, and in the end not at all. Whether there is one now. Who was
    /// somebody before stays that if it was refused.
    async fn authenticate(&mut self, user: Option<&[u8]>, password: &[u8]) -> Result<bool, Ends> {
        let credentials = Credentials { database: self.database.as_deref(), user, password };
        let session = self.door.gate.open(credentials);
        let is_named = |session: &Session| user.is_some() || session.user_name() != READ_ONLY_USER;
        if let Some(mut session) = session.filter(is_named) {
            if let Some(former) = &self.session {
                session.hear_on(former);
            }
            self.become_somebody(Some(session));
            return Ok(true);
        }
        self.slow_down().await?;
        self.reply(WRONG_PASSWORD);
        if self.refusals >= self.door.settings.refusals_max {
            return Err(Ends::Dismissed);
        }
        Ok(false)
    }

    /// Makes guessing slow. Meanwhile nothing else of this connection is read.
    async fn slow_down(&mut self) -> Result<(), Ends> {
        // What was answered before should not wait as well.
        self.line.flush(self.idle_deadline()).await?;
        let factor = 2_u32.saturating_pow(self.refusals).min(DELAY_FACTOR_MAX);
        self.refusals += 1;
        tokio::time::sleep(self.door.settings.refusal_delay * factor).await;
        Ok(())
    }
}

const HELLO_NO_AUTH: ReplyError = ReplyError::fixed(
    "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO <proto> AUTH <user> <pass> \
     option can be used to authenticate the client and select the RESP protocol version at the same time",
);

/// What HELLO asks for.
#[derive(Debug, Default, PartialEq)]
struct Hello<'a> {
    version: Option<Version>,
    credentials: Option<(&'a [u8], &'a [u8])>,
    name: Option<String>,
}

impl<'a> Hello<'a> {
    fn parse(arguments: &'a [Bytes]) -> Result<Self, ReplyError> {
        let [version, options @ ..] = arguments else { return Ok(Self::default()) };
        let mut hello = Self { version: Some(version_of(version)?), ..Self::default() };
        let mut rest = options;
        while let [option, values @ ..] = rest {
            rest = match (option.to_ascii_uppercase().as_slice(), values) {
                (b"AUTH", [user, password, rest @ ..]) => {
                    hello.credentials = Some((user, password));
                    rest
                }
                (b"SETNAME", [name, rest @ ..]) => {
                    hello.name = Some(check_name(name, "Client names")?);
                    rest
                }
                _ => return Err(syntax_error(option)),
            };
        }
        Ok(hello)
    }
}

fn version_of(word: &[u8]) -> Result<Version, ReplyError> {
    match parse_i64(word) {
        Some(2) => Ok(Version::Resp2),
        Some(3) => Ok(Version::Resp3),
        Some(_) => Err(ReplyError::fixed("NOPROTO unsupported protocol version")),
        None => Err(ReplyError::fixed("ERR Protocol version is not an integer or out of range")),
    }
}

/// Repeats the option only if it is a word: it may be a password in the wrong place.
fn syntax_error(option: &[u8]) -> ReplyError {
    const KNOWN: [&[u8]; 2] = [b"AUTH", b"SETNAME"];
    match KNOWN.into_iter().find(|known| option.eq_ignore_ascii_case(known)) {
        Some(known) => {
            ReplyError::new(format!("ERR Syntax error in HELLO option '{}'", String::from_utf8_lossy(known)))
        }
        None => ReplyError::fixed("ERR Syntax error in HELLO"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<String, String> {
        let words: Vec<Bytes> =
            line.split_whitespace().map(|word| Bytes::copy_from_slice(word.as_bytes())).collect();
        let hello = Hello::parse(&words).map_err(|error| error.to_string())?;
        let user = hello.credentials.map(|(user, _)| String::from_utf8_lossy(user).into_owned());
        Ok(format!("{:?} {user:?} {:?}", hello.version, hello.name))
    }

    #[test]
    fn options_come_in_any_order_and_case() {
        for line in ["3 AUTH default secret SETNAME app", "3 setname app auth default secret"] {
            assert_eq!(parse(line).unwrap(), r#"Some(Resp3) Some("default") Some("app")"#, "{line}");
        }
        assert_eq!(parse("").unwrap(), "None None None");
        assert_eq!(parse("2").unwrap(), "Some(Resp2) None None");
    }

    #[test]
    fn what_cannot_be_read_is_refused_without_repeating_secrets() {
        assert_eq!(parse("4").unwrap_err(), "NOPROTO unsupported protocol version");
        assert_eq!(parse("x").unwrap_err(), "ERR Protocol version is not an integer or out of range");
        assert_eq!(parse("3 AUTH default").unwrap_err(), "ERR Syntax error in HELLO option 'AUTH'");
        assert_eq!(parse("3 SETNAME").unwrap_err(), "ERR Syntax error in HELLO option 'SETNAME'");
        assert_eq!(parse("3 hunter2").unwrap_err(), "ERR Syntax error in HELLO");
    }
}
