//! `SDIFF key [key …]`, `SDIFFSTORE destination key [key …]`, `SDIFFCARD numkeys key [key …] [LIMIT limit]`

use latchkey_keyspace::value::Set;
use latchkey_protocol::Reply;

use super::algebra::{difference, keys_and_limit, operands, store};
use crate::Arity::AtLeast;
use crate::Keys::{Counted, Range, Store};
use crate::{Args, Cost, Read, Result, Spec, Write};

pub(super) const SDIFF: Spec = Spec::read("SDIFF", sdiff)
    .summary("Returns the members of a set that are in none of the others.")
    .since("1.0.0")
    .arity(AtLeast(2))
    .keys(Range { first: 1, last: -1, step: 1 })
    .cost(Cost::Values)
    .example(
        r#"> SADD a 1 2 3
(integer) 3
> SADD b 2
(integer) 1
> SDIFF a b
1) "1"
2) "3""#,
    );

pub(super) const SDIFFSTORE: Spec = Spec::write("SDIFFSTORE", sdiffstore)
    .summary("Stores the members of a set that are in none of the others under a key.")
    .since("1.0.0")
    .arity(AtLeast(3))
    .keys(Store(&Range { first: 2, last: -1, step: 1 }))
    .grows_freely()
    .cost(Cost::Values)
    .example(
        r#"> SADD a 1 2 3
(integer) 3
> SADD b 2
(integer) 1
> SDIFFSTORE rest a b
(integer) 2
> SMEMBERS rest
1) "1"
2) "3""#,
    );

pub(super) const SDIFFCARD: Spec = Spec::read("SDIFFCARD", sdiffcard)
    .summary("Returns how many members of a set are in none of the others, or the limit if there are more.")
    .since("upstash")
    .arity(AtLeast(3))
    .keys(Counted { at: 1 })
    .cost(Cost::Values)
    .example(
        "> SADD a 1 2 3
(integer) 3
> SADD b 2
(integer) 1
> SDIFFCARD 2 a b
(integer) 2
> SDIFFCARD 2 a b LIMIT 1
(integer) 1",
    );

fn sdiff(db: &mut Read<'_>, mut args: Args<'_>) -> Result {
    let sets = operands(**db, args.rest())?;
    Ok(Reply::Set(super::bulks(difference(sets, db.chance.u64(..)))))
}

fn sdiffstore(db: &mut Write<'_>, mut args: Args<'_>) -> Result {
    let destination = args.key()?;
    let sets = operands(db.view(), args.rest())?;
    let result = Set::of(difference(sets, db.seed()), db.seed());
    Ok(store(db, destination, result))
}

fn sdiffcard(db: &mut Read<'_>, mut args: Args<'_>) -> Result {
    let (keys, limit) = keys_and_limit(&mut args)?;
    let sets = operands(**db, keys)?;
    Ok(Reply::count(difference(sets, db.chance.u64(..)).take(limit).count()))
}
