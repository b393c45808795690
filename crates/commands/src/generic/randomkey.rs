//! `RANDOMKEY`

use latchkey_protocol::Reply;

use crate::Arity::Exactly;
use crate::{Args, Read, Result, Spec};

pub(super) const RANDOMKEY: Spec = Spec::read("RANDOMKEY", random_key)
    .summary("Returns the name of a key drawn at random.")
    .since("1.0.0")
    .arity(Exactly(1))
    .reaches_all()
    .example(
        r#"> RANDOMKEY
(nil)
> SET only 1
OK
> RANDOMKEY
"only""#,
    );

fn random_key(db: &mut Read<'_>, _: Args<'_>) -> Result {
    let view = **db;
    let key = view.random(db.chance);
    Ok(Reply::or_null(key.map(|key| Reply::Bulk(key.to_bytes()))))
}
