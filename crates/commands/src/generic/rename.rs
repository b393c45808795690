//! `RENAME key newkey` and `RENAMENX key newkey`

use latchkey_protocol::{Reply, ReplyError};

use crate::Arity::Exactly;
use crate::Keys::Pair;
use crate::{Args, Result, Spec, Write};

/// It grows by no more than the new name: a longer one takes more room.
pub(super) const RENAME: Spec = Spec::write("RENAME", rename)
    .summary("Gives a key another name, and replaces the key that had it.")
    .since("1.0.0")
    .arity(Exactly(3))
    .keys(Pair { moves: true })
    .grows()
    .example(
        r#"> SET draft hello
OK
> RENAME draft greeting
OK
> GET greeting
"hello"
> RENAME draft greeting
(error) ERR no such key"#,
    );

pub(super) const RENAMENX: Spec = Spec::write("RENAMENX", rename_nx)
    .summary("Gives a key another name, unless another key has it.")
    .since("1.0.0")
    .arity(Exactly(3))
    .keys(Pair { moves: true })
    .grows()
    .fast()
    .example(
        "> SET draft hello
OK
> SET greeting hi
OK
> RENAMENX draft greeting
(integer) 0
> RENAMENX draft farewell
(integer) 1",
    );

fn rename(db: &mut Write<'_>, mut args: Args<'_>) -> Result {
    let (source, destination) = (args.key()?, args.key()?);
    db.view().value(source).ok_or(ReplyError::NO_SUCH_KEY)?;
    db.rename(source, destination);
    Ok(Reply::OK)
}

fn rename_nx(db: &mut Write<'_>, mut args: Args<'_>) -> Result {
    let (source, destination) = (args.key()?, args.key()?);
    db.view().value(source).ok_or(ReplyError::NO_SUCH_KEY)?;
    Ok(Reply::flag(!db.view().exists(destination) && db.rename(source, destination)))
}
