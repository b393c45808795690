//! `CLIENT`: what connections tell of themselves.

use bytes::Bytes;
use latchkey_pipeline::{Session, Stack};
use latchkey_protocol::number::parse_i64;
use latchkey_protocol::{Reply, ReplyError};
use tokio::io::{AsyncRead, AsyncWrite};

use super::others::unknown_kind;
use super::{Conversation, Voice};
use crate::clients::Client;

/// The longest name that a client may give itself, in bytes.
const NAME_BYTES_MAX: usize = 1024;

impl<S: Stack, T: AsyncRead + AsyncWrite + Unpin> Conversation<'_, S, T> {
    /// A subcommand of CLIENT, with the words that follow it.
    pub(super) fn client_command(&mut self, subcommand: &str, arguments: &[Bytes]) {
        let done = match (subcommand, arguments) {
            ("ID", _) => Ok(Reply::Int(i64::try_from(self.client.id).unwrap_or(i64::MAX))),
            ("GETNAME", _) => Ok(self.name()),
            ("SETNAME", [name, ..]) => self.set_name(name),
            ("SETINFO", [attribute, value, ..]) => self.set_info(attribute, value),
            ("INFO", _) => {
                let mut line = String::new();
                self.client.describe(&mut line, self.door.gate.now_ms());
                Ok(Reply::Verbatim(line.into()))
            }
            ("LIST", filter) => self.list(filter),
            ("CACHING", [switch, ..]) => self.set_exception(switch),
            ("GETREDIR", _) => Ok(self.redirection()),
            ("TRACKINGINFO", _) => Ok(self.describe_tracking()),
            ("REPLY", [mode, ..]) => return self.set_voice(mode),
            ("NO-EVICT", [switch, ..]) => is_on(switch).map(|on| {
                self.client.update(|profile| profile.is_kept = on);
                Reply::OK
            }),
            ("NO-TOUCH", [switch, ..]) => is_on(switch).map(|on| self.leave_no_trace(on)),
            ("UNBLOCK", arguments) => self.unblock(arguments),
            ("PAUSE", arguments) => self.pause(arguments),
            ("UNPAUSE", _) => Ok(self.unpause()),
            _ => Err(ReplyError::SYNTAX),
        };
        self.reply(done.unwrap_or_else(Reply::from));
    }

    fn name(&self) -> Reply {
        match self.client.profile().name {
            name if name.is_empty() => Reply::Null,
            name => Reply::bulk(name),
        }
    }

    fn set_name(&self, name: &[u8]) -> Result<Reply, ReplyError> {
        let name = check_name(name, "Client names")?;
        self.client.update(|profile| profile.name = name);
        Ok(Reply::OK)
    }

    fn set_info(&self, attribute: &[u8], value: &[u8]) -> Result<Reply, ReplyError> {
        match attribute.to_ascii_uppercase().as_slice() {
            b"LIB-NAME" => {
                let value = check_name(value, "lib-name")?;
                self.client.update(|profile| profile.library_name = value);
            }
            b"LIB-VER" => {
                let value = check_name(value, "lib-ver")?;
                self.client.update(|profile| profile.library_version = value);
            }
            _ => return Err(ReplyError::fixed("ERR Unrecognized option: expected LIB-NAME or LIB-VER")),
        }
        Ok(Reply::OK)
    }

    /// `CLIENT NO-TOUCH ON|OFF`
    fn leave_no_trace(&self, on: bool) -> Reply {
        self.client.update(|profile| {
            profile.leaves_no_trace = on;
            profile.vigil.iter().for_each(|vigil| vigil.leave_no_trace(on));
        });
        Reply::OK
    }

    /// `CLIENT LIST [TYPE type | ID id [id …]]`
    fn list(&self, filter: &[Bytes]) -> Result<Reply, ReplyError> {
        let filter = Filter::parse(filter)?;
        let now_ms = self.door.gate.now_ms();
        let lines = self
            .session
            .as_ref()
            .map(Session::database)
            .map(|database| self.door.clients.list(database, now_ms, |client| filter.wants(client)));
        Ok(Reply::Verbatim(lines.unwrap_or_default().into()))
    }

    /// `CLIENT REPLY ON|OFF|SKIP`. Only ON is answered.
    fn set_voice(&mut self, mode: &[u8]) {
        self.voice = match mode.to_ascii_uppercase().as_slice() {
            b"ON" => Voice::On,
            b"OFF" => Voice::Off,
            // Who is silent already has nothing to skip.
            b"SKIP" if self.voice == Voice::Off => Voice::Off,
            b"SKIP" => Voice::Skip,
            _ => return self.reply(ReplyError::SYNTAX),
        };
        if self.voice == Voice::On {
            self.reply(Reply::OK);
        }
    }
}

