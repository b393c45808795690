//! `GETBIT key offset`

use latchkey_protocol::Reply;

use super::{bits, range};
use crate::Arity::Exactly;
use crate::Keys::At;
use crate::{Args, Read, Result, Spec};

pub(super) const GETBIT: Spec = Spec::read("GETBIT", getbit)
    .summary("Returns a bit of a string; beyond its end all bits are 0.")
    .since("2.2.0")
    .arity(Exactly(3))
    .keys(At(1))
    .fast()
    .example(
        r#"> SETBIT online 7 1
(integer) 0
> GETBIT online 7
(integer) 1
> GETBIT online 100
(integer) 0"#,
    );

fn getbit(db: &mut Read<'_>, mut args: Args<'_>) -> Result {
    let (key, offset) = (args.key()?, range::offset(args.next()?)?);
    let text = db.text(key)?;
    Ok(Reply::flag(text.is_some_and(|text| text.with(|bytes| bits::get(bytes, offset)))))
}
