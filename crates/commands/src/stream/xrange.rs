//! `XRANGE key start end [COUNT count]`, and `XREVRANGE key end start [COUNT count]`, which goes the other way.

use latchkey_keyspace::value::Stream;
use latchkey_keyspace::value::stream::Id;
use latchkey_protocol::{Reply, ReplyError};

use super::{id, reply};
use crate::Arity::AtLeast;
use crate::Keys::At;
use crate::{Args, Cost, Read, Result, Spec};

pub(super) const XRANGE: Spec =
    spec("XRANGE", xrange).summary("Returns the entries of a stream within a range of ids.").example(
        r#"> XADD events 1-0 kind start
"1-0"
> XADD events 2-0 kind stop
"2-0"
> XRANGE events - + COUNT 1
1) 1) "1-0"
   2) 1) "kind"
      2) "start"
> XRANGE events (1 2
1) 1) "2-0"
   2) 1) "kind"
      2) "stop""#,
    );

pub(super) const XREVRANGE: Spec = spec("XREVRANGE", xrevrange)
    .summary("Returns the entries of a stream within a range of ids, the last one first.")
    .example(
        r#"> XADD events 1-0 kind start
"1-0"
> XADD events 2-0 kind stop
"2-0"
> XREVRANGE events + - COUNT 1
1) 1) "2-0"
   2) 1) "kind"
      2) "stop""#,
    );

/// What both have in common.
const fn spec(name: &'static str, handler: fn(&mut Read<'_>, Args<'_>) -> Result) -> Spec {
    Spec::read(name, handler).since("5.0.0").arity(AtLeast(4)).keys(At(1)).cost(Cost::Values)
}

fn xrange(db: &mut Read<'_>, mut args: Args<'_>) -> Result {
    let (key, start, end) = (args.key()?, args.next()?, args.next()?);
    range(db, key, (start, end), &mut args, |stream, (start, end), count| {
        reply::entries(stream.range(start..=end).take(count))
    })
}

fn xrevrange(db: &mut Read<'_>, mut args: Args<'_>) -> Result {
    let (key, end, start) = (args.key()?, args.next()?, args.next()?);
    range(db, key, (start, end), &mut args, |stream, (start, end), count| {
        reply::entries(stream.range_back(start..=end).take(count))
    })
}

fn range(
    db: &Read<'_>,
    key: &[u8],
    (start, end): (&[u8], &[u8]),
    args: &mut Args<'_>,
    read: fn(&Stream, (Id, Id), usize) -> Reply,
) -> Result {
    let ids = (id::range_start(start)?, id::range_end(end)?);
    let count = count(args)?;
    let stream = db.stream(key)?;
    Ok(match (stream, count) {
        (None, _) => Reply::Array(Vec::new()),
        (Some(_), 0) => Reply::NullArray,
        (Some(stream), count) => read(stream, ids, count),
    })
}

/// As many as COUNT says. A negative number means none at all.
fn count(args: &mut Args<'_>) -> Result<usize> {
    let mut count = usize::MAX;
    while !args.is_empty() {
        if !args.option("COUNT") {
            return Err(ReplyError::SYNTAX.into());
        }
        count = usize::try_from(args.int()?).unwrap_or(0);
    }
    Ok(count)
}
