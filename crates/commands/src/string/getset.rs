//! `GETSET key value`, `GETDEL key`: the old value, while it goes.

use latchkey_keyspace::value::Text;
use latchkey_protocol::Reply;

use crate::Arity::Exactly;
use crate::Keys::At;
use crate::{Args, Result, Spec, Write};

pub(super) const GETSET: Spec = Spec::write("GETSET", getset)
    .event("set")
    .summary("Sets the string value of a key and returns the one that it had. The deadline goes with the old value.")
    .since("1.0.0")
    .arity(Exactly(3))
    .keys(At(1))
    .grows()
    .fast()
    .example(
        r#"> GETSET leader ann
(nil)
> GETSET leader bob
"ann""#,
    );

pub(super) const GETDEL: Spec = Spec::write("GETDEL", getdel)
    .summary("Returns the string value of a key and deletes the key.")
    .since("6.2.0")
    .arity(Exactly(2))
    .keys(At(1))
    .fast()
    .example(
        r#"> SET ticket 4711
OK
> GETDEL ticket
"4711"
> GETDEL ticket
(nil)"#,
    );

fn getset(db: &mut Write<'_>, mut args: Args<'_>) -> Result {
    let (key, value) = (args.key()?, args.next()?);
    let old = old(db, key)?;
    db.check_text_len(value.len() as u64)?;
    db.put(key, Text::from(value));
    Ok(old)
}

fn getdel(db: &mut Write<'_>, mut args: Args<'_>) -> Result {
    let key = args.key()?;
    let old = old(db, key)?;
    db.remove(key);
    Ok(old)
}

fn old(db: &Write<'_>, key: &[u8]) -> Result {
    let text = db.view().text(key)?;
    Ok(Reply::or_null(text.map(|text| Reply::Bulk(text.to_bytes()))))
}
