//! `STRLEN key`

use latchkey_protocol::Reply;

use crate::Arity::Exactly;
use crate::Keys::At;
use crate::{Args, Read, Result, Spec};

pub(super) const STRLEN: Spec = Spec::read("STRLEN", strlen)
    .summary("Returns the length of a string in bytes.")
    .since("2.2.0")
    .arity(Exactly(2))
    .keys(At(1))
    .fast()
    .example("> SET greeting hello\nOK\n> STRLEN greeting\n(integer) 5\n> STRLEN nobody\n(integer) 0");

fn strlen(db: &mut Read<'_>, mut args: Args<'_>) -> Result {
    let text = db.text(args.key()?)?;
    Ok(Reply::count(text.map_or(0, |text| text.len())))
}
