//! `XGROUP CREATE key group id | $ [MKSTREAM] [ENTRIESREAD entries-read]`, `XGROUP CREATECONSUMER key group consumer`,
//! `XGROUP DELCONSUMER key group consumer`, `XGROUP DESTROY key group`, `XGROUP SETID key group id | $ [ENTRIESREAD
//! entries-read]`, `XGROUP HELP`

use latchkey_keyspace::value::Stream;
use latchkey_keyspace::value::stream::Id;
use latchkey_keyspace::{Class, Open};
use latchkey_protocol::{Reply, ReplyError};

use super::{id, no_group_in_key, unknown_option};
use crate::Arity::{AtLeast, Exactly};
use crate::Keys::At;
use crate::{Args, Cost, Result, Server, Spec, Write};

pub(super) const XGROUP: Spec =
    Spec::container("XGROUP", &[CREATE, CREATECONSUMER, DELCONSUMER, DESTROY, HELP, SETID])
        .summary("Manages the consumer groups of a stream.")
        .since("5.0.0");

const CREATE: Spec = spec("CREATE", "xgroup-create", create)
    .summary("Creates a group, which is delivered the entries after an id; `$` is the end of the stream.")
    .arity(AtLeast(5))
    .grows()
    .example(
        "> XGROUP CREATE jobs workers $ MKSTREAM
OK
> XGROUP CREATE jobs workers 0
(error) BUSYGROUP Consumer Group name already exists",
    );

const CREATECONSUMER: Spec = spec("CREATECONSUMER", "xgroup-createconsumer", create_consumer)
    .summary("Creates a consumer in a group, unless it exists. Reading from the group does so too.")
    .since("6.2.0")
    .arity(Exactly(5))
    .grows()
    .example(
        "> XGROUP CREATE jobs workers $ MKSTREAM
OK
> XGROUP CREATECONSUMER jobs workers ann
(integer) 1
> XGROUP CREATECONSUMER jobs workers ann
(integer) 0",
    );

const DELCONSUMER: Spec = spec("DELCONSUMER", "xgroup-delconsumer", del_consumer)
    .summary(
        "Removes a consumer from a group, and returns how many entries it had to acknowledge: they are lost.",
    )
    .arity(Exactly(5))
    .cost(Cost::Values)
    .example(
        "> XGROUP CREATE jobs workers $ MKSTREAM
OK
> XGROUP CREATECONSUMER jobs workers ann
(integer) 1
> XGROUP DELCONSUMER jobs workers ann
(integer) 0",
    );

const DESTROY: Spec = spec("DESTROY", "xgroup-destroy", destroy)
    .summary("Removes a group with its consumers, and what they had to acknowledge.")
    .arity(Exactly(4))
    .cost(Cost::Values)
    .example(
        "> XGROUP CREATE jobs workers $ MKSTREAM
OK
> XGROUP DESTROY jobs workers
(integer) 1
> XGROUP DESTROY jobs workers
(integer) 0",
    );

const SETID: Spec = spec("SETID", "xgroup-setid", set_id)
    .no_event()
    .summary("Sets the id after which a group is delivered entries.")
    .arity(AtLeast(5))
    .example(
        "> XGROUP CREATE jobs workers $ MKSTREAM
OK
> XGROUP SETID jobs workers 0
OK",
    );

const HELP: Spec = Spec::server("HELP", help)
    .summary("Returns what the subcommands of XGROUP do.")
    .since("5.0.0")
    .arity(Exactly(2))
    .example(
        "> XGROUP HELP
 1) XGROUP <subcommand> [<arg> [value] [opt] ...]. Subcommands are:
 2) CREATE <key> <groupname> <id|$> [MKSTREAM] [ENTRIESREAD <entries-read>]
 3)     Create a group, and with MKSTREAM the stream if it does not exist.
 4) CREATECONSUMER <key> <groupname> <consumer>
 5)     Create a consumer in a group.
 6) DELCONSUMER <key> <groupname> <consumer>
 7)     Remove a consumer.
 8) DESTROY <key> <groupname>
 9)     Remove a group.
10) SETID <key> <groupname> <id|$> [ENTRIESREAD <entries-read>]
11)     Set the last delivered id of a group, and how many entries it has read.
12) HELP
13)     Print this help.",
    );

const NO_KEY: ReplyError = ReplyError::fixed(
    "ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use the MKSTREAM option \
     to create an empty stream automatically.",
);
const BUSY: ReplyError = ReplyError::fixed("BUSYGROUP Consumer Group name already exists");
const NOT_A_COUNT: ReplyError = ReplyError::fixed("ERR value for ENTRIESREAD must be positive or -1");

/// What the subcommands about a key have in common.
const fn spec(
    name: &'static str,
    event: &'static str,
    handler: fn(&mut Write<'_>, Args<'_>) -> Result,
) -> Spec {
    Spec::write(name, handler).event(event).since("5.0.0").keys(At(2))
}

