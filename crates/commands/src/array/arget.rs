//! `ARGET key index`, and `ARMGET key index [index …]`

use latchkey_keyspace::value::Array;
use latchkey_protocol::Reply;

use super::{element, place};
use crate::Arity::{AtLeast, Exactly};
use crate::Keys::At;
use crate::{Args, Read, Result, Spec};

pub(super) const ARGET: Spec = Spec::read("ARGET", arget)
    .summary("Returns the element at a place of an array.")
    .since("8.8.0")
    .arity(Exactly(3))
    .keys(At(1))
    .fast()
    .example(
        r#"> ARSET seats 12 Ada
(integer) 1
> ARGET seats 12
"Ada"
> ARGET seats 13
(nil)"#,
    );

pub(super) const ARMGET: Spec = Spec::read("ARMGET", armget)
    .summary("Returns the elements at several places of an array.")
    .since("8.8.0")
    .arity(AtLeast(3))
    .keys(At(1))
    .fast()
    .example(
        r#"> ARSET seats 12 Ada Grace
(integer) 2
> ARMGET seats 13 14 12
1) "Grace"
2) (nil)
3) "Ada""#,
    );

fn arget(db: &mut Read<'_>, mut args: Args<'_>) -> Result {
    let array = db.array(args.key()?)?;
    let index = place::place(args.next()?)?;
    Ok(element(array.and_then(|array| array.get(index))))
}

fn armget(db: &mut Read<'_>, mut args: Args<'_>) -> Result {
    let array: Option<&Array> = db.array(args.key()?)?;
    let reply = |word: &bytes::Bytes| {
        let index = place::place(word)?;
        Ok(element(array.and_then(|array| array.get(index))))
    };
    args.rest().iter().map(reply).collect::<Result<_>>().map(Reply::Array)
}
