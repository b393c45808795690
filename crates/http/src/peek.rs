//! The first bytes of a connection tell what is spoken on it.

use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::timeout;

/// What a client speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Speech {
    Http1,
    Http2,
    /// A TLS handshake.
    Tls,
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
        _ => Some(Speech::Http1),
    }
}
