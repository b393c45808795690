//! `FUNCTION DELETE library`, `FUNCTION DUMP`, `FUNCTION FLUSH [ASYNC | SYNC]`, `FUNCTION HELP`, `FUNCTION KILL`,
//! `FUNCTION LIST [LIBRARYNAME pattern] [WITHCODE]`, `FUNCTION LOAD [REPLACE] program`, `FUNCTION RESTORE payload
//! [FLUSH | APPEND | REPLACE]`, `FUNCTION STATS`

use latchkey_protocol::{Reply, ReplyError};

use crate::Arity::{AtLeast, Exactly};
use crate::spec::{Cost, Script};
use crate::{Args, Result, Server, Spec, Write};

pub(super) const FUNCTION: Spec =
    Spec::container("FUNCTION", &[DELETE, DUMP, FLUSH, HELP, KILL, LIST, LOAD, RESTORE, STATS])
        .summary("Holds commands about function libraries.")
        .since("7.0.0");

const DELETE: Spec = Spec::write("DELETE", delete)
    .summary("Deletes a library and its functions.")
    .since("7.0.0")
    .arity(Exactly(3))
    .no_script()
    .example("> FUNCTION DELETE nosuch\n(error) ERR Library not found");

const DUMP: Spec = Spec::server("DUMP", dump)
    .summary("Returns all libraries in a form that FUNCTION RESTORE takes.")
    .since("7.0.0")
    .arity(Exactly(2))
    .no_script()
    .cost(Cost::Unknown)
    .example("> FUNCTION DUMP\n\"\\n\\x00]\\x9b\\\\@\\x0f\\x7f\\xa2\\xda\"");

const FLUSH: Spec = Spec::write("FLUSH", flush)
    .summary("Deletes every library.")
    .since("7.0.0")
    .arity(AtLeast(2))
    .no_script()
    .example("> FUNCTION FLUSH\nOK");

const HELP: Spec = Spec::server("HELP", help)
    .summary("Lists what FUNCTION holds.")
    .since("7.0.0")
    .arity(Exactly(2))
    .example(
        "> FUNCTION HELP
 1) FUNCTION <subcommand> [<arg> [value] [opt] ...]. Subcommands are:
 2) DELETE <library-name>
 3)     Delete a library and its functions.
 4) DUMP
 5)     Return all libraries in a form that RESTORE takes.
 6) FLUSH [ASYNC|SYNC]
 7)     Delete every library.
 8) KILL
 9)     Answers an error: no function can be seen running.
10) LIST [LIBRARYNAME <pattern>] [WITHCODE]
11)     Tell of libraries and their functions.
12) LOAD [REPLACE] <code>
13)     Keep a library, and return its name.
14) RESTORE <payload> [FLUSH|APPEND|REPLACE]
15)     Keep the libraries of a DUMP. FLUSH deletes all others, REPLACE those
16)     that have their names; APPEND, the default, refuses to.
17) STATS
18)     Count libraries and functions.
19) HELP
20)     Print this help.",
    );

const KILL: Spec = Spec::server("KILL", kill)
    .summary(
        "Answers that no function is running: one ends itself in time, and nobody sees a database meanwhile.",
    )
    .since("7.0.0")
    .arity(Exactly(2))
    .no_script()
    .example("> FUNCTION KILL\n(error) NOTBUSY No scripts in execution right now.");

const LIST: Spec = Spec::script("LIST", Script::ListLibraries)
    .summary("Tells of libraries and their functions.")
    .since("7.0.0")
    .arity(AtLeast(2))
    .cost(Cost::Unknown)
    .example(
        "> FUNCTION LOAD \"#!lua name=mylib\\nredis.register_function('one', function() return 1 end)\"
\"mylib\"
> FUNCTION LIST LIBRARYNAME my*
1) 1) \"library_name\"
   2) \"mylib\"
   3) \"engine\"
   4) \"LUA\"
   5) \"functions\"
   6) 1) 1) \"name\"
         2) \"one\"
         3) \"description\"
         4) (nil)
         5) \"flags\"
         6) (empty array)",
    );

