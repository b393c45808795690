//! `XADD key [NOMKSTREAM] [KEEPREF | DELREF | ACKED] [MAXLEN | MINID [= | ~] threshold [LIMIT count]] * | id field value
//! [field value …]`

use bytes::Bytes;
use latchkey_keyspace::value::stream::{Id, Record};
use latchkey_keyspace::{Class, Now, Str};
use latchkey_protocol::{Reply, ReplyError};

use super::id::NewId;
use super::reply;
use super::trimming::{Options, Trim};
use crate::Arity::AtLeast;
use crate::Keys::At;
use crate::{Args, Result, Spec, Write};

pub(super) const XADD: Spec = Spec::write("XADD", xadd)
    .summary("Adds an entry at the end of a stream, and returns its id.")
    .since("5.0.0")
    .arity(AtLeast(5))
    .keys(At(1))
    .grows()
    .fast()
    .example(
        r#"> XADD events * kind start by ann
"1767323045678-0"
> XADD events * kind stop
"1767323045678-1"
> XLEN events
(integer) 2"#,
    );

const ZERO: ReplyError = ReplyError::fixed("ERR The ID specified in XADD must be greater than 0-0");
const NOT_GREATER: ReplyError =
    ReplyError::fixed("ERR The ID specified in XADD is equal or smaller than the target stream top item");
const EXHAUSTED: ReplyError =
    ReplyError::fixed("ERR The stream has exhausted the last possible ID, unable to add more items");

fn xadd(db: &mut Write<'_>, mut args: Args<'_>) -> Result {
    let key = args.key()?;
    let Entry { id, fields, trim, makes_stream } = Entry::parse(&mut args)?;
    let existing = db.view().stream(key)?;
    if existing.is_none() && !makes_stream {
        return Ok(Reply::Null);
    }
    let last_id = existing.map_or(Id::MIN, |stream| stream.counters().last_id);
    let id = choose(id, last_id, db.now())?;
    let fields = fields.chunks_exact(2).map(|pair| (Str::from(&pair[0]), Str::from(&pair[1])));
    let mut stream = db.stream_or_new(key)?;
    stream.append(Record { id, fields: fields.collect() });
    let trimmed = trim.map_or(0, |trim| trim.run(&mut stream));
    drop(stream);
    if trimmed > 0 {
        db.tell(Class::Stream, "xtrim", key);
    }
    Ok(reply::id(id))
}

struct Entry<'a> {
    id: NewId,
    /// Names and values alternating.
    fields: &'a [Bytes],
    trim: Option<Trim>,
    makes_stream: bool,
}

impl<'a> Entry<'a> {
    fn parse(args: &mut Args<'a>) -> Result<Self> {
        let mut options = Options::default();
        let mut makes_stream = true;
        loop {
            if args.option("NOMKSTREAM") {
                makes_stream = false;
            } else if !options.option(args)? {
                break;
            }
        }
        let id = args.peek().map(NewId::parse).transpose()?;
        let trim = options.finish(None)?;
        let fields = args.rest().get(1..).unwrap_or(&[]);
        match id {
            Some(NewId::Given(Id::MIN)) if is_list_of_pairs(fields) => Err(ZERO.into()),
            Some(id) if is_list_of_pairs(fields) => Ok(Self { id, fields, trim, makes_stream }),
            _ => Err(ReplyError::wrong_arity("xadd").into()),
        }
    }
}

fn is_list_of_pairs(fields: &[Bytes]) -> bool {
    !fields.is_empty() && fields.len().is_multiple_of(2)
}

/// The id of the entry, which is greater than `last_id`.
fn choose(id: NewId, last_id: Id, now: Now) -> Result<Id> {
    let next = last_id.next().ok_or(EXHAUSTED)?;
    let chosen = match id {
        NewId::Next => Id::new(u64::try_from(now.ms()).unwrap_or(0), 0).max(next),
        NewId::NextOf(ms) if ms == last_id.ms => next,
        NewId::NextOf(ms) => Id::new(ms, 0),
        NewId::Given(id) => id,
    };
    let is_of_asked_ms = !matches!(id, NewId::NextOf(ms) if ms != chosen.ms);
    if chosen > last_id && is_of_asked_ms { Ok(chosen) } else { Err(NOT_GREATER.into()) }
}
