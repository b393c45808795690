//! `ARSEEK key index`

use latchkey_protocol::Reply;

use super::place::INVALID;
use crate::Arity::Exactly;
use crate::Keys::At;
use crate::args::unsigned;
use crate::{Args, Result, Spec, Write};

pub(super) const ARSEEK: Spec = Spec::write("ARSEEK", arseek)
    .summary(
        "Sets the place where ARINSERT and ARRING put the next value. Answers 0 if the key doesn't exist.",
    )
    .since("8.8.0")
    .arity(Exactly(3))
    .keys(At(1))
    .fast()
    .example(
        r#"> ARINSERT log started
(integer) 0
> ARSEEK log 100
(integer) 1
> ARINSERT log ready
(integer) 100
> ARSEEK missing 100
(integer) 0"#,
    );

fn arseek(db: &mut Write<'_>, mut args: Args<'_>) -> Result {
    let (key, next) = (args.key()?, unsigned(args.next()?).ok_or(INVALID)?);
    let Some(mut array) = db.array(key)? else { return Ok(Reply::Int(0)) };
    array.seek(next.checked_sub(1));
    Ok(Reply::Int(1))
}