const LOAD: Spec = Spec::script("LOAD", Script::LoadLibrary)
    .summary("Keeps a library with the data, and returns its name.")
    .since("7.0.0")
    .arity(AtLeast(3))
    .cost(Cost::Unknown)
    .grows()
    .example(
        "> FUNCTION LOAD \"#!lua name=mylib\\nredis.register_function('one', function() return 1 end)\"
\"mylib\"
> FUNCTION LOAD \"#!lua name=mylib\\nredis.register_function('one', function() return 1 end)\"
(error) ERR Library 'mylib' already exists
> FUNCTION LOAD REPLACE \"#!lua name=mylib\\nredis.register_function('one', function() return 'I' end)\"
\"mylib\"
> FCALL one 0
\"I\"",
    );

const RESTORE: Spec = Spec::script("RESTORE", Script::RestoreLibraries)
    .summary(
        "Keeps the libraries that FUNCTION DUMP returned, beside those that there are or in their place.",
    )
    .since("7.0.0")
    .arity(AtLeast(3))
    .cost(Cost::Unknown)
    .grows_freely()
    .example("> FUNCTION RESTORE nonsense\n(error) ERR DUMP payload version or checksum are wrong");

const STATS: Spec = Spec::script("STATS", Script::LibraryStats)
    .summary("Counts libraries and functions.")
    .since("7.0.0")
    .arity(Exactly(2))
    .cost(Cost::Unknown)
    .example(
        "> FUNCTION STATS
1) \"running_script\"
2) (nil)
3) \"engines\"
4) 1) \"LUA\"
   2) 1) \"libraries_count\"
      2) (integer) 0
      3) \"functions_count\"
      4) (integer) 0",
    );

fn delete(db: &mut Write<'_>, mut args: Args<'_>) -> Result {
    if db.remove_library(args.next()?) {
        Ok(Reply::OK)
    } else {
        Err(ReplyError::fixed("ERR Library not found").into())
    }
}

fn dump(db: &mut Server<'_>, _: Args<'_>) -> Result {
    let codes = db.view.libraries().iter().map(|(_, library)| library.code().as_slice());
    Ok(Reply::Bulk(latchkey_rdb::dump_libraries(codes).into()))
}

/// The libraries are gone at once either way.
fn flush(db: &mut Write<'_>, mut args: Args<'_>) -> Result {
    if args.len() > 1 {
        let wrong = "ERR unknown subcommand or wrong number of arguments for 'FLUSH'. Try FUNCTION HELP.";
        return Err(ReplyError::fixed(wrong).into());
    }
    let is_known = args.is_empty() || args.option("ASYNC") || args.option("SYNC");
    if !is_known {
        return Err(ReplyError::fixed("ERR FUNCTION FLUSH only supports SYNC|ASYNC option").into());
    }
    db.clear_libraries();
    Ok(Reply::OK)
}

fn kill(_: &mut Server<'_>, _: Args<'_>) -> Result {
    Err(ReplyError::fixed("NOTBUSY No scripts in execution right now.").into())
}

fn help(_: &mut Server<'_>, _: Args<'_>) -> Result {
    let lines = [
        "FUNCTION <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
        "DELETE <library-name>",
        "    Delete a library and its functions.",
        "DUMP",
        "    Return all libraries in a form that RESTORE takes.",
        "FLUSH [ASYNC|SYNC]",
        "    Delete every library.",
        "KILL",
        "    Answers an error: no function can be seen running.",
        "LIST [LIBRARYNAME <pattern>] [WITHCODE]",
        "    Tell of libraries and their functions.",
        "LOAD [REPLACE] <code>",
        "    Keep a library, and return its name.",
        "RESTORE <payload> [FLUSH|APPEND|REPLACE]",
        "    Keep the libraries of a DUMP. FLUSH deletes all others, REPLACE those",
        "    that have their names; APPEND, the default, refuses to.",
        "STATS",
        "    Count libraries and functions.",
        "HELP",
        "    Print this help.",
    ];
    Ok(Reply::Array(lines.into_iter().map(Reply::status).collect()))
}
