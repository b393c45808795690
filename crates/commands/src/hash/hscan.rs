//! `HSCAN key cursor [MATCH pattern] [COUNT count] [NOVALUES]`

use latchkey_protocol::{Reply, ReplyError};

use crate::Arity::AtLeast;
use crate::Keys::At;
use crate::scanning::{self, Filter};
use crate::{Args, Cost, Read, Result, Spec};

pub(super) const HSCAN: Spec = Spec::read("HSCAN", hscan)
    .summary("Returns some fields of a hash, and the cursor to go on from.")
    .since("2.8.0")
    .arity(AtLeast(3))
    .keys(At(1))
    .cost(Cost::Values)
    .example(
        r#"> HSET user name Ada age 36
(integer) 2
> HSCAN user 0 MATCH n*
1) "0"
2) 1) "name"
   2) "Ada"
> HSCAN user 0 NOVALUES
1) "0"
2) 1) "name"
   2) "age""#,
    );

fn hscan(db: &mut Read<'_>, mut args: Args<'_>) -> Result {
    let (key, cursor) = (args.key()?, scanning::cursor(args.next()?)?);
    let Some(hash) = db.hash(key)? else { return Ok(scanning::reply(0, Vec::new())) };
    let (filter, with_values) = options(&mut args)?;
    let mut found = Vec::new();
    let next = hash.scan(cursor, filter.count, db.now(), &mut |name, value| {
        if filter.accepts(name) {
            found.push(Reply::Bulk(name.to_bytes()));
            found.extend(with_values.then(|| Reply::Bulk(value.to_bytes())));
        }
    });
    Ok(scanning::reply(next, found))
}

/// What to look for, and whether with values.
fn options<'a>(args: &mut Args<'a>) -> Result<(Filter<'a>, bool)> {
    let (mut filter, mut with_values) = (Filter::ALL, true);
    while !args.is_empty() {
        if args.option("NOVALUES") {
            with_values = false;
        } else if !filter.option(args)? {
            return Err(ReplyError::SYNTAX.into());
        }
    }
    Ok((filter, with_values))
}
