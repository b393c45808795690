//! `XCLAIM key group consumer min-idle-time id [id …] [IDLE ms] [TIME unix-time-ms] [RETRYCOUNT count] [FORCE] [JUSTID]
//! [LASTID last-id]`

use latchkey_keyspace::Class;
use latchkey_keyspace::value::Stream;
use latchkey_keyspace::value::stream::{Delivery, Id};
use latchkey_keyspace::{Now, Open};
use latchkey_protocol::{Reply, ReplyError, number};

use super::{id, no_group, reply};
use crate::Arity::AtLeast;
use crate::Keys::At;
use crate::call::printable;
use crate::{Args, Result, Spec, Write};

pub(super) const XCLAIM: Spec = Spec::write("XCLAIM", xclaim)
    .no_event()
    .summary(
        "Makes a consumer responsible for entries that others have not acknowledged for some time, and returns those \
         that it got.",
    )
    .since("5.0.0")
    .arity(AtLeast(6))
    .keys(At(1))
    .grows_freely()
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
> XCLAIM jobs workers bob 60000 1-0
(empty array)
> XCLAIM jobs workers bob 0 1-0 JUSTID
1) "1-0""#,
    );

fn xclaim(db: &mut Write<'_>, mut args: Args<'_>) -> Result {
    let (key, group, consumer) = (args.key()?, args.next()?, args.next()?);
    let now = db.now();
    let stream = db.stream(key)?.filter(|stream| stream.group(group).is_some());
    let mut stream = stream.ok_or_else(|| no_group(key, group))?;
    let claim = Claim::parse(&mut args, now)?;
    claim.advance(&mut stream, group);
    see(&mut stream, group, consumer);
    let claimed = claim.ids.iter().filter_map(|&id| claim.one(&mut stream, (group, consumer), id));
    let claimed: Vec<Reply> = claimed.collect();
    if !claimed.is_empty() {
        stream.put_consumer(group, consumer, now.ms(), Some(now.ms()));
    }
    Ok(Reply::Array(claimed))
}

/// A consumer that claims is there, and was seen, whatever it gets.
pub(super) fn see(stream: &mut Open<'_, Stream>, group: &[u8], consumer: &[u8]) {
    let now_ms = stream.now().ms();
    if stream.group(group).is_some_and(|group| group.consumer(consumer).is_none()) {
        stream.put_consumer(group, consumer, now_ms, None);
        stream.tell(Class::Stream, "xgroup-createconsumer");
    }
    stream.see(group, consumer, now_ms);
}

/// The minimal idle time, in milliseconds: a negative one is none.
pub(super) fn idle_ms_min(word: &[u8], command: &str) -> Result<i64> {
    Ok(number::parse_i64(word).ok_or_else(|| invalid("min-idle-time", command))?.max(0))
}

/// Whether so much time passed since the delivery. None passes however the clock went.
pub(super) fn is_idle(delivery: Delivery, now_ms: i64, idle_ms_min: i64) -> bool {
    idle_ms_min == 0 || now_ms.saturating_sub(delivery.at_ms) >= idle_ms_min
}

/// The number after an option.
fn value(args: &mut Args<'_>, option: &str) -> Result<i64> {
    Ok(number::parse_i64(args.next()?).ok_or_else(|| invalid(&format!("{option} option"), "XCLAIM"))?)
}

fn invalid(argument: &str, command: &str) -> ReplyError {
    ReplyError::new(format!("ERR Invalid {argument} argument for {command}"))
}

struct Claim {
    idle_ms_min: i64,
    ids: Vec<Id>,
    now_ms: i64,
    /// When the entries count as delivered.
    at_ms: i64,
    /// How often the entries count as delivered, if that is given.
    count: Option<u64>,
    /// Whether entries are claimed that are not pending.
    force: bool,
    /// Whether only ids are returned, and nothing counts as a delivery.
    just_id: bool,
    last_id: Id,
}

impl Claim {
    fn parse(args: &mut Args<'_>, now: Now) -> Result<Self> {
        let now_ms = now.ms();
        let idle_ms_min = idle_ms_min(args.next()?, "XCLAIM")?;
        let mut claim = Self {
            idle_ms_min,
            ids: Vec::new(),
            now_ms,
            at_ms: now_ms,
            count: None,
            force: false,
            just_id: false,
            last_id: Id::MIN,
        };
        // What is no id is an option.
        while let Some(id) = args.peek().and_then(|word| id::id(word).ok()) {
            claim.ids.push(id);
            args.next()?;
        }
        while !args.is_empty() {
            claim.option(args)?;
        }
        Ok(claim)
    }

    fn option(&mut self, args: &mut Args<'_>) -> Result<()> {
        let has_value = args.len() >= 2;
        if args.option("FORCE") {
            self.force = true;
        } else if args.option("JUSTID") {
            self.just_id = true;
        } else if has_value && args.option("IDLE") {
            let idle_ms = value(args, "IDLE")?;
            self.deliver_at(self.now_ms.saturating_sub(idle_ms));
        } else if has_value && args.option("TIME") {
            let at_ms = value(args, "TIME")?;
            self.deliver_at(at_ms);
        } else if has_value && args.option("RETRYCOUNT") {
            self.count = u64::try_from(value(args, "RETRYCOUNT")?).ok();
        } else if has_value && args.option("LASTID") {
            self.last_id = id::id(args.next()?)?;
        } else {
            let option = printable(args.next()?);
            return Err(ReplyError::new(format!("ERR Unrecognized XCLAIM option '{option}'")).into());
        }
        Ok(())
    }

    /// A time that lies in the future, or before time began, is now: the client's clock may be wrong.
    fn deliver_at(&mut self, at_ms: i64) {
        self.at_ms = if (0..=self.now_ms).contains(&at_ms) { at_ms } else { self.now_ms };
    }

    /// Moves the group on to LASTID.
    fn advance(&self, stream: &mut Open<'_, Stream>, name: &[u8]) {
        let Some(group) = stream.group(name) else { return };
        let (last_id, entries_read) = (group.last_id, group.entries_read);
        stream.put_group(name, last_id.max(self.last_id), entries_read);
    }

    /// Claims one entry, if it may be.
    fn one(&self, stream: &mut Open<'_, Stream>, (name, consumer): (&[u8], &[u8]), id: Id) -> Option<Reply> {
        let old = stream.group(name)?.pending(id).map(|(_, delivery)| delivery);
        if stream.get(id).is_none() {
            if old.is_some() {
                stream.release(name, &[id]);
            }
            return None;
        }
        let count = match old {
            // As Redis counts it: once for its being pending, and once for the delivery.
            None if self.force => 1,
            None => return None,
            Some(old) if !is_idle(old, self.now_ms, self.idle_ms_min) => return None,
            Some(old) => old.count,
        };
        let counted = count.saturating_add(u64::from(!self.just_id));
        let delivery = Delivery { at_ms: self.at_ms, count: self.count.unwrap_or(counted) };
        stream.assign(name, consumer, vec![(id, delivery)]);
        Some(if self.just_id { reply::id(id) } else { reply::entry(stream.get(id)?) })
    }
}
