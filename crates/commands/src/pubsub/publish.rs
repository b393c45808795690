//! `PUBLISH channel message`, `SPUBLISH shardchannel message`

use latchkey_protocol::{Reply, ReplyError};
use latchkey_pubsub::Scope;

use crate::Arity::Exactly;
use crate::{Args, Channels, Result, Server, Spec};

pub(super) const PUBLISH: Spec = Spec::server("PUBLISH", publish)
    .summary("Sends a message to all who listen on a channel, and returns how many they are.")
    .since("2.0.0")
    .arity(Exactly(3))
    .fast()
    .channels(Channels::At(1))
    .no_readers()
    .example("> PUBLISH news hello\n(integer) 0");

pub(super) const SPUBLISH: Spec = Spec::server("SPUBLISH", publish_to_shard)
    .summary("Sends a message to all who listen on a shard channel, and returns how many they are.")
    .since("7.0.0")
    .arity(Exactly(3))
    .fast()
    .channels(Channels::At(1))
    .no_readers()
    .example("> SPUBLISH news hello\n(integer) 0");

fn publish(db: &mut Server<'_>, args: Args<'_>) -> Result {
    say(db, Scope::Channel, args)
}

fn publish_to_shard(db: &mut Server<'_>, args: Args<'_>) -> Result {
    say(db, Scope::Shard, args)
}

fn say(db: &mut Server<'_>, scope: Scope, mut args: Args<'_>) -> Result {
    let (channel, message) = (args.next()?, args.next()?);
    match db.outbox.publish(scope, channel, message) {
        Some(receivers) => Ok(Reply::count(receivers)),
        None => Err(ReplyError::fixed("ERR too much is published in one step").into()),
    }
}
