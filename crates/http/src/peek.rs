//! The first bytes of a connection tell what is spoken on it.

use std::io::Cursor;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// What a client speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Speech {
    Http1,
    Http2,
    /// A TLS handshake.
    Tls,
    /// The Redis protocol, which has a port of its own.
    Resp,
}

/// Looks at the first bytes, without taking them. `None` if none came in time, or the client went away.
pub(crate) async fn speech(stream: &TcpStream, deadline: Duration) -> Option<Speech> {
    let mut first = [0; 3];
    let seen = timeout(deadline, stream.peek(&mut first)).await.ok()?.ok()?;
    match &first[..seen] {
        [] => None,
        // The preface of HTTP/2 begins with PRI, which is no method of HTTP/1; PROPFIND is one, though not one that is
        // taken here. Where only two bytes have come, they are those of a preface sooner than of PROPFIND.
        [b'P', b'R'] | [b'P', b'R', b'I'] => Some(Speech::Http2),
        [0x16, ..] => Some(Speech::Tls),
        // No HTTP request begins with a star, and no method with PI, but the PING that somebody types does.
        [b'*', ..] | [b'P', b'I', ..] => Some(Speech::Resp),
        _ => Some(Speech::Http1),
    }
}

/// What every HTTP/2 connection begins with: `PRI * HTTP/2.0` and some line ends.
const PREFACE_BYTES: usize = 24;

/// Waits for the whole preface of HTTP/2, and gives the stream back with it. hyper would wait for ever, so that two
/// bytes could hold a connection. `None` if it does not come in time.
pub(crate) async fn http2_preface(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    deadline: Duration,
) -> Option<impl AsyncRead + AsyncWrite + Unpin> {
    let (mut reader, writer) = tokio::io::split(stream);
    let mut preface = [0; PREFACE_BYTES];
    timeout(deadline, reader.read_exact(&mut preface)).await.ok()?.ok()?;
    Some(tokio::io::join(Cursor::new(preface).chain(reader), writer))
}
