//! The options of `latchkey cli`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;

/// What a person says on the command line.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  latchkey cli                                a prompt; Tab completes, `help zadd` explains
  latchkey cli SET greeting hello             one command
  latchkey cli -x SET page < page.html        the last argument from standard input
  latchkey cli < commands.txt                 one command a line
  latchkey cli --json HGETALL user:1 | jq .   one JSON value a reply
  latchkey cli --json SUBSCRIBE news          messages as they come, over REST too
  latchkey cli -- --odd-command               what follows -- is taken as it is

Without --url the address is that of REDIS_URL, or of UPSTASH_REDIS_REST_URL with UPSTASH_REDIS_REST_TOKEN: in the
environment, else in a file .env here. Else it is redis://127.0.0.1:6379, which `latchkey dev` opens.

Exits with 1 if a reply was an error.")]
pub struct Options {
    /// Where the server is: redis:// or rediss:// (with TLS) for the Redis protocol, http:// or https:// for REST.
    #[arg(long)]
    pub(crate) url: Option<String>,
    /// The token. One in the environment, or in the URL, cannot be read by others on this machine.
    #[arg(long)]
    pub(crate) token: Option<String>,
    /// Take the last argument from standard input, to its end.
    #[arg(short = 'x', requires = "words")]
    pub(crate) last_from_stdin: bool,
    /// Print replies as they are, as is done anyway if standard output is no terminal.
    #[arg(long, conflicts_with_all = ["json", "no_raw"])]
    pub(crate) raw: bool,
    /// Print types and quotes even if standard output is no terminal.
    #[arg(long, conflicts_with = "json")]
    pub(crate) no_raw: bool,
    /// Print each reply as one line of JSON. Bytes that are no UTF-8 become U+FFFD.
    #[arg(long)]
    pub(crate) json: bool,
    /// Trust this certificate, or authority, instead of those of the system.
    #[arg(long, value_name = "FILE", conflicts_with = "insecure")]
    pub(crate) cacert: Option<PathBuf>,
    /// Trust any certificate. Whoever is in between can read the token and everything else.
    #[arg(long)]
    pub(crate) insecure: bool,
    /// The command and its arguments.
    #[arg(trailing_var_arg = true, value_name = "COMMAND")]
    pub(crate) words: Vec<OsString>,
}
