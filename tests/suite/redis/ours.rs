//! A database of ours in this process, asked as Redis is.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use fastrand::Rng;
use latchkey_commands::{Call, Facts, Settings, Site};
use latchkey_keyspace::{Keyspace, Now};
use latchkey_protocol::Reply;
use latchkey_protocol::resp::{Version, write_reply};
use latchkey_pubsub::{Hub, Outbox};

use super::Line;
use super::wire::Wire;

/// The longest value, as in the usual plan.
const RECORD_BYTES_MAX: u64 = 100 * 1024 * 1024;

pub(super) struct Ours {
    pub(super) keyspace: Keyspace,
    chance: Rng,
    facts: Facts,
    settings: Settings,
    /// Nobody listens to it.
    outbox: Outbox,
    version: Version,
}

impl Ours {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            keyspace: Keyspace::new(seed),
            chance: Rng::with_seed(seed),
            facts: Facts::default(),
            settings: Settings::default(),
            outbox: Outbox::new(Arc::new(Hub::new(seed))),
            version: Version::Resp2,
        }
    }

    /// Answers in this version of the protocol from now on.
    pub(super) fn speak(&mut self, version: Version) {
        self.version = version;
    }

    /// What it answers, as from the wire.
    pub(super) fn ask(&mut self, line: &Line) -> Wire {
        let words = line.iter().map(|word| Bytes::copy_from_slice(word)).collect();
        let reply = match Call::resolve(words) {
            Err(error) => Reply::Error(error),
            Ok(call) => call.run(&mut Site {
                keyspace: &mut self.keyspace,
                now: now(),
                chance: &mut self.chance,
                facts: &self.facts,
                settings: &mut self.settings,
                outbox: &mut self.outbox,
                record_bytes_max: RECORD_BYTES_MAX,
            }),
        };
        let mut out = Vec::new();
        write_reply(&mut out, &reply, self.version);
        Wire::read(&mut &out[..]).expect("what we write is a reply")
    }
}

/// Redis runs on this clock too.
pub(super) fn now() -> Now {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is later than 1970");
    Now::from_us(i64::try_from(since.as_micros()).expect("it is earlier than the year 294,000"))
}
