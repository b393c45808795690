//! `MGET key [key …]`

use latchkey_protocol::Reply;

use crate::Arity::AtLeast;
use crate::Keys::Range;
use crate::{Args, Read, Result, Spec};

pub(super) const MGET: Spec = Spec::read("MGET", mget)
    .summary("Returns the string values of several keys; null for a key that doesn't hold a string.")
    .since("1.0.0")
    .arity(AtLeast(2))
    .keys(Range { first: 1, last: -1, step: 1 })
    .fast()
    .example(
        r#"> MSET first 1 second two
OK
> MGET first second third
1) "1"
2) "two"
3) (nil)"#,
    );

fn mget(db: &mut Read<'_>, mut args: Args<'_>) -> Result {
    let value = |key: &[u8]| match db.text(key) {
        Ok(text) => Reply::or_null(text.map(|text| Reply::Bulk(text.to_bytes()))),
        // A key of another type is no error here.
        Err(_) => Reply::Null,
    };
    Ok(Reply::Array(args.rest().iter().map(|key| value(key)).collect()))
}
