//! What can be set at this door.

use std::time::Duration;

use latchkey_protocol::rest::BodyLimits;

/// Limits and deadlines of the REST door. Each bounds something that a client could otherwise make grow.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// The largest body, in bytes. Commands have their own limit, by plan; this one bounds a whole pipeline.
    pub body_bytes_max: usize,
    /// How many words and commands a body may hold.
    pub body: BodyLimits,
    /// Bodies larger than [`LARGE_BODY_BYTES`] that are read at the same time may take so many bytes together.
    pub large_bodies_bytes_max: usize,
    /// Connections that are open at the same time.
    pub connections_max: usize,
    /// From the connection to its first byte, and for a TLS handshake.
    pub first_byte_timeout: Duration,
    /// For a request's head; also how long a connection may be idle between requests. Long, because clients that keep
    /// a connection retry what they sent into one that is just being closed.
    pub head_timeout: Duration,
    /// For a request's body.
    pub body_timeout: Duration,
    /// How long a client may read nothing of what is written to it. Then its connection ends, an event stream with it.
    pub write_timeout: Duration,
    /// Event streams that are open at the same time.
    pub streams_max: usize,
    /// How often a stream that is quiet says that it is there, and looks whether its token is still good.
    pub heartbeat: Duration,
    /// From the signal to stop until connections are cut.
    pub drain_timeout: Duration,
}

/// Bodies beyond this size are read only for a token that is good.
pub(crate) const LARGE_BODY_BYTES: usize = 64 * 1024;

impl Default for Settings {
    fn default() -> Self {
        Self {
            body_bytes_max: 64 * 1024 * 1024,
            body: BodyLimits::default(),
            large_bodies_bytes_max: 1024 * 1024 * 1024,
            connections_max: 10_000,
            first_byte_timeout: Duration::from_secs(10),
            head_timeout: Duration::from_secs(90),
            body_timeout: Duration::from_secs(30),
            write_timeout: Duration::from_secs(60),
            streams_max: 10_000,
            heartbeat: Duration::from_secs(15),
            drain_timeout: Duration::from_secs(10),
        }
    }
}
