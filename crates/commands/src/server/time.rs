//! `TIME`

use latchkey_protocol::Reply;

use crate::Arity::Exactly;
use crate::{Args, Result, Server, Spec};

pub(super) const TIME: Spec = Spec::server("TIME", time)
    .summary("Returns the server's time: seconds since the epoch, and microseconds of the running second.")
    .since("2.6.0")
    .arity(Exactly(1))
    .fast()
    .example("> TIME\n1) \"1767323045\"\n2) \"678000\"");

fn time(db: &mut Server<'_>, _: Args<'_>) -> Result {
    let now = db.now();
    let part = |n: i64| Reply::bulk(n.to_string());
    Ok(Reply::Array(vec![part(now.seconds()), part(now.us().rem_euclid(1_000_000))]))
}
