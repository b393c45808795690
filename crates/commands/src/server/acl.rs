//! Users, what they may do, and their tokens: `ACL CAT [category]`, `ACL DELUSER username [username …]`,
//! `ACL DRYRUN username command [argument …]`, `ACL GENPASS [bits]`, `ACL GENTOKEN username [password]`,
//! `ACL GETUSER username`, `ACL HELP`, `ACL LIST`, `ACL LOAD`, `ACL LOG [count | RESET]`, `ACL RESTTOKEN username password`,
//! `ACL SAVE`, `ACL SETUSER username [rule …]`, `ACL USERS`, `ACL WHOAMI`
//!
//! What needs to know the users is done where they are, in `pipeline`.

use bytes::Bytes;
use latchkey_protocol::{Reply, ReplyError};

use crate::Arity::{AtLeast, Exactly};
use crate::call::printable;
use crate::spec::Account;
use crate::{Args, Category, Result, Server, Spec, table};

pub(super) const ACL: Spec = Spec::container(
    "ACL",
    &[
        CAT, DELUSER, DRYRUN, GENPASS, GENTOKEN, GETUSER, HELP, LIST, LOAD, LOG, RESTTOKEN, SAVE, SETUSER,
        USERS, WHOAMI,
    ],
)
.summary("Holds commands about users.")
.since("6.0.0");

const CAT: Spec = Spec::server("CAT", categories)
    .summary("Lists the categories of commands, or the commands of a category.")
    .since("6.0.0")
    .arity(AtLeast(2))
    .no_script()
    .example(
        "> ACL CAT transaction\n1) \"discard\"\n2) \"exec\"\n3) \"multi\"\n4) \"unwatch\"\n5) \"watch\"",
    );

const DELUSER: Spec = admin(Spec::account("DELUSER", Account::DeleteUsers))
    .summary("Deletes users, with their tokens and connections.")
    .since("6.0.0")
    .arity(AtLeast(3))
    .example("> ACL SETUSER ann on\nOK\n> ACL DELUSER ann bob\n(integer) 1");

const DRYRUN: Spec = admin(Spec::account("DRYRUN", Account::DryRun))
    .summary("Tells whether a user may run a command, without running it.")
    .since("7.0.0")
    .arity(AtLeast(4))
    .example(
        r#"> ACL SETUSER ann +get ~ann:*
OK
> ACL DRYRUN ann GET ann:1
OK
> ACL DRYRUN ann SET ann:1 x
"User ann has no permissions to run the 'set' command"
> ACL DRYRUN ann GET bob:1
"User ann has no permissions to access the 'bob:1' key""#,
    );

const GENPASS: Spec = Spec::account("GENPASS", Account::GeneratePassword)
    .summary("Returns random hexadecimal digits.")
    .since("6.0.0")
    .arity(AtLeast(2))
    .example(
        "> ACL GENPASS 5000
(error) ERR ACL GENPASS argument must be the number of bits for the output password, a positive number up to 4096",
    );

const GENTOKEN: Spec = admin(Spec::account("GENTOKEN", Account::GenerateToken))
    .summary("Returns a token that wraps a password of a user, given or random: for SETUSER, which takes no other.")
    .since("upstash")
    .arity(AtLeast(3))
    .example(
        "> ACL GENTOKEN ann hunter2
(error) ERR the password is too weak: it needs at least 16 characters, and at least 10 different ones",
    );

const GETUSER: Spec = admin(Spec::account("GETUSER", Account::GetUser))
    .summary("Describes a user.")
    .since("6.0.0")
    .arity(Exactly(3))
    .example(
        r#"> ACL SETUSER ann on +@read -get ~ann:* &news
OK
> ACL GETUSER ann
 1) "flags"
 2) 1) "on"
 3) "passwords"
 4) (empty array)
 5) "commands"
 6) "-@all +@read -get"
 7) "keys"
 8) "~ann:*"
 9) "channels"
10) "&news""#,
    );

const HELP: Spec = Spec::server("HELP", help)
    .summary("Lists the subcommands.")
    .since("6.0.0")
    .arity(Exactly(2))
    .example("> ACL HELP me\n(error) ERR wrong number of arguments for 'acl|help' command");

const LIST: Spec = admin(Spec::account("LIST", Account::List))
    .summary("Describes all users, each in a line.")
    .since("6.0.0")
    .arity(Exactly(2))
    .example("> ACL LIST me\n(error) ERR wrong number of arguments for 'acl|list' command");

const LOAD: Spec = admin(Spec::server("LOAD", done))
    .summary("Does nothing: changes of users are effective at once, wherever they were made.")
    .since("6.0.0")
    .arity(Exactly(2))
    .no_script()
    .example("> ACL LOAD\nOK");

