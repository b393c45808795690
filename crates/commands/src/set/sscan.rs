//! `SSCAN key cursor [MATCH pattern] [COUNT count]`

use latchkey_protocol::{Reply, ReplyError};

use crate::Arity::AtLeast;
use crate::Keys::At;
use crate::scanning::{self, Filter};
use crate::{Args, Cost, Read, Result, Spec};

pub(super) const SSCAN: Spec = Spec::read("SSCAN", sscan)
    .summary("Returns some members of a set, and the cursor to go on from.")
    .since("2.8.0")
    .arity(AtLeast(3))
    .keys(At(1))
    .cost(Cost::Values)
    .example(
        r#"> SADD colours red green grey
(integer) 3
> SSCAN colours 0 MATCH gr*
1) "0"
2) 1) "green"
   2) "grey""#,
    );

fn sscan(db: &mut Read<'_>, mut args: Args<'_>) -> Result {
    let (key, cursor) = (args.key()?, scanning::cursor(args.next()?)?);
    let Some(set) = db.set(key)? else { return Ok(scanning::reply(0, Vec::new())) };
    let filter = filter(&mut args)?;
    let mut found = Vec::new();
    let next = set.scan(cursor, filter.count, &mut |member| {
        if filter.accepts(member) {
            found.push(Reply::Bulk(member.to_bytes()));
        }
    });
    Ok(scanning::reply(next, found))
}

fn filter<'a>(args: &mut Args<'a>) -> Result<Filter<'a>> {
    let mut filter = Filter::ALL;
    while !args.is_empty() {
        if !filter.option(args)? {
            return Err(ReplyError::SYNTAX.into());
        }
    }
    Ok(filter)
}
