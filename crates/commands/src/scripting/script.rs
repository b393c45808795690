//! `SCRIPT EXISTS sha1 [sha1 …]`, `SCRIPT FLUSH [ASYNC | SYNC]`, `SCRIPT HELP`, `SCRIPT KILL`, `SCRIPT LOAD script`

use latchkey_protocol::{Reply, ReplyError};

use crate::Arity::{AtLeast, Exactly};
use crate::spec::{Cost, Script};
use crate::{Args, Result, Server, Spec};

pub(super) const SCRIPT: Spec = Spec::container("SCRIPT", &[EXISTS, FLUSH, HELP, KILL, LOAD])
    .summary("Holds commands about scripts.")
    .since("2.6.0");

const EXISTS: Spec = Spec::script("EXISTS", Script::Exists)
    .summary("Tells of SHA-1s whether their scripts are kept.")
    .since("2.6.0")
    .arity(AtLeast(3))
    .example(
        "> SCRIPT LOAD \"return 1\"
\"e0e1f9fabfc9d4800c877a703b823ac0578ff8db\"
> SCRIPT EXISTS e0e1f9fabfc9d4800c877a703b823ac0578ff8db nonsense
1) (integer) 1
2) (integer) 0",
    );

const FLUSH: Spec = Spec::script("FLUSH", Script::Flush)
    .summary("Forgets every script.")
    .since("2.6.0")
    .arity(AtLeast(2))
    .example(
        "> SCRIPT LOAD \"return 1\"
\"e0e1f9fabfc9d4800c877a703b823ac0578ff8db\"
> SCRIPT FLUSH
OK
> SCRIPT EXISTS e0e1f9fabfc9d4800c877a703b823ac0578ff8db
1) (integer) 0",
    );

const HELP: Spec =
    Spec::server("HELP", help).summary("Lists what SCRIPT holds.").since("5.0.0").arity(Exactly(2)).example(
        "> SCRIPT HELP
 1) SCRIPT <subcommand> [<arg> ...]. Subcommands are:
 2) EXISTS <sha1> [<sha1> ...]
 3)     Return whether the scripts of these digests are kept.
 4) FLUSH [ASYNC|SYNC]
 5)     Forget every script.
 6) KILL
 7)     Answers an error: no script can be seen running.
 8) LOAD <script>
 9)     Keep a script without running it, and return its digest.
10) HELP
11)     Print this help.",
    );

const KILL: Spec = Spec::server("KILL", kill)
    .summary("Answers that no script is running: a script ends itself in time, and nobody sees a database meanwhile.")
    .since("2.6.0")
    .arity(Exactly(2))
    .no_script()
    .example("> SCRIPT KILL\n(error) NOTBUSY No scripts in execution right now.");

const LOAD: Spec = Spec::script("LOAD", Script::Load)
    .summary("Keeps a script without running it, and returns its SHA-1.")
    .since("2.6.0")
    .arity(Exactly(3))
    .cost(Cost::Unknown)
    .example("> SCRIPT LOAD \"return 1\"\n\"e0e1f9fabfc9d4800c877a703b823ac0578ff8db\"");

fn kill(_: &mut Server<'_>, _: Args<'_>) -> Result {
    Err(ReplyError::fixed("NOTBUSY No scripts in execution right now.").into())
}

fn help(_: &mut Server<'_>, _: Args<'_>) -> Result {
    let lines = [
        "SCRIPT <subcommand> [<arg> ...]. Subcommands are:",
        "EXISTS <sha1> [<sha1> ...]",
        "    Return whether the scripts of these digests are kept.",
        "FLUSH [ASYNC|SYNC]",
        "    Forget every script.",
        "KILL",
        "    Answers an error: no script can be seen running.",
        "LOAD <script>",
        "    Keep a script without running it, and return its digest.",
        "HELP",
        "    Print this help.",
    ];
    Ok(Reply::Array(lines.into_iter().map(Reply::status).collect()))
}
