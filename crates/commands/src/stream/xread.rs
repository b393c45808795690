//! `XREAD [COUNT count] [BLOCK milliseconds] STREAMS key [key …] id [id …]`

use latchkey_keyspace::value::Stream;
use latchkey_keyspace::value::stream::Id;
use latchkey_protocol::{Reply, ReplyError};

use super::reading::{Reader, Request, answer, keys_read};
use super::{id, reply};
use crate::Arity::AtLeast;
use crate::Keys::By;
use crate::{Args, Category, Cost, Read, Result, Spec};

pub(super) const XREAD: Spec = Spec::read("XREAD", xread)
    .summary(
        "Returns the entries of streams after an id each. `$` is the present end, `+` the entry before it.",
    )
    .since("5.0.0")
    .arity(AtLeast(4))
    .keys(By(keys_read))
    .cost(Cost::Values)
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

/// The id after which to read.
fn after(word: &[u8], stream: Option<&Stream>) -> Result<Id> {
    match word {
        b"$" => Ok(stream.map_or(Id::MIN, |stream| stream.counters().last_id)),
        b"+" => Ok(stream.and_then(|stream| stream.last()?.id.previous()).unwrap_or(Id::MIN)),
        b">" => Err(NO_GROUP.into()),
        word => id::id(word),
    }
}
