//! The expiry options of SET, MSETEX and GETEX.

use latchkey_keyspace::Now;
use latchkey_protocol::ReplyError;

use crate::deadline::Unit;
use crate::{Args, Result};

/// What an expiry option asks for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Expiry<'a> {
    /// `KEEPTTL`: leaves the deadline as it is.
    Keep,
    /// `EX`, `PX`, `EXAT` or `PXAT` with its amount, which is read only when all options are known: Redis complains of
    /// an unknown option first.
    Set(Unit, &'a [u8]),
}

/// What a written key's deadline becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deadline {
    /// It has none.
    None,
    /// The one that it had.
    Keep,
    /// Milliseconds since the epoch.
    At(i64),
}

impl<'a> Expiry<'a> {
    /// The option that comes next; a syntax error if it is none of these.
    pub(super) fn option(args: &mut Args<'a>) -> Result<Self> {
        if args.option("KEEPTTL") {
            return Ok(Self::Keep);
        }
        let unit = Unit::option(args).ok_or(ReplyError::SYNTAX)?;
        Ok(Self::Set(unit, args.next()?))
    }

    /// The deadline that a command's option, if there was one, comes to. `name` is the command's, for the error.
    pub(super) fn deadline(option: Option<Self>, now: Now, name: &str) -> Result<Deadline> {
        Ok(match option {
            None => Deadline::None,
            Some(Self::Keep) => Deadline::Keep,
            Some(Self::Set(unit, amount)) => Deadline::At(unit.positive_deadline_of(amount, now, name)?),
        })
    }
}

impl Exclusive for Expiry<'_> {
    fn excludes(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Keep, Self::Keep) => false,
            (Self::Set(unit, _), Self::Set(other, _)) => unit != other,
            _ => true,
        }
    }
}

/// Options of which one may be given, more than once if it is always the same one: then the last counts.
pub(super) trait Exclusive {
    /// Whether the two may not stand together.
    fn excludes(&self, other: &Self) -> bool;
}

/// Notes an option; a syntax error if one was given before that it excludes.
pub(super) fn choose<T: Exclusive>(slot: &mut Option<T>, given: T) -> Result<()> {
    if slot.as_ref().is_some_and(|before| before.excludes(&given)) {
        return Err(ReplyError::SYNTAX.into());
    }
    *slot = Some(given);
    Ok(())
}
