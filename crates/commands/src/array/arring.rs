//! `ARRING key size value [value …]`

use latchkey_keyspace::Str;
use latchkey_protocol::ReplyError;

use super::unsigned;
use crate::Arity::AtLeast;
use crate::Keys::At;
use crate::{Args, Cost, Result, Spec, Write};

pub(super) const ARRING: Spec = Spec::write("ARRING", arring)
    .summary(
        "Puts values into an array that is a ring of some size, over the oldest ones, and returns the last place.",
    )
    .since("8.8.0")
    .arity(AtLeast(4))
    .keys(At(1))
    .grows()
    .cost(Cost::Values)
    .example(
        r#"> ARRING visitors 3 Ada Grace Barbara Frances
(integer) 0
> ARLASTITEMS visitors 3
1) "Grace"
2) "Barbara"
3) "Frances""#,
    );

fn arring(db: &mut Write<'_>, mut args: Args<'_>) -> Result {
    let (key, size) = (args.key()?, size(args.next()?)?);
    let mut array = db.array_or_new(key)?;
    Ok(unsigned(array.ring(size, args.rest().iter().map(Str::from).collect())))
}

fn size(word: &[u8]) -> Result<u64> {
    let size = crate::int(word).map_err(|_| ReplyError::fixed("ERR invalid size"))?;
    let size = u64::try_from(size).ok().filter(|&size| size > 0);
    Ok(size.ok_or(ReplyError::fixed("ERR size must be positive"))?)
}
