//! `OBJECT ENCODING key`, `OBJECT FREQ key`, `OBJECT IDLETIME key`, `OBJECT REFCOUNT key`, `OBJECT HELP`

use latchkey_keyspace::Entry;
use latchkey_protocol::{Reply, ReplyError};

use crate::Arity::Exactly;
use crate::Keys::At;
use crate::{Args, Read, Result, Server, Spec};

pub(super) const OBJECT: Spec = Spec::container("OBJECT", &[ENCODING, FREQ, HELP, IDLETIME, REFCOUNT])
    .summary("Tells how the value of a key is kept.")
    .since("2.2.3");

const ENCODING: Spec = spec("ENCODING", encoding)
    .summary("Returns the name of the form in which a value is kept in memory.")
    .example(
        r#"> SET visits 7
OK
> OBJECT ENCODING visits
"int"
> OBJECT ENCODING nobody
(nil)"#,
    );

const FREQ: Spec = spec("FREQ", freq)
    .summary("Refuses: how often a key is used is not counted, as in Redis without an LFU policy.")
    .since("4.0.0")
    .example(
        "> OBJECT FREQ nobody
(nil)",
    );

const IDLETIME: Spec =
    spec("IDLETIME", idle_time).summary("Returns the seconds since a key was last used.").example(
        "> SET visits 7
OK
> OBJECT IDLETIME visits
(integer) 0",
    );

const REFCOUNT: Spec = spec("REFCOUNT", ref_count).summary("Returns 1: a value belongs to one key.").example(
    "> SET visits 7
OK
> OBJECT REFCOUNT visits
(integer) 1",
);

const HELP: Spec = Spec::server("HELP", help)
    .summary("Returns what the subcommands of OBJECT do.")
    .since("6.2.0")
    .arity(Exactly(2))
    .example(
        "> OBJECT HELP
1) OBJECT <subcommand> [<arg> ...]. Subcommands are:
2) ENCODING <key>
3)     Return the name of the form in which the value of a key is kept.
4) FREQ <key>
5)     Not counted here: answers an error.
6) IDLETIME <key>
7)     Return the seconds since a key was last used.
8) REFCOUNT <key>
9)     Return 1: a value belongs to one key.
10) HELP
11)     Print this help.",
    );

/// What the subcommands about a key have in common.
const fn spec(name: &'static str, handler: fn(&mut Read<'_>, Args<'_>) -> Result) -> Spec {
    Spec::read(name, handler).since("2.2.3").arity(Exactly(3)).keys(At(2))
}

fn encoding(db: &mut Read<'_>, mut args: Args<'_>) -> Result {
    let entry = db.peek(args.key()?);
    Ok(Reply::or_null(entry.map(|entry| Reply::bulk(entry.value().encoding()))))
}

fn freq(db: &mut Read<'_>, mut args: Args<'_>) -> Result {
    let refusal = ReplyError::fixed(
        "ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that when \
         switching between policies at runtime LRU and LFU data will take some time to adjust.",
    );
    Ok(Reply::or_null(db.peek(args.key()?).map(|_| refusal.into())))
}

fn idle_time(db: &mut Read<'_>, mut args: Args<'_>) -> Result {
    let idle_s = |entry: &Entry| entry.idle_s(db.now()).cast_signed();
    Ok(Reply::or_null(db.peek(args.key()?).map(|entry| Reply::Int(idle_s(entry)))))
}

fn ref_count(db: &mut Read<'_>, mut args: Args<'_>) -> Result {
    Ok(Reply::or_null(db.peek(args.key()?).map(|_| Reply::Int(1))))
}

fn help(_: &mut Server<'_>, _: Args<'_>) -> Result {
    let lines = [
        "OBJECT <subcommand> [<arg> ...]. Subcommands are:",
        "ENCODING <key>",
        "    Return the name of the form in which the value of a key is kept.",
        "FREQ <key>",
        "    Not counted here: answers an error.",
        "IDLETIME <key>",
        "    Return the seconds since a key was last used.",
        "REFCOUNT <key>",
        "    Return 1: a value belongs to one key.",
        "HELP",
        "    Print this help.",
    ];
    Ok(Reply::Array(lines.into_iter().map(Reply::status).collect()))
}
