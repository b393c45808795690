//! `PUBSUB CHANNELS [pattern]`, `PUBSUB NUMPAT`, `PUBSUB NUMSUB [channel …]`, `PUBSUB SHARDCHANNELS [pattern]`,
//! `PUBSUB SHARDNUMSUB [shardchannel …]`, `PUBSUB HELP`

use latchkey_protocol::{Reply, ReplyError};
use latchkey_pubsub::Scope;

use crate::Arity::{AtLeast, Exactly};
use crate::{Args, Result, Server, Spec};

pub(super) const PUBSUB: Spec =
    Spec::container("PUBSUB", &[CHANNELS, HELP, NUMPAT, NUMSUB, SHARD_CHANNELS, SHARD_NUMSUB])
        .summary("Holds commands about who listens.")
        .since("2.8.0");

const CHANNELS: Spec = Spec::server("CHANNELS", channels)
    .summary("Returns the channels that somebody listens on, or those whose names match a pattern.")
    .since("2.8.0")
    .arity(AtLeast(2))
    .example("> PUBSUB CHANNELS news:*\n(empty array)");

const HELP: Spec = Spec::server("HELP", help)
    .summary("Returns a text about the subcommands.")
    .since("6.2.0")
    .arity(Exactly(2))
    .example(
        r#"> PUBSUB HELP
 1) PUBSUB <subcommand> [<arg> [value] [opt] ...]. Subcommands are:
 2) CHANNELS [<pattern>]
 3)     Return the channels that somebody listens on, or those that match the pattern.
 4) NUMPAT
 5)     Return the number of different patterns that are listened on.
 6) NUMSUB [<channel> ...]
 7)     Return how many listen on each of the channels, those by pattern left out.
 8) SHARDCHANNELS [<pattern>]
 9)     Return the shard channels that somebody listens on, or those that match the pattern.
10) SHARDNUMSUB [<shardchannel> ...]
11)     Return how many listen on each of the shard channels.
12) HELP
13)     Print this help."#,
    );

const NUMPAT: Spec = Spec::server("NUMPAT", numpat)
    .summary("Returns how many different patterns somebody listens on.")
    .since("2.8.0")
    .arity(Exactly(2))
    .example("> PUBSUB NUMPAT\n(integer) 0");

const NUMSUB: Spec = Spec::server("NUMSUB", numsub)
    .summary("Returns for each of the channels how many listen on it, those by pattern left out.")
    .since("2.8.0")
    .arity(AtLeast(2))
    .example("> PUBSUB NUMSUB news\n1) \"news\"\n2) (integer) 0");

const SHARD_CHANNELS: Spec = Spec::server("SHARDCHANNELS", shard_channels)
    .summary("Returns the shard channels that somebody listens on, or those whose names match a pattern.")
    .since("7.0.0")
    .arity(AtLeast(2))
    .example("> PUBSUB SHARDCHANNELS\n(empty array)");

const SHARD_NUMSUB: Spec = Spec::server("SHARDNUMSUB", shard_numsub)
    .summary("Returns for each of the shard channels how many listen on it.")
    .since("7.0.0")
    .arity(AtLeast(2))
    .example("> PUBSUB SHARDNUMSUB news\n1) \"news\"\n2) (integer) 0");

fn channels(db: &mut Server<'_>, args: Args<'_>) -> Result {
    names(db, Scope::Channel, args, "CHANNELS")
}

fn shard_channels(db: &mut Server<'_>, args: Args<'_>) -> Result {
    names(db, Scope::Shard, args, "SHARDCHANNELS")
}

fn names(db: &Server<'_>, scope: Scope, mut args: Args<'_>, subcommand: &str) -> Result {
    let pattern = match args.rest() {
        [] => None,
        [pattern] => Some(pattern.as_ref()),
        _ => return Err(too_many(subcommand).into()),
    };
    let names = db.outbox.hub().channels(scope, pattern);
    Ok(Reply::Array(names.into_iter().map(Reply::Bulk).collect()))
}

fn too_many(subcommand: &str) -> ReplyError {
    ReplyError::new(format!(
        "ERR unknown subcommand or wrong number of arguments for '{subcommand}'. Try PUBSUB HELP."
    ))
}

fn numpat(db: &mut Server<'_>, _: Args<'_>) -> Result {
    Ok(Reply::count(db.outbox.hub().names(Scope::Pattern)))
}

fn numsub(db: &mut Server<'_>, args: Args<'_>) -> Result {
    Ok(counts(db, Scope::Channel, args))
}

fn shard_numsub(db: &mut Server<'_>, args: Args<'_>) -> Result {
    Ok(counts(db, Scope::Shard, args))
}

/// Flat, also in RESP3.
fn counts(db: &Server<'_>, scope: Scope, mut args: Args<'_>) -> Reply {
    let hub = db.outbox.hub();
    let count = |name: &bytes::Bytes| [Reply::bulk(name), Reply::count(hub.listeners_on(scope, name))];
    Reply::Array(args.rest().iter().flat_map(count).collect())
}

fn help(_: &mut Server<'_>, _: Args<'_>) -> Result {
    const LINES: [&str; 13] = [
        "PUBSUB <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
        "CHANNELS [<pattern>]",
        "    Return the channels that somebody listens on, or those that match the pattern.",
        "NUMPAT",
        "    Return the number of different patterns that are listened on.",
        "NUMSUB [<channel> ...]",
        "    Return how many listen on each of the channels, those by pattern left out.",
        "SHARDCHANNELS [<pattern>]",
        "    Return the shard channels that somebody listens on, or those that match the pattern.",
        "SHARDNUMSUB [<shardchannel> ...]",
        "    Return how many listen on each of the shard channels.",
        "HELP",
        "    Print this help.",
    ];
    Ok(Reply::Array(LINES.into_iter().map(Reply::status).collect()))
}
