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
    /// The Redis protocol, which has a port of its own.
    Resp,
}

/// Looks at the first bytes, without taking them. `None` if none came in time, or the client went away.
pub(crate) async fn speech(stream: &TcpStream, deadline: Duration) -> Option<Speech> {
    let mut first = [0; 3];
    let seen = timeout(deadline, stream.peek(&mut first)).await.ok()?.ok()?;
    match &first[..seen] {
        [] => None,
        // The preface of HTTP/2 begins with PRI, which is no method of HTTP/1. One or two bytes decide as well: no
        // method that is taken here but POST and PUT begins with P, and those go on with O and U.
        [b'P', b'R', ..] => Some(Speech::Http2),
        [0x16, ..] => Some(Speech::Tls),
        // No HTTP request begins with a star, and no method with PI, but the PING that somebody types does.
        [b'*', ..] | [b'P', b'I', ..] => Some(Speech::Resp),
        _ => Some(Speech::Http1),
    }
}