/// Which connections CLIENT LIST shows.
#[derive(Debug, PartialEq)]
enum Filter {
    All,
    None,
    /// Whether they listen on channels or patterns.
    Listening(bool),
    Ids(Vec<u64>),
}

impl Filter {
    fn parse(words: &[Bytes]) -> Result<Self, ReplyError> {
        let Some((option, values)) = words.split_first() else { return Ok(Self::All) };
        match (option.to_ascii_uppercase().as_slice(), values) {
            (b"TYPE", [kind]) => match kind.to_ascii_lowercase().as_slice() {
                b"normal" => Ok(Self::Listening(false)),
                b"pubsub" => Ok(Self::Listening(true)),
                b"master" | b"replica" | b"slave" => Ok(Self::None),
                _ => Err(unknown_kind(kind)),
            },
            (b"ID", [_, ..]) => values.iter().map(|id| number(id)).collect::<Result<_, _>>().map(Self::Ids),
            _ => Err(ReplyError::SYNTAX),
        }
    }

    fn wants(&self, client: &Client) -> bool {
        match self {
            Self::All => true,
            Self::None => false,
            Self::Listening(wanted) => client.is_listening() == *wanted,
            Self::Ids(ids) => ids.contains(&client.id),
        }
    }
}

pub(super) fn is_on(switch: &[u8]) -> Result<bool, ReplyError> {
    match switch.to_ascii_uppercase().as_slice() {
        b"ON" => Ok(true),
        b"OFF" => Ok(false),
        _ => Err(ReplyError::SYNTAX),
    }
}

fn number(word: &[u8]) -> Result<u64, ReplyError> {
    let id = parse_i64(word).and_then(|id| u64::try_from(id).ok());
    id.ok_or(ReplyError::fixed("ERR Invalid client ID"))
}

/// A name fit for a line of CLIENT LIST: printable ASCII without spaces. `what` begins the sentence that refuses it.
pub(super) fn check_name(name: &[u8], what: &str) -> Result<String, ReplyError> {
    if name.len() > NAME_BYTES_MAX {
        return Err(ReplyError::new(format!("ERR {what} cannot be longer than {NAME_BYTES_MAX} bytes.")));
    }
    if !name.iter().all(u8::is_ascii_graphic) {
        return Err(ReplyError::new(format!(
            "ERR {what} cannot contain spaces, newlines or special characters."
        )));
    }
    Ok(String::from_utf8_lossy(name).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_printable_and_short() {
        assert_eq!(check_name(b"worker:1", "Client names"), Ok("worker:1".into()));
        assert_eq!(check_name(b"", "Client names"), Ok(String::new()));
        for name in [b"a b".as_slice(), b"a\n", b"\xff", &[b'x'; NAME_BYTES_MAX + 1]] {
            assert!(check_name(name, "Client names").is_err(), "{}", name.escape_ascii());
        }
    }

    #[test]
    fn filters_of_client_list() {
        let parse = |line: &'static str| {
            let words: Vec<Bytes> = line.split(' ').map(|word| Bytes::from_static(word.as_bytes())).collect();
            Filter::parse(&words)
        };
        assert_eq!(Filter::parse(&[]), Ok(Filter::All));
        assert_eq!(parse("type NORMAL"), Ok(Filter::Listening(false)));
        assert_eq!(parse("TYPE pubsub"), Ok(Filter::Listening(true)));
        assert_eq!(parse("TYPE replica"), Ok(Filter::None));
        assert_eq!(parse("id 3 5"), Ok(Filter::Ids(vec![3, 5])));
        for line in ["ID", "ID x", "ID -1", "TYPE", "ALL"] {
            assert!(parse(line).is_err(), "{line}");
        }
        assert_eq!(parse("TYPE other"), Err(ReplyError::fixed("ERR Unknown client type 'other'")));
    }
}
