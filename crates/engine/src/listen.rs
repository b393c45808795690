//! Commands that have somebody listen.

use bytes::Bytes;
use latchkey_commands::Call;
use latchkey_keyspace::Now;
use latchkey_protocol::{Reply, ReplyError};
use latchkey_pubsub::{Ear, Full, Scope};

use crate::{Database, Ran};

impl Database {
    /// Runs SUBSCRIBE, PSUBSCRIBE, SSUBSCRIBE, MONITOR or CLIENT TRACKING for whoever hears with this ear. A subscription
    /// answers an array of confirmations, `[kind, name, count]` each: the door sends them one by one. After CLIENT TRACKING
    /// the ear can [track](Ear::track) keys.
    pub fn listen(&mut self, call: &Call, ear: &Ear, now: Now) -> Ran {
        self.note(call, now);
        let reply = match call.spec().name {
            "SUBSCRIBE" => self.subscribe(ear, Scope::Channel, "subscribe", call),
            "PSUBSCRIBE" => self.subscribe(ear, Scope::Pattern, "psubscribe", call),
            "SSUBSCRIBE" => self.subscribe(ear, Scope::Shard, "ssubscribe", call),
            "MONITOR" => {
                self.hub().monitor(ear);
                Ok(Reply::OK)
            }
            "TRACKING" => {
                self.hub().join(ear);
                Ok(Reply::OK)
            }
            _ => Err(latchkey_commands::not_over_rest(call.command())),
        };
        let executed = reply.is_ok();
        Ran { reply: reply.unwrap_or_else(Reply::from), executed }
    }

    fn subscribe(
        &self,
        ear: &Ear,
        scope: Scope,
        kind: &'static str,
        call: &Call,
    ) -> Result<Reply, ReplyError> {
        let names = call.args().rest();
        let counts = self.hub().subscribe(ear, scope, names).map_err(full)?;
        let confirm = |(name, count): (&Bytes, usize)| {
            Reply::Array(vec![Reply::bulk(kind), Reply::Bulk(name.clone()), Reply::count(count)])
        };
        Ok(Reply::Array(names.iter().zip(counts).map(confirm).collect()))
    }
}

fn full(full: Full) -> ReplyError {
    ReplyError::fixed(match full {
        Full::Listener => "ERR too many subscriptions on this connection",
        Full::Database => "ERR too many subscriptions in this database",
        Full::Name => "ERR the name of a channel or a pattern is too long",
    })
}
