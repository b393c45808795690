//! `XREADGROUP GROUP group consumer [COUNT count] [BLOCK milliseconds] [NOACK] STREAMS key [key …] id [id …]`

use std::collections::BTreeMap;

use bytes::Bytes;
use latchkey_keyspace::value::Stream;
use latchkey_keyspace::value::stream::{Delivery, Id};
use latchkey_keyspace::{Class, Open};
use latchkey_protocol::{Reply, ReplyError};

use super::reading::{Reader, Request, answer, group, keys_read_by_group, patience};
use super::{id, reply};
use crate::Arity::AtLeast;
use crate::Keys::By;
use crate::call::printable;
use crate::{Args, Category, Cost, Result, Spec, Waits, Wanted, Write};

/// A consumer may have so many entries to acknowledge in one group. What would pass this is refused, as by Upstash.
const PENDING_MAX: usize = 1000;

pub(super) const XREADGROUP: Spec = Spec::write("XREADGROUP", xreadgroup)
    .no_event()
    .summary(
        "Delivers entries of streams to a consumer of a group: with `>` those that the group was not delivered yet, \
         otherwise those after an id that the consumer has to acknowledge. A consumer may have at most 1,000 of them.",
    )
    .since("5.0.0")
    .arity(AtLeast(7))
    .keys(By(keys_read_by_group))
    .grows_freely()
    .cost(Cost::Values)
    .waits(Waits::new(Wanted::Deliveries(group), patience))
    .category(Category::Blocking)
    .example(
        r#"> XADD jobs 1-0 do this
"1-0"
> XADD jobs 2-0 do that
"2-0"
> XGROUP CREATE jobs workers 0
OK
> XREADGROUP GROUP workers ann COUNT 1 STREAMS jobs >
1) 1) "jobs"
   2) 1) 1) "1-0"
         2) 1) "do"
            2) "this"
> XREADGROUP GROUP workers bob COUNT 1 STREAMS jobs >
1) 1) "jobs"
   2) 1) 1) "2-0"
         2) 1) "do"
            2) "that"
> XREADGROUP GROUP workers bob STREAMS jobs >
(nil)"#,
    );

const NO_GROUP: ReplyError = ReplyError::fixed("ERR Missing GROUP option for XREADGROUP");

fn xreadgroup(db: &mut Write<'_>, mut args: Args<'_>) -> Result {
    let request = Request::parse(&mut args, Reader::Consumer, db.now())?;
    let (group, consumer) = request.consumer.ok_or(NO_GROUP)?;
    let reader = GroupReader { group, consumer, request };
    let starts = reader.starts(db)?;
    reader.check_pending(db, &starts)?;
    let mut read = Vec::new();
    for (&(key, _), start) in reader.request.streams.iter().zip(starts) {
        let Some(mut stream) = db.stream(key)? else { continue };
        let entries = reader.read(&mut stream, start);
        read.extend(entries.map(|entries| (Reply::Bulk(key.clone()), entries)));
    }
    Ok(answer(read))
}

/// From where on a stream is read.
#[derive(Clone, Copy, Debug)]
enum Start {
    /// Where the group is: `>`.
    New,
    /// After this id, among what the consumer has to acknowledge.
    History(Id),
}

impl Start {
    fn parse(word: &[u8]) -> Result<Self> {
        match word {
            b">" => Ok(Self::New),
            b"$" | b"+" => Err(meaningless(char::from(word[0]))),
            word => Ok(Self::History(id::id(word)?)),
        }
    }
}

fn meaningless(word: char) -> crate::Error {
    ReplyError::new(format!(
        "ERR The {word} ID is meaningless in the context of XREADGROUP: you want to read the history of this \
         consumer by specifying a proper ID, or use the > ID to get new messages. The {word} ID would just return an \
         empty result set."
    ))
    .into()
}

struct GroupReader<'a> {
    group: &'a [u8],
    consumer: &'a [u8],
    request: Request<'a>,
}

