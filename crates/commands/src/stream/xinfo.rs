//! `XINFO STREAM key [FULL [COUNT count]]`, `XINFO GROUPS key`, `XINFO CONSUMERS key group` and `XINFO HELP`

use latchkey_keyspace::value::Stream;
use latchkey_keyspace::value::stream::{Consumer, Delivery, Entry, Group, Id};
use latchkey_protocol::{Reply, ReplyError};

use super::{no_group_in_key, reply, unknown_option};
use crate::Arity::{AtLeast, Exactly};
use crate::Keys::At;
use crate::{Args, Cost, Read, Result, Server, Spec};

pub(super) const XINFO: Spec = Spec::container("XINFO", &[CONSUMERS, GROUPS, HELP, STREAM])
    .summary("Tells of a stream, its groups and their consumers.")
    .since("5.0.0");

const STREAM: Spec = spec("STREAM", stream)
    .summary("Returns facts of a stream; with FULL also entries, groups, consumers and what is to be acknowledged.")
    .arity(AtLeast(3))
    .example(
        r#"> XADD jobs 1-0 do this
"1-0"
> XINFO STREAM jobs
 1) "length"
 2) (integer) 1
 3) "radix-tree-keys"
 4) (integer) 1
 5) "radix-tree-nodes"
 6) (integer) 2
 7) "last-generated-id"
 8) "1-0"
 9) "max-deleted-entry-id"
10) "0-0"
11) "entries-added"
12) (integer) 1
13) "recorded-first-entry-id"
14) "1-0"
15) "groups"
16) (integer) 0
17) "first-entry"
18) 1) "1-0"
    2) 1) "do"
       2) "this"
19) "last-entry"
20) 1) "1-0"
    2) 1) "do"
       2) "this""#,
    );

const GROUPS: Spec = spec("GROUPS", groups)
    .summary("Returns facts of each group: how many consumers and entries to acknowledge, how far it is.")
    .arity(Exactly(3))
    .example(
        r#"> XADD jobs 1-0 do this
"1-0"
> XGROUP CREATE jobs workers 0
OK
> XINFO GROUPS jobs
1)  1) "name"
    2) "workers"
    3) "consumers"
    4) (integer) 0
    5) "pending"
    6) (integer) 0
    7) "last-delivered-id"
    8) "0-0"
    9) "entries-read"
   10) (nil)
   11) "lag"
   12) (integer) 1"#,
    );

const CONSUMERS: Spec = spec("CONSUMERS", consumers)
    .summary("Returns facts of each consumer of a group: how many entries it has to acknowledge, when it was seen.")
    .arity(Exactly(4))
    .example(
        r#"> XGROUP CREATE jobs workers $ MKSTREAM
OK
> XGROUP CREATECONSUMER jobs workers ann
(integer) 1
> XINFO CONSUMERS jobs workers
1) 1) "name"
   2) "ann"
   3) "pending"
   4) (integer) 0
   5) "idle"
   6) (integer) 0
   7) "inactive"
   8) (integer) -1"#,
    );

const HELP: Spec = Spec::server("HELP", help)
    .summary("Returns what the subcommands of XINFO do.")
    .since("5.0.0")
    .arity(Exactly(2))
    .example(
        "> XINFO HELP
1) XINFO <subcommand> [<arg> [value] [opt] ...]. Subcommands are:
2) CONSUMERS <key> <groupname>
3)     Show the consumers of a group.
4) GROUPS <key>
5)     Show the groups of a stream.
6) STREAM <key> [FULL [COUNT <count>]]
7)     Show a stream.
8) HELP
9)     Print this help.",
    );

/// With FULL, so many of each list are shown unless COUNT says otherwise.
const COUNT_DEFAULT: usize = 10;

/// What the subcommands about a key have in common.
const fn spec(name: &'static str, handler: fn(&mut Read<'_>, Args<'_>) -> Result) -> Spec {
    Spec::read(name, handler).since("5.0.0").keys(At(2)).cost(Cost::Values)
}

fn stream(db: &mut Read<'_>, mut args: Args<'_>) -> Result {
    let stream = db.stream(args.key()?)?.ok_or(ReplyError::NO_SUCH_KEY)?;
    let mut facts = facts(stream);
    match count_if_full(&mut args)? {
        None => facts.extend(outline(stream)),
        Some(count) => facts.extend(contents(stream, count)),
    }
    Ok(map(facts))
}

fn groups(db: &mut Read<'_>, mut args: Args<'_>) -> Result {
    let stream = db.stream(args.key()?)?.ok_or(ReplyError::NO_SUCH_KEY)?;
    let row = |(name, group): (&[u8], &Group)| {
        map(vec![
            ("name", Reply::bulk(name)),
            ("consumers", Reply::count(group.consumers().len())),
            ("pending", Reply::count(group.pending_len())),
            ("last-delivered-id", reply::id(group.last_id)),
            ("entries-read", entries_read(group)),
            ("lag", lag(stream, group)),
        ])
    };
    Ok(Reply::Array(stream.groups().map(row).collect()))
}

