//! `LMPOP numkeys key [key …] LEFT | RIGHT [COUNT count]`,
//! `BLMPOP timeout numkeys key [key …] LEFT | RIGHT [COUNT count]`

use bytes::Bytes;
use latchkey_keyspace::value::list::End;
use latchkey_protocol::{Reply, ReplyError};

use super::place;
use crate::Arity::AtLeast;
use crate::Keys::Counted;
use crate::counts::{NO_KEYS, count};
use crate::{Args, Category, Cost, Result, Spec, Waits, Wanted, Write, waiting};

pub(super) const LMPOP: Spec = Spec::write("LMPOP", lmpop)
    .summary("Removes and returns elements from an end of the first list that exists among several.")
    .since("7.0.0")
    .arity(AtLeast(4))
    .keys(Counted { at: 1 })
    .cost(Cost::Values)
    .example(
        r#"> RPUSH later a b c
(integer) 3
> LMPOP 2 now later LEFT COUNT 2
1) "later"
2) 1) "a"
   2) "b""#,
    );

pub(super) const BLMPOP: Spec = Spec::write("BLMPOP", blmpop)
    .summary("As LMPOP, but waits for an element if there is none, so many seconds at most; 0 is for ever.")
    .since("7.0.0")
    .arity(AtLeast(5))
    .keys(Counted { at: 2 })
    .cost(Cost::Values)
    .waits(Waits::new(Wanted::List, waiting::seconds_at_start))
    .category(Category::Blocking)
    .example(
        r#"> RPUSH later a b c
(integer) 3
> BLMPOP 0.5 2 now later LEFT COUNT 2
1) "later"
2) 1) "a"
   2) "b""#,
    );

const NOTHING_WANTED: ReplyError = ReplyError::fixed("ERR count should be greater than 0");

fn lmpop(db: &mut Write<'_>, args: Args<'_>) -> Result {
    pop(db, args, None)
}

fn blmpop(db: &mut Write<'_>, mut args: Args<'_>) -> Result {
    let timeout = args.next()?;
    pop(db, args, Some(timeout))
}

/// The timeout is looked at last.
fn pop(db: &mut Write<'_>, mut args: Args<'_>, timeout: Option<&[u8]>) -> Result {
    let keys = count(&mut args, 1, NO_KEYS)?;
    let keys = args.take(keys)?;
    let end = place::end(&mut args)?;
    let wanted = if args.option("COUNT") { count(&mut args, 1, NOTHING_WANTED)? } else { 1 };
    args.done()?;
    timeout.map(|timeout| waiting::seconds(timeout, db.now())).transpose()?;
    db.call_it(if end == End::Front { "lpop" } else { "rpop" });
    for key in keys {
        if let Some(mut list) = db.list(key)? {
            return Ok(named(key, super::array(list.pop(end, wanted).iter())));
        }
    }
    Ok(Reply::NullArray)
}

fn named(key: &Bytes, items: Reply) -> Reply {
    Reply::Array(vec![Reply::Bulk(key.clone()), items])
}
