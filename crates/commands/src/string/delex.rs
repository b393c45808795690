//! `DELEX key [IFEQ v | IFNE v | IFDEQ digest | IFDNE digest]`

use latchkey_protocol::{Reply, ReplyError};

use super::condition::Match;
use crate::Arity::AtLeast;
use crate::Keys::At;
use crate::{Args, Result, Spec, Write};

pub(super) const DELEX: Spec = Spec::write("DELEX", delex)
    .summary("Deletes a key if its string value, or the digest of it, equals or differs from a given one.")
    .since("8.4.0")
    .arity(AtLeast(2))
    .keys(At(1))
    .fast()
    .example(
        r#"> SET lock ann
OK
> DELEX lock IFEQ bob
(integer) 0
> DELEX lock IFEQ ann
(integer) 1"#,
    );

fn delex(db: &mut Write<'_>, mut args: Args<'_>) -> Result {
    let key = args.key()?;
    match args.len() {
        0 => Ok(Reply::flag(db.remove(key))),
        2 => delete_if(db, key, args),
        _ => Err(ReplyError::wrong_arity("delex").into()),
    }
}

fn delete_if(db: &mut Write<'_>, key: &[u8], mut args: Args<'_>) -> Result {
    if !db.view().exists(key) {
        return Ok(Reply::flag(false));
    }
    let not_a_string = ReplyError::fixed("ERR Key should be of string type if conditions are specified");
    let text = db.view().text(key).map_err(|_| not_a_string)?;
    let invalid = ReplyError::fixed("ERR Invalid condition. Use IFEQ, IFNE, IFDEQ, or IFDNE");
    let holds = Match::option(&mut args)?.ok_or(invalid)?.holds(text)?;
    Ok(Reply::flag(holds && db.remove(key)))
}
