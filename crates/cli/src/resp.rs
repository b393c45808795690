//! The Redis protocol, as a client speaks it.

use std::io;

use bytes::{Bytes, BytesMut};
use latchkey_protocol::Words;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::TlsConnector;

use crate::Error;
use crate::connect::{Duplex, connect};
use crate::reply::{Decoder, Value};
use crate::target::Target;

/// A connection that has said hello.
pub(crate) struct Connection {
    stream: Box<dyn Duplex>,
    input: BytesMut,
    decoder: Decoder,
    /// For errors.
    address: String,
    /// The error that the greeting was answered with, until something else is: it may be the reason to hang up.
    turned_away: Option<Bytes>,
}

impl Connection {
    /// Connects, asks for RESP3, and says who we are.
    pub(crate) async fn open(target: &Target, tls: Option<&TlsConnector>) -> Result<Self, Error> {
        let stream = connect(target, tls).await?;
        let mut connection = Self {
            stream,
            input: BytesMut::new(),
            decoder: Decoder::default(),
            address: target.to_string(),
            turned_away: None,
        };
        connection.greet(target).await?;
        if let Some(database) = target.database.filter(|&number| number != 0) {
            connection.must(&["SELECT", &database.to_string()]).await?;
        }
        Ok(connection)
    }

    /// `HELLO 3`, and where that is unknown RESP2. Without a token the server says at the first command whether it
    /// wants one.
    async fn greet(&mut self, target: &Target) -> Result<(), Error> {
        let Some(token) = target.token.as_deref() else {
            if let Value::Error(said) = self.ask(&["HELLO", "3"]).await? {
                self.turned_away = Some(said);
            }
            return Ok(());
        };
        let user = target.user.as_deref();
        let hello = self.ask(&["HELLO", "3", "AUTH", user.unwrap_or("default"), token]).await?;
        match hello {
            Value::Error(said) if said.starts_with(b"WRONGPASS") => Err(self.unauthorized(&said)),
            Value::Error(_) => match user {
                Some(user) => self.must(&["AUTH", user, token]).await,
                None => self.must(&["AUTH", token]).await,
            },
            _ => Ok(()),
        }
    }

    async fn must(&mut self, words: &[&str]) -> Result<(), Error> {
        match self.ask(words).await? {
            Value::Error(said) => Err(self.unauthorized(&said)),
            _ => Ok(()),
        }
    }

    async fn ask(&mut self, words: &[&str]) -> Result<Value, Error> {
        self.send(&words.iter().copied().collect()).await?;
        self.next().await
    }

    fn unauthorized(&self, said: &[u8]) -> Error {
        Error::Unauthorized {
            address: self.address.clone(),
            said: String::from_utf8_lossy(said).into_owned(),
        }
    }

    /// Sends a command, and shows what it brings. One that listens, such as SUBSCRIBE, ends with the connection.
    pub(crate) async fn exchange(
        &mut self,
        words: &Words,
        show: &mut dyn FnMut(&Value) -> Result<(), Error>,
    ) -> Result<(), Error> {
        self.send(words).await?;
        loop {
            let value = self.next().await?;
            show(&value)?;
            if is_last(words.name(), &value) {
                return Ok(());
            }
        }
    }

    async fn send(&mut self, words: &Words) -> Result<(), Error> {
        let request = encode(words.as_slice());
        let written = self.stream.write_all(&request).await;
        let sent = if written.is_ok() { self.stream.flush().await } else { written };
        sent.map_err(|error| self.ended(Some(error)))
    }

    async fn next(&mut self) -> Result<Value, Error> {
        loop {
            let decoded = self.decoder.decode(&mut self.input);
            let not_a_reply = |malformed: crate::reply::Malformed| Error::NotAReply {
                address: self.address.clone(),
                hint: malformed.hint(),
            };
            if let Some(value) = decoded.map_err(not_a_reply)? {
                self.turned_away = None;
                return Ok(value);
            }
            match self.stream.read_buf(&mut self.input).await {
                Ok(0) => return Err(self.ended(None)),
                Ok(_) => {}
                Err(error) => return Err(self.ended(Some(error))),
            }
        }
    }

    fn ended(&self, cause: Option<io::Error>) -> Error {
        match (&self.turned_away, cause) {
            (Some(said), _) => Error::TurnedAway {
                address: self.address.clone(),
                said: String::from_utf8_lossy(said).into_owned(),
            },
            (None, Some(cause)) => Error::Broken(cause),
            (None, None) => Error::Closed,
        }
    }
}

/// Whether nothing more comes for this command.
fn is_last(name: &[u8], value: &Value) -> bool {
    let is = |names: &[&str]| names.iter().any(|known| name.eq_ignore_ascii_case(known.as_bytes()));
    if is(&["SUBSCRIBE", "PSUBSCRIBE", "SSUBSCRIBE", "MONITOR"]) {
        // Within MULTI it does not listen yet.
        return value.is_error() || *value == Value::Status("QUEUED".into());
    }
    !value.is_push() || is(&["UNSUBSCRIBE", "PUNSUBSCRIBE", "SUNSUBSCRIBE"])
}

fn encode(words: &[Bytes]) -> Vec<u8> {
    let mut request = format!("*{}\r\n", words.len()).into_bytes();
    for word in words {
        request.extend_from_slice(format!("${}\r\n", word.len()).as_bytes());
        request.extend_from_slice(word);
        request.extend_from_slice(b"\r\n");
    }
    request
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reply::List;

    #[test]
    fn a_command_is_an_array_of_strings() {
        assert_eq!(encode(&["GET".into(), "".into()]), b"*2\r\n$3\r\nGET\r\n$0\r\n\r\n");
    }

    #[test]
    fn listening_goes_on_and_messages_are_no_answers() {
        let push = Value::List(List::Push, vec![]);
        let array = Value::List(List::Array, vec![]);
        assert!(!is_last(b"subscribe", &push) && !is_last(b"SUBSCRIBE", &array));
        assert!(!is_last(b"MONITOR", &Value::Status("OK".into())));
        assert!(is_last(b"SUBSCRIBE", &Value::Error("NOPERM".into())));
        assert!(is_last(b"SUBSCRIBE", &Value::Status("QUEUED".into())));
        assert!(is_last(b"UNSUBSCRIBE", &push) && is_last(b"GET", &array) && !is_last(b"GET", &push));
    }
}
