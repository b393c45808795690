//! `GETEX key [EX s | PX ms | EXAT s | PXAT ms | PERSIST]`

use latchkey_keyspace::value::Text;
use latchkey_protocol::{Reply, ReplyError};

use super::expiry::{Exclusive, choose};
use crate::Arity::AtLeast;
use crate::Keys::At;
use crate::deadline::Unit;
use crate::{Args, Result, Spec, Write};

pub(super) const GETEX: Spec = Spec::write("GETEX", getex)
    .summary("Returns the string value of a key, and gives the key another deadline or none.")
    .since("6.2.0")
    .arity(AtLeast(2))
    .keys(At(1))
    .fast()
    .example(
        r#"> SET session abc
OK
> GETEX session EX 60
"abc"
> GETEX session EXAT 1
"abc"
> GETEX session
(nil)"#,
    );

fn getex(db: &mut Write<'_>, mut args: Args<'_>) -> Result {
    let key = args.key()?;
    let option = Expiry::parse(&mut args)?;
    let Some(value) = db.view().text(key)?.map(Text::to_bytes) else { return Ok(Reply::Null) };
    match option {
        None => {}
        Some(Expiry::Persist) => {
            db.set_deadline(key, None);
        }
        Some(Expiry::Set(unit, amount)) => {
            let deadline_ms = unit.positive_deadline_of(amount, db.now(), "getex")?;
            db.set_deadline(key, Some(deadline_ms));
        }
    }
    Ok(Reply::Bulk(value))
}

/// What happens to the deadline. The amount is read last: a key that does not exist hides that it makes no sense.
enum Expiry<'a> {
    Persist,
    Set(Unit, &'a [u8]),
}

impl<'a> Expiry<'a> {
    fn parse(args: &mut Args<'a>) -> Result<Option<Self>> {
        let mut option = None;
        while !args.is_empty() {
            let given = if args.option("PERSIST") {
                Self::Persist
            } else {
                let unit = Unit::option(args).ok_or(ReplyError::SYNTAX)?;
                Self::Set(unit, args.next()?)
            };
            choose(&mut option, given)?;
        }
        Ok(option)
    }
}

impl Exclusive for Expiry<'_> {
    fn excludes(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Persist, Self::Persist) => false,
            (Self::Set(unit, _), Self::Set(other, _)) => unit != other,
            _ => true,
        }
    }
}
