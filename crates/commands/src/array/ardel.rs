//! `ARDEL key index [index …]`

use latchkey_protocol::Reply;

use super::place;
use crate::Arity::AtLeast;
use crate::Keys::At;
use crate::{Args, Result, Spec, Write};

pub(super) const ARDEL: Spec = Spec::write("ARDEL", ardel)
    .summary("Removes the elements at places of an array, and returns how many there were.")
    .since("8.8.0")
    .arity(AtLeast(3))
    .keys(At(1))
    .fast()
    .example(
        r#"> ARSET seats 12 Ada Grace
(integer) 2
> ARDEL seats 12 14
(integer) 1
> ARCOUNT seats
(integer) 1"#,
    );

fn ardel(db: &mut Write<'_>, mut args: Args<'_>) -> Result {
    let key = args.key()?;
    let places = args.rest().iter().map(|word| place::place(word)).collect::<Result<Vec<_>>>()?;
    let Some(mut array) = db.array(key)? else { return Ok(Reply::Int(0)) };
    Ok(Reply::count(array.remove(places)))
}
