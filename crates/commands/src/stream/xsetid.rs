//! `XSETID key last-id [ENTRIESADDED entries-added] [MAXDELETEDID max-deleted-id]`

use latchkey_keyspace::value::Stream;
use latchkey_keyspace::value::stream::{Counters, Id};
use latchkey_protocol::{Reply, ReplyError};

use super::id;
use crate::Arity::AtLeast;
use crate::Keys::At;
use crate::{Args, Result, Spec, Write};

pub(super) const XSETID: Spec = Spec::write("XSETID", xsetid)
    .summary("Sets the id after which a stream goes on, and what it remembers of entries that are gone.")
    .since("5.0.0")
    .arity(AtLeast(3))
    .keys(At(1))
    .fast()
    .example(
        r#"> XADD events 1-0 kind start
"1-0"
> XSETID events 10-0 ENTRIESADDED 7 MAXDELETEDID 9-0
OK
> XADD events 5-0 kind stop
(error) ERR The ID specified in XADD is equal or smaller than the target stream top item"#,
    );

const NOT_A_COUNT: ReplyError = ReplyError::fixed("ERR entries_added must be positive");
const BELOW_GIVEN: ReplyError =
    ReplyError::fixed("ERR The ID specified in XSETID is smaller than the provided max_deleted_entry_id");
const BELOW_DELETED: ReplyError =
    ReplyError::fixed("ERR The ID specified in XSETID is smaller than current max_deleted_entry_id");
const BELOW_LAST: ReplyError =
    ReplyError::fixed("ERR The ID specified in XSETID is smaller than the target stream top item");
const BELOW_LEN: ReplyError =
    ReplyError::fixed("ERR The entries_added specified in XSETID is smaller than the target stream length");

fn xsetid(db: &mut Write<'_>, mut args: Args<'_>) -> Result {
    let key = args.key()?;
    let wanted = Wanted::parse(&mut args)?;
    let mut stream = db.stream(key)?.ok_or(ReplyError::NO_SUCH_KEY)?;
    wanted.check(&stream)?;
    let old = stream.counters();
    stream.set_counters(Counters {
        last_id: wanted.last_id,
        max_deleted_id: wanted.max_deleted_id.unwrap_or(old.max_deleted_id),
        entries_added: wanted.entries_added.unwrap_or(old.entries_added),
    });
    Ok(Reply::OK)
}

struct Wanted {
    last_id: Id,
    entries_added: Option<u64>,
    /// Not [`Id::MIN`], which Redis takes for not given.
    max_deleted_id: Option<Id>,
}

impl Wanted {
    fn parse(args: &mut Args<'_>) -> Result<Self> {
        let last_id = id::id(args.next()?)?;
        let mut wanted = Self { last_id, entries_added: None, max_deleted_id: None };
        while !args.is_empty() {
            if args.option("ENTRIESADDED") {
                wanted.entries_added = Some(u64::try_from(args.int()?).map_err(|_| NOT_A_COUNT)?);
            } else if args.option("MAXDELETEDID") {
                let id = id::id(args.next()?)?;
                if last_id < id {
                    return Err(BELOW_GIVEN.into());
                }
                wanted.max_deleted_id = (id != Id::MIN).then_some(id);
            } else {
                return Err(ReplyError::SYNTAX.into());
            }
        }
        Ok(wanted)
    }

    fn check(&self, stream: &Stream) -> Result<()> {
        if self.last_id < stream.counters().max_deleted_id {
            return Err(BELOW_DELETED.into());
        }
        if stream.last().is_some_and(|last| self.last_id < last.id) {
            return Err(BELOW_LAST.into());
        }
        if self.entries_added.is_some_and(|added| added < stream.len() as u64) {
            return Err(BELOW_LEN.into());
        }
        Ok(())
    }
}
