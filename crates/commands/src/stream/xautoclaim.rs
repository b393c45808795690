//! `XAUTOCLAIM key group consumer min-idle-time start [COUNT count] [JUSTID]`

use latchkey_keyspace::value::Stream;
use latchkey_keyspace::value::stream::{Delivery, Id};
use latchkey_protocol::{Reply, ReplyError};

use super::xclaim::{idle_ms_min, is_idle, see};
use super::{id, no_group, reply};
use crate::Arity::AtLeast;
use crate::Keys::At;
use crate::counts::count;
use crate::{Args, Cost, Result, Spec, Write};

pub(super) const XAUTOCLAIM: Spec = Spec::write("XAUTOCLAIM", xautoclaim)
    .no_event()
    .summary(
        "Makes a consumer responsible for entries that nobody acknowledged for some time. Returns where to go on, the \
         entries, and the ids of those that were removed meanwhile.",
    )
    .since("6.2.0")
    .arity(AtLeast(6))
    .keys(At(1))
    .grows()
    .cost(Cost::Values)
    .fast()
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
> XAUTOCLAIM jobs workers bob 0 0 COUNT 10
1) "0-0"
2) 1) 1) "1-0"
      2) 1) "do"
         2) "this"
3) (empty array)"#,
    );

const NO_COUNT: ReplyError = ReplyError::fixed("ERR COUNT must be > 0");

const COUNT_DEFAULT: usize = 100;
/// No count is larger (Redis's limit, which keeps it from overflowing).
const COUNT_MAX: usize = (i64::MAX / 16) as usize;
/// For each entry that is wanted, so many are looked at.
const LOOKS_PER_ENTRY: usize = 10;

fn xautoclaim(db: &mut Write<'_>, mut args: Args<'_>) -> Result {
    let (key, group, consumer) = (args.key()?, args.next()?, args.next()?);
    let options = Options::parse(&mut args)?;
    let stream = db.stream(key)?.filter(|stream| stream.group(group).is_some());
    let mut stream = stream.ok_or_else(|| no_group(key, group))?;
    see(&mut stream, group, consumer);
    let now_ms = stream.now().ms();
    let found = options.find(&stream, group, now_ms);
    stream.release(group, &found.removed);
    if !found.claimed.is_empty() {
        stream.assign(group, consumer, found.claimed.clone());
        stream.put_consumer(group, consumer, now_ms, Some(now_ms));
    }
    let ids = found.claimed.iter().map(|&(id, _)| id);
    let claimed = match options.just_id {
        true => reply::ids(ids),
        false => reply::entries(ids.filter_map(|id| stream.get(id))),
    };
    Ok(Reply::Array(vec![reply::id(found.next), claimed, reply::ids(found.removed)]))
}

struct Options {
    idle_ms_min: i64,
    start: Id,
    count: usize,
    /// Whether only ids are returned, and nothing counts as a delivery.
    just_id: bool,
}

/// What a look at the pending entries came to.
struct Found {
    /// What is claimed, with its new delivery.
    claimed: Vec<(Id, Delivery)>,
    /// What is pending but was removed from the stream.
    removed: Vec<Id>,
    /// Where to go on; [`Id::MIN`] at the end.
    next: Id,
}

impl Options {
    fn parse(args: &mut Args<'_>) -> Result<Self> {
        let idle_ms_min = idle_ms_min(args.next()?, "XAUTOCLAIM")?;
        let start = id::range_start(args.next()?)?;
        let mut options = Self { idle_ms_min, start, count: COUNT_DEFAULT, just_id: false };
        while !args.is_empty() {
            if args.option("JUSTID") {
                options.just_id = true;
            } else if args.len() >= 2 && args.option("COUNT") {
                let count = count(args, 1, NO_COUNT)?;
                options.count = Some(count).filter(|&count| count <= COUNT_MAX).ok_or(NO_COUNT)?;
            } else {
                return Err(ReplyError::SYNTAX.into());
            }
        }
        Ok(options)
    }

    fn find(&self, stream: &Stream, group: &[u8], now_ms: i64) -> Found {
        let mut found = Found { claimed: Vec::new(), removed: Vec::new(), next: Id::MIN };
        let Some(group) = stream.group(group) else { return found };
        let mut pending = group.pending_range(self.start..=Id::MAX);
        for (id, _, delivery) in pending.by_ref().take(self.count.saturating_mul(LOOKS_PER_ENTRY)) {
            if found.claimed.len() + found.removed.len() == self.count {
                found.next = id;
                return found;
            }
            if stream.get(id).is_none() {
                found.removed.push(id);
            } else if is_idle(delivery, now_ms, self.idle_ms_min) {
                let count = delivery.count.saturating_add(u64::from(!self.just_id));
                found.claimed.push((id, Delivery { at_ms: now_ms, count }));
            }
        }
        found.next = pending.next().map_or(Id::MIN, |(id, ..)| id);
        found
    }
}
