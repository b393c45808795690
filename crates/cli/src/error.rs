//! What can go wrong between a person and a reply. An error that the server replies is none of these.

use std::io;
use std::path::PathBuf;

use tokio_rustls::rustls;

/// Why there is no reply. The texts say what to do, and never show a token.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The address makes no sense.
    #[error("the URL {0}; it looks like redis://127.0.0.1:6379 or https://host")]
    Url(&'static str),
    /// Nobody listens there.
    #[error("nothing listens at {0}. `latchkey dev` starts a server on this machine; --url names another")]
    Refused(String),
    /// The connection cannot be made, for another reason.
    #[error("cannot connect to {address}: {cause}")]
    Connect {
        /// Where to, and who said so.
        address: String,
        /// What the system says.
        cause: io::Error,
    },
    /// The certificate is not trusted, or the other side speaks no TLS.
    #[error("no TLS with {address}: {cause}. {advice}")]
    Tls {
        /// Where to, and who said so.
        address: String,
        /// What rustls says.
        cause: io::Error,
        /// What to try.
        advice: &'static str,
    },
    /// The certificates to trust cannot be read.
    #[error("{path}: {cause}")]
    Certificates {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        cause: String,
    },
    /// rustls refuses to be set up so.
    #[error(transparent)]
    TlsSetup(#[from] rustls::Error),
    /// The server did not accept who we say we are.
    #[error(
        "{address} does not accept the token: {said}. Pass --token, or set REDIS_URL or UPSTASH_REDIS_REST_TOKEN"
    )]
    Unauthorized {
        /// Where to, and who said so.
        address: String,
        /// The server's words.
        said: String,
    },
    /// The server answered the greeting with an error, and hung up.
    #[error("{address} hung up: {said}")]
    TurnedAway {
        /// Where to, and who said so.
        address: String,
        /// The server's words.
        said: String,
    },
    /// What came back is no reply.
    #[error("what {address} answers is not a Redis reply: {hint}")]
    NotAReply {
        /// Where to, and who said so.
        address: String,
        /// What it may be instead.
        hint: &'static str,
    },
    /// The server ended an event stream, and said why.
    #[error("the server ended the stream: {0}")]
    StreamEnded(String),
    /// The connection ended before the reply did.
    #[error("the server closed the connection")]
    Closed,
    /// The connection broke.
    #[error("the connection broke: {0}")]
    Broken(#[source] io::Error),
    /// The system gives no means to wait for a network, or for Ctrl-C.
    #[error("cannot wait for the network: {0}")]
    Runtime(#[source] io::Error),
    /// HTTP went wrong.
    #[error("over HTTP: {0}")]
    Http(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The REST door takes text only.
    #[error("a word is not UTF-8, which REST cannot carry: use a redis:// URL")]
    NotText,
    /// A quote is not closed, or a word goes on after one.
    #[error("unbalanced quotes")]
    Quotes,
    /// Standard input, or a file beside it, is longer than is read.
    #[error("{what} is longer than {bytes_max} bytes")]
    TooLong {
        /// What it is.
        what: &'static str,
        /// The bound.
        bytes_max: u64,
    },
    /// A file or standard input cannot be read.
    #[error("cannot read {what}: {cause}")]
    Read {
        /// What it is.
        what: &'static str,
        /// What the system says.
        cause: io::Error,
    },
    /// Standard output does not take more.
    #[error("cannot write: {0}")]
    Output(#[source] io::Error),
    /// The prompt does not work.
    #[error("no prompt: {0}")]
    Prompt(#[from] rustyline::error::ReadlineError),
}
