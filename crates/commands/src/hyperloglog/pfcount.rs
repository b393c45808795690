//! `PFCOUNT key [key …]`

use bytes::Bytes;
use latchkey_protocol::Reply;

use super::sketch::{Union, View};
use crate::Arity::AtLeast;
use crate::Keys::Range;
use crate::{Args, Cost, Read, Result, Spec};

pub(super) const PFCOUNT: Spec = Spec::read("PFCOUNT", pfcount)
    .summary("Estimates how many different elements were added to any of several HyperLogLogs.")
    .since("2.8.9")
    .arity(AtLeast(2))
    .keys(Range { first: 1, last: -1, step: 1 })
    .cost(Cost::Values)
    .example(
        r#"> PFADD monday ann bob cid
(integer) 1
> PFADD tuesday bob dan
(integer) 1
> PFCOUNT monday
(integer) 3
> PFCOUNT monday tuesday
(integer) 4"#,
    );

/// Unlike Redis it does not store the estimate in the key: reading must not write.
fn pfcount(db: &mut Read<'_>, mut args: Args<'_>) -> Result {
    let count = match args.rest() {
        [key] => count_one(db, key)?,
        keys => count_any(db, keys)?,
    };
    Ok(Reply::Int(count))
}

fn count_one(db: &Read<'_>, key: &[u8]) -> Result<i64> {
    db.text(key)?.map_or(Ok(0), |text| text.with(|bytes| View::of(bytes)?.count()))
}

fn count_any(db: &Read<'_>, keys: &[Bytes]) -> Result<i64> {
    let mut union = Union::new();
    for key in keys {
        if let Some(text) = db.text(key)? {
            text.with(|bytes| union.add(View::of(bytes)?))?;
        }
    }
    Ok(union.count())
}