fn create(db: &mut Write<'_>, mut args: Args<'_>) -> Result {
    let (key, name, start) = (args.key()?, args.next()?, args.next()?);
    let options = Options::parse(&mut args, "CREATE")?;
    let stream = db.view().stream(key)?;
    if stream.is_none() && !options.makes_stream {
        return Err(NO_KEY.into());
    }
    let last_id = options.last_id(start, stream)?;
    if stream.is_some_and(|stream| stream.group(name).is_some()) {
        return Err(BUSY.into());
    }
    let mut stream = db.stream_or_new(key)?;
    let entries_read = options.entries_read(&stream);
    stream.put_group(name, last_id, entries_read);
    Ok(Reply::OK)
}

fn set_id(db: &mut Write<'_>, mut args: Args<'_>) -> Result {
    let (key, name, start) = (args.key()?, args.next()?, args.next()?);
    let options = Options::parse(&mut args, "SETID")?;
    let mut stream = with_group(db, key, name)?;
    let last_id = options.last_id(start, Some(&stream))?;
    let entries_read = options.entries_read(&stream);
    stream.put_group(name, last_id, entries_read);
    drop(stream);
    db.tell(Class::Stream, "xgroup-setid", key); // as in Redis, also where it was that already
    Ok(Reply::OK)
}

fn destroy(db: &mut Write<'_>, mut args: Args<'_>) -> Result {
    let (key, name) = (args.key()?, args.next()?);
    let mut stream = db.stream(key)?.ok_or(NO_KEY)?;
    Ok(Reply::flag(stream.remove_group(name)))
}

fn create_consumer(db: &mut Write<'_>, mut args: Args<'_>) -> Result {
    let (key, name, consumer) = (args.key()?, args.next()?, args.next()?);
    let mut stream = with_group(db, key, name)?;
    let is_new = stream.group(name).is_some_and(|group| group.consumer(consumer).is_none());
    if is_new {
        let now_ms = stream.now().ms();
        stream.put_consumer(name, consumer, now_ms, None);
    }
    Ok(Reply::flag(is_new))
}

fn del_consumer(db: &mut Write<'_>, mut args: Args<'_>) -> Result {
    let (key, name, consumer) = (args.key()?, args.next()?, args.next()?);
    let mut stream = with_group(db, key, name)?;
    Ok(Reply::count(stream.remove_consumer(name, consumer).unwrap_or(0)))
}

/// The stream, which has to have the group.
fn with_group<'d>(db: &'d mut Write<'_>, key: &'d [u8], name: &[u8]) -> Result<Open<'d, Stream>> {
    let stream = db.stream(key)?.ok_or(NO_KEY)?;
    match stream.group(name) {
        Some(_) => Ok(stream),
        None => Err(no_group_in_key(key, name).into()),
    }
}

/// The options of CREATE and SETID.
struct Options {
    makes_stream: bool,
    entries_read: Option<u64>,
}

impl Options {
    fn parse(args: &mut Args<'_>, subcommand: &str) -> Result<Self> {
        let mut options = Self { makes_stream: false, entries_read: None };
        while !args.is_empty() {
            if subcommand == "CREATE" && args.option("MKSTREAM") {
                options.makes_stream = true;
            } else if args.len() >= 2 && args.option("ENTRIESREAD") {
                options.entries_read = match args.int()? {
                    -1 => None,
                    count => Some(u64::try_from(count).map_err(|_| NOT_A_COUNT)?),
                };
            } else {
                return Err(unknown_option("XGROUP", subcommand).into());
            }
        }
        Ok(options)
    }

    /// The id after which the group begins.
    fn last_id(&self, word: &[u8], stream: Option<&Stream>) -> Result<Id> {
        match word {
            b"$" => Ok(stream.map_or(Id::MIN, |stream| stream.counters().last_id)),
            word => id::id(word),
        }
    }

    /// No more can have been read than were added.
    fn entries_read(&self, stream: &Stream) -> Option<u64> {
        self.entries_read.map(|read| read.min(stream.counters().entries_added))
    }
}

fn help(_: &mut Server<'_>, _: Args<'_>) -> Result {
    let lines = [
        "XGROUP <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
        "CREATE <key> <groupname> <id|$> [MKSTREAM] [ENTRIESREAD <entries-read>]",
        "    Create a group, and with MKSTREAM the stream if it does not exist.",
        "CREATECONSUMER <key> <groupname> <consumer>",
        "    Create a consumer in a group.",
        "DELCONSUMER <key> <groupname> <consumer>",
        "    Remove a consumer.",
        "DESTROY <key> <groupname>",
        "    Remove a group.",
        "SETID <key> <groupname> <id|$> [ENTRIESREAD <entries-read>]",
        "    Set the last delivered id of a group, and how many entries it has read.",
        "HELP",
        "    Print this help.",
    ];
    Ok(Reply::Array(lines.into_iter().map(Reply::status).collect()))
}
