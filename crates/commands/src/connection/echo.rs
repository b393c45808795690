//! `ECHO message`

use latchkey_protocol::Reply;

use crate::Arity::Exactly;
use crate::{Args, Result, Server, Spec};

pub(super) const ECHO: Spec = Spec::server("ECHO", echo)
    .summary("Returns the message.")
    .since("1.0.0")
    .arity(Exactly(2))
    .fast()
    .example("> ECHO hello\n\"hello\"");

fn echo(_: &mut Server<'_>, mut args: Args<'_>) -> Result {
    Ok(Reply::bulk(args.next()?))
}