const LOG: Spec = admin(Spec::server("LOG", log))
    .summary("Returns nothing: refusals are not kept.")
    .since("6.0.0")
    .arity(AtLeast(2))
    .no_script()
    .example("> ACL LOG\n(empty array)\n> ACL LOG RESET\nOK");

const RESTTOKEN: Spec = admin(Spec::account("RESTTOKEN", Account::RestToken))
    .summary("Returns a bearer token of a user, given its password.")
    .since("upstash")
    .arity(Exactly(4))
    .example("> ACL RESTTOKEN upstash secret\n(error) ERR Wrong password or user \"upstash\" does not exist");

const SAVE: Spec = admin(Spec::server("SAVE", done))
    .summary("Does nothing: users are kept as soon as they are changed.")
    .since("6.0.0")
    .arity(Exactly(2))
    .no_script()
    .example("> ACL SAVE\nOK");

const SETUSER: Spec = admin(Spec::account("SETUSER", Account::SetUser))
    .summary("Makes a user, or changes what it may do.")
    .since("6.0.0")
    .arity(AtLeast(3))
    .example(
        r#"> ACL SETUSER ann on ~ann:* +@all -@dangerous
OK
> ACL SETUSER ann +nosuch
(error) ERR Error in ACL SETUSER modifier '+nosuch': Unknown command or category name in ACL"#,
    );

const USERS: Spec = admin(Spec::account("USERS", Account::Users))
    .summary("Names all users.")
    .since("6.0.0")
    .arity(Exactly(2))
    .example(
        r#"> ACL SETUSER ann
OK
> ACL USERS
1) "ann"
2) "default"
3) "default_ro""#,
    );

const WHOAMI: Spec = Spec::account("WHOAMI", Account::WhoAmI)
    .summary("Returns the name of the user who asks.")
    .since("6.0.0")
    .arity(Exactly(2))
    .example("> ACL WHOAMI\n\"default\"");

/// What tells of users or changes them.
const fn admin(spec: Spec) -> Spec {
    spec.category(Category::Admin).category(Category::Dangerous)
}

fn categories(_: &mut Server<'_>, mut args: Args<'_>) -> Result {
    let names = match args.rest() {
        [] => Category::ALL.iter().map(|&(_, name)| name.to_owned()).collect(),
        [category] => members(category)?,
        _ => return Err(unknown_form("cat").into()),
    };
    Ok(Reply::Array(names.into_iter().map(Reply::bulk).collect()))
}

fn members(name: &Bytes) -> Result<Vec<String>> {
    let category = str::from_utf8(name)
        .ok()
        .and_then(Category::named)
        .ok_or_else(|| ReplyError::new(format!("ERR Unknown category '{}'", printable(name))))?;
    let members = table::all().filter(|command| command.categories().has(category));
    Ok(members.map(table::Command::full_name).collect())
}

fn log(_: &mut Server<'_>, mut args: Args<'_>) -> Result {
    if args.len() > 1 {
        return Err(unknown_form("log").into());
    }
    if args.option("RESET") {
        return Ok(Reply::OK);
    }
    if !args.is_empty() {
        args.int()?;
    }
    Ok(Reply::Array(Vec::new()))
}

fn unknown_form(name: &str) -> ReplyError {
    ReplyError::new(format!(
        "ERR unknown subcommand or wrong number of arguments for '{name}'. Try ACL HELP."
    ))
}

fn done(_: &mut Server<'_>, _: Args<'_>) -> Result {
    Ok(Reply::OK)
}

fn help(_: &mut Server<'_>, _: Args<'_>) -> Result {
    const LINES: &[&str] = &[
        "ACL <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
        "CAT [<category>]",
        "    Lists all categories, or the commands of one.",
        "DELUSER <username> [<username> ...]",
        "    Deletes users.",
        "DRYRUN <username> <command> [<arg> ...]",
        "    Tells whether a user may run a command, without running it.",
        "GENPASS [<bits>]",
        "    Returns random hexadecimal digits: 256 bits, or so many.",
        "GENTOKEN <username> [<password>]",
        "    Returns a token that wraps a password, given or random, for SETUSER.",
        "GETUSER <username>",
        "    Describes a user.",
        "LIST",
        "    Describes all users, each in a line.",
        "LOAD",
        "    Does nothing.",
        "LOG [<count> | RESET]",
        "    Returns nothing: refusals are not kept.",
        "RESTTOKEN <username> <password>",
        "    Returns a bearer token of a user.",
        "SAVE",
        "    Does nothing.",
        "SETUSER <username> [<rule> ...]",
        "    Makes a user, or changes what it may do.",
        "USERS",
        "    Names all users.",
        "WHOAMI",
        "    Names the user who asks.",
        "HELP",
        "    Prints this help.",
    ];
    Ok(Reply::Array(LINES.iter().copied().map(Reply::status).collect()))
}
