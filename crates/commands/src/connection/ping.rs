//! `PING [message]`

use latchkey_protocol::{Reply, ReplyError};

use crate::Arity::AtLeast;
use crate::{Args, Result, Server, Spec};

pub(super) const PING: Spec = Spec::server("PING", ping)
    .summary("Returns the server's liveliness response.")
    .since("1.0.0")
    .arity(AtLeast(1))
    .fast()
    .free()
    .example(
        r#"> PING
PONG
> PING hello
"hello""#,
    );

fn ping(_: &mut Server<'_>, mut args: Args<'_>) -> Result {
    match args.rest() {
        [] => Ok(Reply::status("PONG")),
        [message] => Ok(Reply::Bulk(message.clone())),
        _ => Err(ReplyError::wrong_arity("ping").into()),
    }
}
