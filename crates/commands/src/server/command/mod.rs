//! The command table, for clients: `COMMAND [subcommand argument …]` and its subcommands, among them
//! `COMMAND COUNT` and `COMMAND HELP`.

mod docs;
mod info;
mod keys;
mod list;

use latchkey_protocol::Reply;

use crate::Arity::{AtLeast, Exactly};
use crate::{Args, Category, Command, Result, Server, Spec, commands, table};

pub(super) const COMMAND: Spec = Spec::server("COMMAND", command)
    .subcommands(&[COUNT, DOCS, GETKEYS, GETKEYSANDFLAGS, HELP, INFO, LIST])
    .summary("Describes all commands.")
    .since("2.8.13")
    .arity(AtLeast(1))
    .free()
    .category(Category::Connection)
    .example("> COMMAND INFO nosuch\n1) (nil)");

const COUNT: Spec = Spec::server("COUNT", count)
    .summary("Returns the number of commands.")
    .since("2.8.13")
    .arity(Exactly(2))
    .free()
    .category(Category::Connection)
    .example("> COMMAND COUNT all\n(error) ERR wrong number of arguments for 'command|count' command");

const DOCS: Spec = Spec::server("DOCS", docs)
    .summary("Returns what the documentation says of some or all commands.")
    .since("7.0.0")
    .arity(AtLeast(2))
    .free()
    .category(Category::Connection)
    .example(
        r#"> COMMAND DOCS strlen
1) "strlen"
2) 1) "summary"
   2) "Returns the length of a string in bytes."
   3) "since"
   4) "2.2.0"
   5) "group"
   6) "string""#,
    );

const GETKEYS: Spec = Spec::server("GETKEYS", keys::names)
    .summary("Returns the keys of a command line.")
    .since("2.8.13")
    .arity(AtLeast(3))
    .free()
    .category(Category::Connection)
    .example("> COMMAND GETKEYS MSET a 1 b 2\n1) \"a\"\n2) \"b\"");

const GETKEYSANDFLAGS: Spec = Spec::server("GETKEYSANDFLAGS", keys::names_and_flags)
    .summary("Returns the keys of a command line, with what the command does to them.")
    .since("7.0.0")
    .arity(AtLeast(3))
    .free()
    .category(Category::Connection)
    .example(
        r#"> COMMAND GETKEYSANDFLAGS GET a
1) 1) "a"
   2) 1) RO
      2) access"#,
    );

const HELP: Spec = Spec::server("HELP", help)
    .summary("Lists the subcommands.")
    .since("5.0.0")
    .arity(Exactly(2))
    .free()
    .category(Category::Connection)
    .example("> COMMAND HELP me\n(error) ERR wrong number of arguments for 'command|help' command");

const INFO: Spec = Spec::server("INFO", info)
    .summary("Describes some or all commands: arity, flags, keys, ACL categories.")
    .since("2.8.13")
    .arity(AtLeast(2))
    .free()
    .category(Category::Connection)
    .example(
        r#"> COMMAND INFO ping
1)  1) "ping"
    2) (integer) -1
    3) 1) fast
    4) (integer) 0
    5) (integer) 0
    6) (integer) 0
    7) 1) @fast
       2) @connection
    8) (empty array)
    9) (empty array)
   10) (empty array)"#,
    );

const LIST: Spec = Spec::server("LIST", list::list)
    .summary("Returns the names of all commands, or of those that a filter lets through.")
    .since("7.0.0")
    .arity(AtLeast(2))
    .free()
    .category(Category::Connection)
    .example("> COMMAND LIST FILTERBY PATTERN strl*\n1) \"strlen\"");

fn command(_: &mut Server<'_>, _: Args<'_>) -> Result {
    Ok(Reply::Array(commands().iter().map(info::entry).collect()))
}

fn count(_: &mut Server<'_>, _: Args<'_>) -> Result {
    Ok(Reply::count(commands().len()))
}

fn docs(_: &mut Server<'_>, mut args: Args<'_>) -> Result {
    let asked = chosen(&mut args);
    Ok(Reply::Map(asked.into_iter().flatten().map(docs::entry).collect()))
}

fn info(_: &mut Server<'_>, mut args: Args<'_>) -> Result {
    let asked = chosen(&mut args).into_iter();
    Ok(Reply::Array(asked.map(|command| Reply::or_null(command.map(info::entry))).collect()))
}

/// The commands of these names, or all.
fn chosen(args: &mut Args<'_>) -> Vec<Option<&'static Command>> {
    match args.rest() {
        [] => commands().iter().map(Some).collect(),
        names => names.iter().map(|name| table::named(name)).collect(),
    }
}

fn help(_: &mut Server<'_>, _: Args<'_>) -> Result {
    const LINES: &[&str] = &[
        "COMMAND <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
        "(no subcommand)",
        "    Describes all commands.",
        "COUNT",
        "    Returns the number of commands.",
        "LIST [FILTERBY (MODULE <module>|ACLCAT <category>|PATTERN <pattern>)]",
        "    Returns the names of commands.",
        "INFO [<command> ...]",
        "    Describes some commands, or all.",
        "DOCS [<command> ...]",
        "    Returns the documentation of some commands, or of all.",
        "GETKEYS <command line>",
        "    Returns the keys of a command line.",
        "GETKEYSANDFLAGS <command line>",
        "    Returns the keys of a command line, with what the command does to them.",
        "HELP",
        "    Prints this help.",
    ];
    Ok(Reply::Array(LINES.iter().copied().map(Reply::status).collect()))
}
