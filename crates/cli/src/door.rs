//! Either door, connected when there is something to say.

use latchkey_protocol::Words;
use tokio_rustls::TlsConnector;

use crate::reply::Value;
use crate::target::{Speaks, Target};
use crate::{Error, resp, rest};

/// A server, and the connection to it while there is one.
pub(crate) struct Door {
    pub(crate) target: Target,
    tls: Option<TlsConnector>,
    open: Option<Connection>,
}

enum Connection {
    Resp(resp::Connection),
    Rest(rest::Connection),
}

impl Door {
    /// Nothing is connected yet. `tls` is what an address with TLS needs.
    pub(crate) fn new(target: Target, tls: Option<TlsConnector>) -> Self {
        Self { target, tls, open: None }
    }

    /// Runs a command, and shows each value that it brings. The connection is put back only when nothing more is to
    /// come on it: after an error, or if this is dropped halfway, the next command makes a new one.
    pub(crate) async fn run(
        &mut self,
        words: &Words,
        show: &mut dyn FnMut(&Value) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let mut connection = self.connection().await?;
        match &mut connection {
            Connection::Resp(connection) => connection.exchange(words, show).await?,
            Connection::Rest(connection) => connection.exchange(&self.target, words, show).await?,
        }
        self.open = Some(connection);
        Ok(())
    }

    async fn connection(&mut self) -> Result<Connection, Error> {
        if let Some(connection) = self.open.take()
            && let Some(connection) = connection.while_open().await
        {
            return Ok(connection);
        }
        let tls = self.tls.as_ref();
        Ok(match self.target.speaks {
            Speaks::Resp => Connection::Resp(resp::Connection::open(&self.target, tls).await?),
            Speaks::Rest => Connection::Rest(rest::Connection::open(&self.target, tls).await?),
        })
    }
}

impl Connection {
    /// Itself, unless the server has closed it meanwhile. Over RESP that is told instead: a transaction, or another
    /// database that was selected, is gone with the connection.
    async fn while_open(mut self) -> Option<Self> {
        let is_open = match &mut self {
            Self::Resp(_) => true,
            Self::Rest(connection) => connection.is_open().await,
        };
        is_open.then_some(self)
    }
}