fn consumers(db: &mut Read<'_>, mut args: Args<'_>) -> Result {
    let (key, name) = (args.key()?, args.next()?);
    let stream = db.stream(key)?.ok_or(ReplyError::NO_SUCH_KEY)?;
    let group = stream.group(name).ok_or_else(|| no_group_in_key(key, name))?;
    let now_ms = db.now().ms();
    let row = |(name, consumer): (&[u8], &Consumer)| {
        let since = |at_ms: i64| Reply::Int(now_ms.saturating_sub(at_ms).max(0));
        map(vec![
            ("name", Reply::bulk(name)),
            ("pending", Reply::count(consumer.pending_len())),
            ("idle", since(consumer.seen_at_ms)),
            ("inactive", consumer.active_at_ms.map_or(Reply::Int(-1), since)),
        ])
    };
    Ok(Reply::Array(group.consumers().map(row).collect()))
}

/// How many of each list to show, if FULL is given.
fn count_if_full(args: &mut Args<'_>) -> Result<Option<usize>> {
    if args.is_empty() {
        return Ok(None);
    }
    let mut count = COUNT_DEFAULT;
    let is_full = args.option("FULL");
    if is_full && args.len() == 2 && args.option("COUNT") {
        count = match usize::try_from(args.int()?) {
            Ok(0) => usize::MAX,
            count => count.unwrap_or(COUNT_DEFAULT),
        };
    }
    match is_full && args.is_empty() {
        true => Ok(Some(count)),
        false => Err(unknown_option("XINFO", "STREAM").into()),
    }
}

fn facts(stream: &Stream) -> Vec<(&'static str, Reply)> {
    let counters = stream.counters();
    let blocks = stream.blocks();
    vec![
        ("length", Reply::count(stream.len())),
        // There is no radix tree, but something much like its keys; Redis counts their root too.
        ("radix-tree-keys", Reply::count(blocks)),
        ("radix-tree-nodes", Reply::count(blocks + 1)),
        ("last-generated-id", reply::id(counters.last_id)),
        ("max-deleted-entry-id", reply::id(counters.max_deleted_id)),
        ("entries-added", unsigned(counters.entries_added)),
        ("recorded-first-entry-id", reply::id(stream.first().map_or(Id::MIN, |first| first.id))),
    ]
}

fn outline(stream: &Stream) -> [(&'static str, Reply); 3] {
    let entry = |entry: Option<Entry<'_>>| Reply::or_null(entry.map(reply::entry));
    [
        ("groups", Reply::count(stream.groups().len())),
        ("first-entry", entry(stream.first())),
        ("last-entry", entry(stream.last())),
    ]
}

fn contents(stream: &Stream, count: usize) -> [(&'static str, Reply); 2] {
    let entries = reply::entries(stream.range(Id::MIN..=Id::MAX).take(count));
    let groups = stream.groups().map(|(name, group)| full_group(stream, name, group, count));
    [("entries", entries), ("groups", Reply::Array(groups.collect()))]
}

fn full_group(stream: &Stream, name: &[u8], group: &Group, count: usize) -> Reply {
    let pending = group.pending_range(Id::MIN..=Id::MAX).take(count).map(|(id, consumer, delivery)| {
        let [at, deliveries] = full_delivery(delivery);
        Reply::Array(vec![reply::id(id), Reply::bulk(consumer), at, deliveries])
    });
    let consumers = group.consumers().map(|(name, consumer)| full_consumer(group, name, consumer, count));
    map(vec![
        ("name", Reply::bulk(name)),
        ("last-delivered-id", reply::id(group.last_id)),
        ("entries-read", entries_read(group)),
        ("lag", lag(stream, group)),
        ("pel-count", Reply::count(group.pending_len())),
        ("pending", Reply::Array(pending.collect())),
        ("consumers", Reply::Array(consumers.collect())),
    ])
}

fn full_consumer(group: &Group, name: &[u8], consumer: &Consumer, count: usize) -> Reply {
    let pending = group.pending_range_of(name, Id::MIN..=Id::MAX).take(count).map(|(id, delivery)| {
        let [at, deliveries] = full_delivery(delivery);
        Reply::Array(vec![reply::id(id), at, deliveries])
    });
    map(vec![
        ("name", Reply::bulk(name)),
        ("seen-time", Reply::Int(consumer.seen_at_ms)),
        ("active-time", Reply::Int(consumer.active_at_ms.unwrap_or(-1))),
        ("pel-count", Reply::count(consumer.pending_len())),
        ("pending", Reply::Array(pending.collect())),
    ])
}

fn full_delivery(delivery: Delivery) -> [Reply; 2] {
    [Reply::Int(delivery.at_ms), unsigned(delivery.count)]
}

fn entries_read(group: &Group) -> Reply {
    Reply::or_null(group.entries_read.map(unsigned))
}

fn lag(stream: &Stream, group: &Group) -> Reply {
    Reply::or_null(stream.lag(group).map(Reply::Int))
}

/// A number that a client may have set, but not beyond what it could write.
fn unsigned(number: u64) -> Reply {
    Reply::Int(i64::try_from(number).unwrap_or(i64::MAX))
}

fn map(facts: Vec<(&'static str, Reply)>) -> Reply {
    Reply::Map(facts.into_iter().map(|(name, fact)| (Reply::bulk(name), fact)).collect())
}

fn help(_: &mut Server<'_>, _: Args<'_>) -> Result {
    let lines = [
        "XINFO <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
        "CONSUMERS <key> <groupname>",
        "    Show the consumers of a group.",
        "GROUPS <key>",
        "    Show the groups of a stream.",
        "STREAM <key> [FULL [COUNT <count>]]",
        "    Show a stream.",
        "HELP",
        "    Print this help.",
    ];
    Ok(Reply::Array(lines.into_iter().map(Reply::status).collect()))
}
