//! `APPEND key value`

use latchkey_protocol::Reply;

use crate::Arity::Exactly;
use crate::Keys::At;
use crate::{Args, Result, Spec, Write};

pub(super) const APPEND: Spec = Spec::write("APPEND", append)
    .summary("Appends a string to the value of a key. Creates the key if it doesn't exist.")
    .since("2.0.0")
    .arity(Exactly(3))
    .keys(At(1))
    .grows()
    .fast()
    .example(
        r#"> APPEND log one
(integer) 3
> APPEND log ,two
(integer) 7
> GET log
"one,two""#,
    );

fn append(db: &mut Write<'_>, mut args: Args<'_>) -> Result {
    let (key, tail) = (args.key()?, args.next()?);
    let length = db.view().text(key)?.map_or(0, |text| text.len());
    db.check_text_len(length as u64 + tail.len() as u64)?;
    if length == 0 && !db.view().exists(key) {
        db.put(key, latchkey_keyspace::value::Text::from(tail));
        return Ok(Reply::count(tail.len()));
    }
    let mut text = db.text_or_new(key)?;
    Ok(Reply::count(text.write(length, tail)))
}
