//! `SUNION key [key …]`, `SUNIONSTORE destination key [key …]`, `SUNIONCARD numkeys key [key …] [LIMIT limit]`

use latchkey_keyspace::value::Set;
use latchkey_protocol::Reply;

use super::algebra::{concatenation, keys_and_limit, operands, store, union};
use crate::Arity::AtLeast;
use crate::Keys::{Counted, Range, Store};
use crate::{Args, Cost, Read, Result, Spec, Write};

pub(super) const SUNION: Spec = Spec::read("SUNION", sunion)
    .summary("Returns the members that are in any of several sets.")
    .since("1.0.0")
    .arity(AtLeast(2))
    .keys(Range { first: 1, last: -1, step: 1 })
    .cost(Cost::Values)
    .example(
        r#"> SADD a 1 2
(integer) 2
> SADD b 2 3
(integer) 2
> SUNION a b
1) "1"
2) "2"
3) "3""#,
    );

pub(super) const SUNIONSTORE: Spec = Spec::write("SUNIONSTORE", sunionstore)
    .summary("Stores the members that are in any of several sets under a key.")
    .since("1.0.0")
    .arity(AtLeast(3))
    .keys(Store(&Range { first: 2, last: -1, step: 1 }))
    .grows_freely()
    .cost(Cost::Values)
    .example(
        r#"> SADD a 1 2
(integer) 2
> SADD b 2 3
(integer) 2
> SUNIONSTORE either a b
(integer) 3
> SMEMBERS either
1) "1"
2) "2"
3) "3""#,
    );

pub(super) const SUNIONCARD: Spec = Spec::read("SUNIONCARD", sunioncard)
    .summary("Returns how many members are in any of several sets, or the limit if there are more.")
    .since("upstash")
    .arity(AtLeast(3))
    .keys(Counted { at: 1 })
    .cost(Cost::Values)
    .example(
        "> SADD a 1 2
(integer) 2
> SADD b 2 3
(integer) 2
> SUNIONCARD 2 a b
(integer) 3
> SUNIONCARD 2 a b LIMIT 2
(integer) 2",
    );

fn sunion(db: &mut Read<'_>, mut args: Args<'_>) -> Result {
    let sets = operands(**db, args.rest())?;
    Ok(Reply::Set(super::bulks(union(sets, db.chance.u64(..)))))
}

fn sunionstore(db: &mut Write<'_>, mut args: Args<'_>) -> Result {
    let destination = args.key()?;
    let sets = operands(db.view(), args.rest())?;
    let result = Set::of(concatenation(sets), db.seed());
    Ok(store(db, destination, result))
}

fn sunioncard(db: &mut Read<'_>, mut args: Args<'_>) -> Result {
    let (keys, limit) = keys_and_limit(&mut args)?;
    let sets = operands(**db, keys)?;
    Ok(Reply::count(union(sets, db.chance.u64(..)).take(limit).count()))
}
