//! `SELECT index`

use latchkey_protocol::{Reply, ReplyError};

use crate::Arity::Exactly;
use crate::{Args, Result, Server, Spec};

pub(super) const SELECT: Spec = Spec::server("SELECT", select)
    .summary("Selects the logical database 0, the only one that there is.")
    .since("1.0.0")
    .arity(Exactly(2))
    .fast()
    .example(
        "> SELECT 0
OK
> SELECT 1
(error) ERR DB index is out of range",
    );

fn select(_: &mut Server<'_>, mut args: Args<'_>) -> Result {
    match args.int()? {
        0 => Ok(Reply::OK),
        _ => Err(ReplyError::fixed("ERR DB index is out of range").into()),
    }
}
