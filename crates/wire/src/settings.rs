//! What can be set at this door.

use std::time::Duration;

use latchkey_protocol::resp::RequestLimits;

use crate::Domain;

/// Limits and deadlines of the RESP door. Each bounds something that a client could otherwise make grow.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Bounds on one command. Plans have smaller ones, which are answered with an error; beyond these the connection is
    /// closed.
    pub request: RequestLimits,
    /// What commands that are larger than 64 KiB and have not arrived in full may take, of all connections together.
    pub large_requests_bytes_max: usize,
    /// How many commands may wait for EXEC on a connection.
    pub queued_commands_max: usize,
    /// How many bytes they may take.
    pub queued_bytes_max: usize,
    /// Connections that are open at the same time. One more is told so, and closed.
    pub connections_max: usize,
    /// From the connection to its first byte, for a TLS handshake, and until it has authenticated.
    pub authentication_timeout: Duration,
    /// How long a connection may be silent, or leave its replies unread.
    pub idle_timeout: Duration,
    /// How often it is looked at whether the token of somebody who sends nothing is still good.
    pub standing_period: Duration,
    /// After a refused password, so long until the answer; twice as long each time.
    pub refusal_delay: Duration,
    /// After so many refused passwords the connection is closed.
    pub refusals_max: u32,
    /// From the signal to stop until connections are cut.
    pub drain_timeout: Duration,
    /// The token as which those act who send none; for development, on loopback.
    pub open_as: Option<String>,
    /// Where each database has a host name of its own: who asks for one in the TLS handshake gets into no other database,
    /// and need not name it again.
    pub domain: Option<Domain>,
    /// Where the REST door is, for those who speak HTTP here.
    pub rest_url: String,
}

impl Default for Settings {
    fn default() -> Self {
        let largest_bytes = 64 * 1024 * 1024;
        Self {
            request: RequestLimits {
                bulk_bytes_max: largest_bytes,
                request_bytes_max: largest_bytes,
                ..RequestLimits::default()
            },
            large_requests_bytes_max: 1024 * 1024 * 1024,
            queued_commands_max: 100_000,
            queued_bytes_max: largest_bytes,
            connections_max: 10_000,
            authentication_timeout: Duration::from_secs(30),
            idle_timeout: Duration::from_secs(3600),
            standing_period: Duration::from_secs(15),
            refusal_delay: Duration::from_millis(100),
            refusals_max: 8,
            drain_timeout: Duration::from_secs(10),
            open_as: None,
            domain: None,
            rest_url: "https://<host of the REST door>".into(),
        }
    }
}
