//! `SET key value [NX | XX | IFEQ v | IFNE v | IFDEQ digest | IFDNE digest] [GET]
//! [EX s | PX ms | EXAT s | PXAT ms | KEEPTTL]`

use latchkey_keyspace::value::Text;
use latchkey_protocol::Reply;

use super::condition::Condition;
use super::expiry::{Deadline, Expiry, choose};
use crate::Arity::AtLeast;
use crate::Keys::At;
use crate::{Args, Result, Spec, Write};

pub(super) const SET: Spec = Spec::write("SET", set)
    .summary("Sets the string value of a key, ignoring its type. The key is created if it doesn't exist.")
    .since("1.0.0")
    .arity(AtLeast(3))
    .keys(At(1))
    .grows()
    .example(
        r#"> SET session abc EX 3600
OK
> TTL session
(integer) 3600
> SET session def NX
(nil)
> SET session def XX GET
"abc""#,
    );

fn set(db: &mut Write<'_>, mut args: Args<'_>) -> Result {
    let (key, value) = (args.key()?, args.next()?);
    let options = Options::parse(&mut args)?;
    let deadline = Expiry::deadline(options.expiry, db.now(), "set")?;
    db.check_text_len(value.len() as u64)?;
    let old = if options.get { db.view().text(key)?.map(Text::to_bytes) } else { None };
    let holds = match options.condition {
        Some(condition) => condition.holds(db.view(), key)?,
        None => true,
    };
    if holds {
        put(db, key, value, deadline);
    }
    Ok(match (options.get, holds) {
        (true, _) => Reply::or_null(old.map(Reply::Bulk)),
        (false, true) => Reply::OK,
        (false, false) => Reply::Null,
    })
}

/// Writes a string with its deadline.
pub(super) fn put(db: &mut Write<'_>, key: &[u8], value: &[u8], deadline: Deadline) {
    match deadline {
        Deadline::None => db.put(key, Text::from(value)),
        Deadline::Keep => db.put_keeping_deadline(key, Text::from(value)),
        Deadline::At(at_ms) => db.put_with(key, Text::from(value), Some(at_ms)),
    }
}

#[derive(Default)]
struct Options<'a> {
    condition: Option<Condition<'a>>,
    get: bool,
    expiry: Option<Expiry<'a>>,
}

impl<'a> Options<'a> {
    fn parse(args: &mut Args<'a>) -> Result<Self> {
        let mut options = Self::default();
        while !args.is_empty() {
            if args.option("GET") {
                options.get = true;
            } else if let Some(condition) = Condition::option(args)? {
                choose(&mut options.condition, condition)?;
            } else {
                choose(&mut options.expiry, Expiry::option(args)?)?;
            }
        }
        Ok(options)
    }
}
