//! `XREAD [COUNT count] [BLOCK milliseconds] STREAMS key [key …] id [id …]`

use latchkey_keyspace::View;
use latchkey_keyspace::value::Stream;
use latchkey_keyspace::value::stream::Id;
use latchkey_protocol::{Reply, ReplyError, Words};

use super::reading::{Reader, Request, answer, keys_read, patience};
use super::{id, reply};
use crate::Arity::AtLeast;
use crate::Keys::By;
use crate::{Args, Category, Cost, Read, Result, Spec, Waits, Wanted};

pub(super) const XREAD: Spec = Spec::read("XREAD", xread)
    .summary(
        "Returns the entries of streams after an id each. `$` is the present end, `+` the entry before it.",
    )
    .since("5.0.0")
    .arity(AtLeast(4))
    .keys(By(keys_read))
    .cost(Cost::Values)
    .waits(Waits::new(Wanted::Entries, patience).settled_by(settle))
    .category(Category::Blocking)
    .example(
        r#"> XADD events 1-0 kind start
"1-0"
> XADD events 2-0 kind stop
"2-0"
> XREAD COUNT 1 STREAMS events nobody 0 0
1) 1) "events"
   2) 1) 1) "1-0"
         2) 1) "kind"
            2) "start"
> XREAD STREAMS events $
(nil)"#,
    );

const NO_GROUP: ReplyError = ReplyError::fixed(
    "ERR The > ID can be specified only when calling XREADGROUP using the GROUP <group> <consumer> option.",
);

fn xread(db: &mut Read<'_>, mut args: Args<'_>) -> Result {
    let request = Request::parse(&mut args, Reader::Anyone, db.now())?;
    let mut found = Vec::new();
    for &(key, word) in &request.streams {
        let stream = db.stream(key)?;
        let after = after(word, stream)?;
        found.extend(stream.map(|stream| (key, stream, after)));
    }
    let mut read = Vec::new();
    for (key, stream, after) in found {
        let mut entries = stream.after(after).take(request.count).peekable();
        if entries.peek().is_some() {
            read.push((Reply::Bulk(key.clone()), reply::entries(entries)));
        }
    }
    Ok(answer(read))
}

/// Replaces ids that mean a place in the stream as it is now: who waits for what comes after `$` must not miss it.
fn settle(view: View<'_>, words: &Words) -> Words {
    let streams = keys_read(words.as_slice());
    let (others, ids) = words.as_slice().split_at(words.len() - streams.len());
    let ids = streams.iter().zip(ids).map(|(key, word)| {
        let stream = view.stream(key.name).ok().flatten();
        after(word, stream).map_or_else(|_| word.clone(), |id| id.to_string().into())
    });
    others.iter().cloned().chain(ids).collect()
}

/// The id after which to read.
fn after(word: &[u8], stream: Option<&Stream>) -> Result<Id> {
    match word {
        b"$" => Ok(stream.map_or(Id::MIN, |stream| stream.counters().last_id)),
        b"+" => Ok(stream.and_then(|stream| stream.last()?.id.previous()).unwrap_or(Id::MIN)),
        b">" => Err(NO_GROUP.into()),
        word => id::id(word),
    }
}
