//! `HGETEX key [EX s | PX ms | EXAT s | PXAT ms | PERSIST] FIELDS numfields field [field …]`

use latchkey_keyspace::Open;
use latchkey_keyspace::value::Hash;
use latchkey_protocol::Reply;

use super::fields::{self, NOT_POSITIVE};
use crate::Arity::AtLeast;
use crate::Keys::At;
use crate::deadline::Unit;
use crate::{Args, Result, Spec, Write};

pub(super) const HGETEX: Spec = Spec::write("HGETEX", hgetex)
    .summary("Returns the values of fields of a hash, and sets or removes their expiration time.")
    .since("8.0.0")
    .arity(AtLeast(5))
    .keys(At(1))
    .fast()
    .example(
        r#"> HSET session token abc
(integer) 1
> HGETEX session EX 60 FIELDS 2 token nosuch
1) "abc"
2) (nil)
> HTTL session FIELDS 1 token
1) (integer) 60"#,
    );

fn hgetex(db: &mut Write<'_>, mut args: Args<'_>) -> Result {
    let key = args.key()?;
    db.view().hash(key)?; // as in Redis, another type is refused before the arguments are looked at
    let deadline = Deadline::option(&mut args, db)?;
    let fields = fields::listed(&mut args, NOT_POSITIVE)?;
    let mut hash = db.hash(key)?;
    let mut get = |field: &[u8]| {
        let hash = hash.as_mut()?;
        let value = Reply::Bulk(hash.get(field, hash.now())?.to_bytes());
        deadline.apply(hash, field);
        Some(value)
    };
    Ok(Reply::Array(fields.iter().map(|field| Reply::or_null(get(field))).collect()))
}

/// What becomes of the deadlines.
#[derive(Clone, Copy)]
enum Deadline {
    Keep,
    Remove,
    At(i64),
}

impl Deadline {
    fn option(args: &mut Args<'_>, db: &Write<'_>) -> Result<Self> {
        if args.option("PERSIST") {
            return Ok(Self::Remove);
        }
        match Unit::option(args) {
            Some(unit) => Ok(Self::At(fields::deadline_ms(args, unit, db.now(), "hgetex")?)),
            None => Ok(Self::Keep),
        }
    }

    /// Does it to a field. A deadline that has passed removes it.
    fn apply(self, hash: &mut Open<'_, Hash>, field: &[u8]) {
        match self {
            Self::Keep => {}
            Self::Remove => {
                hash.call_it("hpersist");
                hash.set_deadline(field, None);
            }
            Self::At(at_ms) if at_ms <= hash.now().ms() => {
                hash.call_it("hdel");
                hash.remove(field);
            }
            Self::At(at_ms) => {
                hash.call_it("hexpire");
                hash.set_deadline(field, Some(at_ms));
            }
        }
    }
}
