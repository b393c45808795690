//! `SET key value [NX | XX | IFEQ v | IFNE v | IFDEQ digest | IFDNE digest] [GET]
//! [EX s | PX ms | EXAT s | PXAT ms | KEEPTTL]`

use latchkey_keyspace::value::Text;
use latchkey_protocol::{Reply, ReplyError};

use crate::Arity::AtLeast;
use crate::Keys::At;
use crate::deadline::Unit;
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
> SET session def NX
(nil)
> SET session def XX GET
"abc""#,
    );

fn set(db: &mut Write<'_>, mut args: Args<'_>) -> Result {
    let (key, value) = (args.key()?, args.next()?);
    let options = Options::parse(&mut args, db)?;
    db.check_text_len(value.len() as u64)?;
    let condition_needs_text = options.get || options.condition.is_some_and(|c| c.looks_inside());
    let old = if condition_needs_text { db.view().text(key)?.map(Text::to_bytes) } else { None };
    let exists = db.view().exists(key);
    let holds = options.condition.is_none_or(|condition| condition.holds(exists, old.as_deref()));
    if holds {
        match options.deadline {
            Deadline::None => db.put(key, Text::from(value)),
            Deadline::Keep => db.put_keeping_deadline(key, Text::from(value)),
            Deadline::At(at_ms) => db.put_with(key, Text::from(value), Some(at_ms)),
        }
    }
    Ok(match (options.get, holds) {
        (true, _) => Reply::or_null(old.map(Reply::Bulk)),
        (false, true) => Reply::OK,
        (false, false) => Reply::Null,
    })
}

struct Options<'a> {
    condition: Option<Condition<'a>>,
    get: bool,
    deadline: Deadline,
}

#[derive(Clone, Copy, PartialEq)]
enum Deadline {
    None,
    Keep,
    At(i64),
}

/// When to write at all.
#[derive(Clone, Copy)]
pub(super) enum Condition<'a> {
    Absent,
    Present,
    Equals(&'a [u8]),
    Differs(&'a [u8]),
    DigestEquals(&'a [u8]),
    DigestDiffers(&'a [u8]),
}

impl<'a> Options<'a> {
    fn parse(args: &mut Args<'a>, db: &Write<'_>) -> Result<Self> {
        let mut options = Self { condition: None, get: false, deadline: Deadline::None };
        while !args.is_empty() {
            if args.option("GET") {
                options.get = true;
            } else if let Some(condition) = Condition::option(args)? {
                refuse_second(options.condition.replace(condition).is_some())?;
            } else {
                refuse_second(options.deadline != Deadline::None)?;
                options.deadline = Deadline::option(args, db)?;
            }
        }
        Ok(options)
    }
}

/// At most one condition and one expiry may be given.
fn refuse_second(second: bool) -> Result<()> {
    if second { Err(ReplyError::SYNTAX.into()) } else { Ok(()) }
}

impl Deadline {
    fn option(args: &mut Args<'_>, db: &Write<'_>) -> Result<Self> {
        if args.option("KEEPTTL") {
            return Ok(Self::Keep);
        }
        let unit = Unit::option(args).ok_or(ReplyError::SYNTAX)?;
        Ok(Self::At(unit.positive_deadline_ms(args, db.now(), "set")?))
    }
}

impl<'a> Condition<'a> {
    /// The condition that the next argument names, if it names one.
    pub(super) fn option(args: &mut Args<'a>) -> Result<Option<Self>> {
        let compared: [(&str, fn(&'a [u8]) -> Self); 4] = [
            ("IFEQ", Self::Equals),
            ("IFNE", Self::Differs),
            ("IFDEQ", Self::DigestEquals),
            ("IFDNE", Self::DigestDiffers),
        ];
        if args.option("NX") {
            return Ok(Some(Self::Absent));
        }
        if args.option("XX") {
            return Ok(Some(Self::Present));
        }
        match compared.into_iter().find(|(name, _)| args.option(name)) {
            Some((_, make)) => Ok(Some(make(args.next()?))),
            None => Ok(None),
        }
    }

    /// Whether it needs the old value.
    fn looks_inside(&self) -> bool {
        !matches!(self, Self::Absent | Self::Present)
    }

    /// IFEQ and IFDEQ need the key to exist; IFNE and IFDNE also hold where it does not.
    pub(super) fn holds(&self, exists: bool, old: Option<&[u8]>) -> bool {
        match *self {
            Self::Absent => !exists,
            Self::Present => exists,
            Self::Equals(value) => old == Some(value),
            Self::Differs(value) => old != Some(value),
            Self::DigestEquals(digest) => old.is_some_and(|old| super::digest::matches(old, digest)),
            Self::DigestDiffers(digest) => old.is_none_or(|old| !super::digest::matches(old, digest)),
        }
    }
}
