//! `DUMP key`

use latchkey_protocol::Reply;

use crate::Arity::Exactly;
use crate::Keys::At;
use crate::{Args, Cost, Read, Result, Spec};

pub(super) const DUMP: Spec = Spec::read("DUMP", dump)
    .summary("Returns the value of a key in Redis's serialized form.")
    .since("2.6.0")
    .arity(Exactly(2))
    .keys(At(1))
    .cost(Cost::Values)
    .example(
        r#"> SET greeting hello
OK
> DUMP greeting
"\x00\x05hello\n\x00cr\xdfve4 \n"
> DUMP missing
(nil)"#,
    );

fn dump(db: &mut Read<'_>, mut args: Args<'_>) -> Result {
    let value = db.value(args.key()?);
    Ok(value.map_or(Reply::Null, |value| Reply::Bulk(latchkey_rdb::dump(value, db.now()).into())))
}
