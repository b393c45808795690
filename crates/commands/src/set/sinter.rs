//! `SINTER key [key …]`, `SINTERSTORE destination key [key …]`, `SINTERCARD numkeys key [key …] [LIMIT limit]`

use latchkey_keyspace::value::Set;
use latchkey_protocol::Reply;

use super::algebra::{intersection, keys_and_limit, operands, store};
use crate::Arity::AtLeast;
use crate::Keys::{Counted, Range, Store};
use crate::{Args, Cost, Read, Result, Spec, Write};

pub(super) const SINTER: Spec = Spec::read("SINTER", sinter)
    .summary("Returns the members that are in all of several sets.")
    .since("1.0.0")
    .arity(AtLeast(2))
    .keys(Range { first: 1, last: -1, step: 1 })
    .cost(Cost::Values)
    .example(
        r#"> SADD a 1 2 3
(integer) 3
> SADD b 2 3 4
(integer) 3
> SINTER a b
1) "2"
2) "3""#,
    );

pub(super) const SINTERSTORE: Spec = Spec::write("SINTERSTORE", sinterstore)
    .summary("Stores the members that are in all of several sets under a key.")
    .since("1.0.0")
    .arity(AtLeast(3))
    .keys(Store(&Range { first: 2, last: -1, step: 1 }))
    .grows_freely()
    .cost(Cost::Values)
    .example(
        r#"> SADD a 1 2 3
(integer) 3
> SADD b 2 3 4
(integer) 3
> SINTERSTORE both a b
(integer) 2
> SMEMBERS both
1) "2"
2) "3""#,
    );

pub(super) const SINTERCARD: Spec = Spec::read("SINTERCARD", sintercard)
    .summary("Returns how many members are in all of several sets, or the limit if there are more.")
    .since("7.0.0")
    .arity(AtLeast(3))
    .keys(Counted { at: 1 })
    .cost(Cost::Values)
    .example(
        "> SADD a 1 2 3
(integer) 3
> SADD b 2 3 4
(integer) 3
> SINTERCARD 2 a b
(integer) 2
> SINTERCARD 2 a b LIMIT 1
(integer) 1",
    );

fn sinter(db: &mut Read<'_>, mut args: Args<'_>) -> Result {
    let sets = operands(**db, args.rest())?;
    Ok(Reply::Set(super::bulks(intersection(sets))))
}

fn sinterstore(db: &mut Write<'_>, mut args: Args<'_>) -> Result {
    let destination = args.key()?;
    let sets = operands(db.view(), args.rest())?;
    let result = Set::of(intersection(sets), db.seed());
    Ok(store(db, destination, result))
}

fn sintercard(db: &mut Read<'_>, mut args: Args<'_>) -> Result {
    let (keys, limit) = keys_and_limit(&mut args)?;
    let sets = operands(**db, keys)?;
    Ok(Reply::count(intersection(sets).take(limit).count()))
}