impl GroupReader<'_> {
    /// From where on each stream is read; every one has to have the group.
    fn starts(&self, db: &Write<'_>) -> Result<Vec<Start>> {
        let start = |&(key, word): &(&Bytes, &Bytes)| {
            let group = db.view().stream(key)?.and_then(|stream| stream.group(self.group));
            group.ok_or_else(|| self.no_group(key))?;
            Start::parse(word)
        };
        self.request.streams.iter().map(start).collect()
    }

    fn no_group(&self, key: &[u8]) -> ReplyError {
        let (key, group) = (printable(key), printable(self.group));
        ReplyError::new(format!(
            "NOGROUP No such key '{key}' or consumer group '{group}' in XREADGROUP with GROUP option"
        ))
    }

    /// Refuses to deliver anything if the consumer would have too much to acknowledge in any stream.
    fn check_pending(&self, db: &Write<'_>, starts: &[Start]) -> Result<()> {
        let mut requested = BTreeMap::new();
        for (&(key, _), start) in self.request.streams.iter().zip(starts) {
            let (Start::New, false) = (start, self.request.acknowledged) else { continue };
            let Some(stream) = db.view().stream(key)? else { continue };
            let Some(group) = stream.group(self.group) else { continue };
            let pending = group.consumer(self.consumer).map_or(0, |consumer| consumer.pending_len());
            // A key may be named more than once.
            let sum: &mut usize = requested.entry(key).or_default();
            *sum = sum.saturating_add(stream.count_after(group.last_id, self.request.count));
            if *sum > 0 && pending.saturating_add(*sum) > PENDING_MAX {
                return Err(self.too_much_pending(key, pending, *sum).into());
            }
        }
        Ok(())
    }

    fn too_much_pending(&self, key: &[u8], pending: usize, requested: usize) -> ReplyError {
        let (key, group, consumer) = (printable(key), printable(self.group), printable(self.consumer));
        ReplyError::new(format!(
            "ERR XReadGroup is cancelled. Pending Entries List limit per consumer is about to be reached. Limit: \
             {PENDING_MAX}, Current PEL size: {pending}, Requested Read: {requested}, Key: {key}, Group: {group}, \
             Consumer: {consumer}."
        ))
    }

    /// Reads one stream, if there is anything to read.
    fn read(&self, stream: &mut Open<'_, Stream>, start: Start) -> Option<Reply> {
        let now_ms = stream.now().ms();
        if stream.group(self.group)?.consumer(self.consumer).is_none() {
            stream.put_consumer(self.group, self.consumer, now_ms, None);
            stream.tell(Class::Stream, "xgroup-createconsumer");
        }
        stream.see(self.group, self.consumer, now_ms);
        match start {
            Start::New => self.deliver(stream),
            Start::History(after) => self.repeat(stream, after),
        }
    }

    /// Delivers what the group was not delivered yet.
    fn deliver(&self, stream: &mut Open<'_, Stream>) -> Option<Reply> {
        let now_ms = stream.now().ms();
        let group = stream.group(self.group)?;
        let mut ids = Vec::new();
        let entries =
            stream.after(group.last_id).take(self.request.count).inspect(|entry| ids.push(entry.id));
        let entries = reply::entries(entries);
        let last_id = *ids.last()?;
        let entries_read = stream.entries_read_after(group, &ids);
        stream.put_group(self.group, last_id, entries_read);
        if !self.request.acknowledged {
            let delivery = Delivery { at_ms: now_ms, count: 1 };
            stream.assign(self.group, self.consumer, ids.into_iter().map(|id| (id, delivery)).collect());
            stream.put_consumer(self.group, self.consumer, now_ms, Some(now_ms));
        }
        Some(entries)
    }

    /// Delivers once more what the consumer has to acknowledge.
    fn repeat(&self, stream: &mut Open<'_, Stream>, after: Id) -> Option<Reply> {
        let at_ms = stream.now().ms();
        let (mut entries, mut repeated) = (Vec::new(), Vec::new());
        let group = stream.group(self.group)?;
        let pending = after.next().map(|start| group.pending_range_of(self.consumer, start..=Id::MAX));
        for (id, delivery) in pending.into_iter().flatten().take(self.request.count) {
            match stream.get(id) {
                Some(entry) => {
                    entries.push(reply::entry(entry));
                    repeated.push((id, Delivery { at_ms, count: delivery.count.saturating_add(1) }));
                }
                None => entries.push(reply::removed(id)),
            }
        }
        stream.assign(self.group, self.consumer, repeated);
        Some(Reply::Array(entries))
    }
}
