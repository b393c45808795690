//! `HSETEX key [FNX | FXX] [EX s | PX ms | EXAT s | PXAT ms | KEEPTTL] FIELDS numfields field value [field value …]`

use bytes::Bytes;
use latchkey_keyspace::value::Hash;
use latchkey_keyspace::{Class, Open};
use latchkey_protocol::{Reply, ReplyError};

use super::fields;
use crate::Arity::AtLeast;
use crate::Keys::At;
use crate::call::printable;
use crate::deadline::Unit;
use crate::{Args, Result, Spec, Write, int};

pub(super) const HSETEX: Spec = Spec::write("HSETEX", hsetex)
    .event("hset")
    .summary("Sets fields of a hash with an expiration time, if none or all of them exist.")
    .since("8.0.0")
    .arity(AtLeast(6))
    .keys(At(1))
    .grows()
    .fast()
    .example(
        "> HSETEX session EX 60 FIELDS 2 user ada token abc
(integer) 1
> HSETEX session FNX FIELDS 1 token def
(integer) 0
> HTTL session FIELDS 1 token
1) (integer) 60",
    );

fn hsetex(db: &mut Write<'_>, mut args: Args<'_>) -> Result {
    let key = args.key()?;
    let options = Options::parse(&mut args, db)?;
    let pairs = pairs(&mut args)?;
    let hash = db.view().hash(key)?;
    let exists = |field: &[u8]| hash.is_some_and(|hash| hash.get(field, db.now()).is_some());
    let holds = match options.condition {
        None => true,
        Some(Condition::Absent) => !pairs.iter().any(|[field, _]| exists(field)),
        Some(Condition::Present) => pairs.iter().all(|[field, _]| exists(field)),
    };
    if holds {
        let mut hash = db.hash_or_new(key)?;
        pairs.iter().for_each(|[field, value]| options.deadline.put(&mut hash, field, value));
        drop(hash);
        if matches!(options.deadline, Deadline::At(at_ms) if at_ms > db.now().ms()) {
            db.tell(Class::Hash, "hexpire", key);
        }
    }
    Ok(Reply::flag(holds))
}

struct Options {
    condition: Option<Condition>,
    deadline: Deadline,
}

/// When to write at all.
#[derive(Clone, Copy)]
enum Condition {
    /// Where none of the fields exists.
    Absent,
    /// Where all of them exist.
    Present,
}

/// Which deadline the fields get.
#[derive(Clone, Copy, PartialEq)]
enum Deadline {
    None,
    Keep,
    At(i64),
}

impl Options {
    /// Reads the options and FIELDS, which ends them.
    fn parse(args: &mut Args<'_>, db: &Write<'_>) -> Result<Self> {
        let mut options = Self { condition: None, deadline: Deadline::None };
        while !args.option("FIELDS") {
            if let Some(condition) = Condition::option(args) {
                refuse_second(options.condition.replace(condition).is_some(), TWO_CONDITIONS)?;
            } else if args.option("KEEPTTL") {
                refuse_second(options.deadline != Deadline::None, TWO_DEADLINES)?;
                options.deadline = Deadline::Keep;
            } else if let Some(unit) = Unit::option(args) {
                refuse_second(options.deadline != Deadline::None, TWO_DEADLINES)?;
                options.deadline = Deadline::read(args, unit, db)?;
            } else {
                let word = printable(args.next()?);
                return Err(ReplyError::new(format!("ERR unknown argument: {word}")).into());
            }
        }
        Ok(options)
    }
}

const TWO_CONDITIONS: ReplyError = ReplyError::fixed("ERR Only one of FXX or FNX arguments can be specified");
const TWO_DEADLINES: ReplyError =
    ReplyError::fixed("ERR Only one of EX, PX, EXAT, PXAT or KEEPTTL arguments can be specified");

fn refuse_second(second: bool, error: ReplyError) -> Result<()> {
    if second { Err(error.into()) } else { Ok(()) }
}

impl Condition {
    fn option(args: &mut Args<'_>) -> Option<Self> {
        let names = [("FNX", Self::Absent), ("FXX", Self::Present)];
        names.into_iter().find(|(name, _)| args.option(name)).map(|(_, condition)| condition)
    }
}

impl Deadline {
    fn read(args: &mut Args<'_>, unit: Unit, db: &Write<'_>) -> Result<Self> {
        if args.is_empty() {
            return Err(ReplyError::fixed("ERR missing expire time").into());
        }
        Ok(Self::At(fields::deadline_ms(args, unit, db.now(), "hsetex")?))
    }

    /// Puts a field with this deadline. One that has passed removes the field.
    fn put(self, hash: &mut Open<'_, Hash>, field: &[u8], value: &[u8]) {
        let expires_at_ms = match self {
            Self::None => None,
            Self::Keep => hash.field(field, hash.now()).and_then(|field| field.expires_at_ms),
            Self::At(at_ms) if at_ms <= hash.now().ms() => {
                hash.call_it("hdel");
                hash.remove(field);
                return;
            }
            Self::At(at_ms) => Some(at_ms),
        };
        hash.put(field, value, expires_at_ms);
    }
}

/// Reads `numfields field value …`.
fn pairs<'a>(args: &mut Args<'a>) -> Result<&'a [[Bytes; 2]]> {
    const NO_COUNT: ReplyError = ReplyError::fixed("ERR invalid number of fields");
    let wrong_arity = || ReplyError::wrong_arity("hsetex");
    if args.len() < 3 {
        return Err(wrong_arity().into());
    }
    let count = int(args.next()?).ok().and_then(|count| i32::try_from(count).ok());
    let count = count.filter(|&count| count > 0).ok_or(NO_COUNT)?;
    let (pairs, rest) = args.rest().as_chunks();
    if !rest.is_empty() || usize::try_from(count) != Ok(pairs.len()) {
        return Err(wrong_arity().into());
    }
    Ok(pairs)
}
