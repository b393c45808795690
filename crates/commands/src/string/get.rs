//! `GET key`

use latchkey_protocol::Reply;

use crate::Arity::Exactly;
use crate::Keys::At;
use crate::{Args, Read, Result, Spec};

pub(super) const GET: Spec = Spec::read("GET", get)
    .summary("Returns the string value of a key.")
    .since("1.0.0")
    .arity(Exactly(2))
    .keys(At(1))
    .fast()
    .example(
        r#"> GET greeting
(nil)
> SET greeting "hello world"
OK
> GET greeting
"hello world""#,
    );

fn get(db: &mut Read<'_>, mut args: Args<'_>) -> Result {
    let text = db.text(args.key()?)?;
    Ok(Reply::or_null(text.map(|text| Reply::Bulk(text.to_bytes()))))
}
