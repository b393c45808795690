//! `XPENDING key group [[IDLE min-idle-time] start end count [consumer]]`

use latchkey_keyspace::value::stream::{Delivery, Group, Id};
use latchkey_protocol::{Reply, ReplyError};

use super::xclaim::is_idle;
use super::{id, no_group, reply};
use crate::Arity::AtLeast;
use crate::Keys::At;
use crate::{Args, Cost, Read, Result, Spec};

pub(super) const XPENDING: Spec = Spec::read("XPENDING", xpending)
    .summary(
        "Returns how much a group has to acknowledge, from which id to which, and how much each consumer; or, of a \
         range, each entry with its consumer, the milliseconds since its delivery, and how often it was delivered.",
    )
    .since("5.0.0")
    .arity(AtLeast(3))
    .keys(At(1))
    .cost(Cost::Values)
    .example(
        r#"> XADD jobs 1-0 do this
"1-0"
> XGROUP CREATE jobs workers 0
OK
> XREADGROUP GROUP workers ann STREAMS jobs >
1) 1) "jobs"
   2) 1) 1) "1-0"
         2) 1) "do"
            2) "this"
> XPENDING jobs workers
1) (integer) 1
2) "1-0"
3) "1-0"
4) 1) 1) "ann"
      2) "1"
> XPENDING jobs workers - + 10
1) 1) "1-0"
   2) "ann"
   3) (integer) 0
   4) (integer) 1"#,
    );

fn xpending(db: &mut Read<'_>, mut args: Args<'_>) -> Result {
    let (key, name) = (args.key()?, args.next()?);
    let range = if args.is_empty() { None } else { Some(Range::parse(&mut args)?) };
    let group = db.stream(key)?.and_then(|stream| stream.group(name)).ok_or_else(|| no_group(key, name))?;
    Ok(match range {
        None => summary(group),
        Some(range) => range.of(group, db.now().ms()),
    })
}

fn summary(group: &Group) -> Reply {
    let Some((first, last)) = group.pending_ends() else {
        return Reply::Array(vec![Reply::Int(0), Reply::Null, Reply::Null, Reply::NullArray]);
    };
    let busy = group.consumers().filter(|(_, consumer)| consumer.pending_len() > 0);
    let consumers = busy.map(|(name, consumer)| {
        Reply::Array(vec![Reply::bulk(name), Reply::bulk(consumer.pending_len().to_string())])
    });
    Reply::Array(vec![
        Reply::count(group.pending_len()),
        reply::id(first),
        reply::id(last),
        Reply::Array(consumers.collect()),
    ])
}

struct Range<'a> {
    idle_ms_min: i64,
    start: Id,
    end: Id,
    count: usize,
    consumer: Option<&'a [u8]>,
}

impl<'a> Range<'a> {
    fn parse(args: &mut Args<'a>) -> Result<Self> {
        if args.len() < 3 {
            return Err(ReplyError::SYNTAX.into());
        }
        let idle_ms_min = if args.option("IDLE") { args.int()? } else { 0 };
        let (start, end) = (args.next()?, args.next()?);
        // A count that is no number is refused before ids that are none.
        let count = usize::try_from(args.int()?).unwrap_or(0);
        let (start, end) = (id::range_start(start)?, id::range_end(end)?);
        let consumer = if args.is_empty() { None } else { Some(args.next()?) };
        args.done()?;
        Ok(Self { idle_ms_min, start, end, count, consumer })
    }

    fn of(&self, group: &Group, now_ms: i64) -> Reply {
        if self.start > self.end {
            return Reply::Array(Vec::new());
        }
        let ids = self.start..=self.end;
        let idle = |delivery: Delivery| now_ms.saturating_sub(delivery.at_ms);
        let is_idle = |delivery| is_idle(delivery, now_ms, self.idle_ms_min);
        let row = |id, consumer: &[u8], delivery: Delivery| {
            let deliveries = i64::try_from(delivery.count).unwrap_or(i64::MAX);
            Reply::Array(vec![
                reply::id(id),
                Reply::bulk(consumer),
                Reply::Int(idle(delivery).max(0)),
                Reply::Int(deliveries),
            ])
        };
        Reply::Array(match self.consumer {
            None => {
                let pending = group.pending_range(ids).filter(|&(_, _, delivery)| is_idle(delivery));
                pending.take(self.count).map(|(id, consumer, delivery)| row(id, consumer, delivery)).collect()
            }
            Some(consumer) => {
                let pending =
                    group.pending_range_of(consumer, ids).filter(|&(_, delivery)| is_idle(delivery));
                pending.take(self.count).map(|(id, delivery)| row(id, consumer, delivery)).collect()
            }
        })
    }
}
