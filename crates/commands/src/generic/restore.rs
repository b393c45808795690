//! `RESTORE key ttl serialized-value [REPLACE] [ABSTTL] [IDLETIME seconds] [FREQ frequency]`

use latchkey_keyspace::Value;
use latchkey_protocol::{Reply, ReplyError};

use crate::Arity::AtLeast;
use crate::Keys::At;
use crate::{Args, Category, Cost, Result, Spec, Write};

pub(super) const RESTORE: Spec = Spec::write("RESTORE", restore)
    .summary("Creates a key from the serialized form of a value that DUMP returned.")
    .since("2.6.0")
    .arity(AtLeast(4))
    .keys(At(1))
    .grows_freely()
    .cost(Cost::Values)
    .category(Category::Dangerous)
    .example(
        r#"> RESTORE greeting 0 "\x00\x05hello\n\x00cr\xdfve4 \n"
OK
> GET greeting
"hello""#,
    );

const BUSY_KEY: ReplyError = ReplyError::fixed("BUSYKEY Target key name already exists.");
const NEGATIVE_TTL: ReplyError = ReplyError::fixed("ERR Invalid TTL value, must be >= 0");
const NEGATIVE_IDLE_TIME: ReplyError = ReplyError::fixed("ERR Invalid IDLETIME value, must be >= 0");
const NO_FREQUENCY: ReplyError = ReplyError::fixed("ERR Invalid FREQ value, must be >= 0 and <= 255");
const UNTRUSTED: ReplyError = ReplyError::fixed("ERR DUMP payload version or checksum are wrong");
const MALFORMED: ReplyError = ReplyError::fixed("ERR Bad data format");

/// What the options say.
#[derive(Default)]
struct Options {
    replaces: bool,
    /// The time to live is an instant, not a duration.
    is_absolute: bool,
    idle_s: Option<i64>,
    has_frequency: bool,
}

fn restore(db: &mut Write<'_>, mut args: Args<'_>) -> Result {
    let (key, ttl, payload) = (args.key()?, args.next()?, args.next()?);
    let options = parse_options(&mut args)?;
    if !options.replaces && db.view().exists(key) {
        return Err(BUSY_KEY.into());
    }
    let ttl_ms = crate::args::int(ttl)?;
    if ttl_ms < 0 {
        return Err(NEGATIVE_TTL.into());
    }
    let value = read(db, payload)?;
    let now_ms = db.now().ms();
    let expires_at_ms = match ttl_ms {
        0 => None,
        at_ms if options.is_absolute => Some(at_ms),
        ttl_ms => Some(now_ms.saturating_add(ttl_ms)),
    };
    // Redis counts an instant as passed once it is there, unlike a deadline that a key has.
    if expires_at_ms.is_some_and(|at_ms| at_ms <= now_ms) {
        db.remove(key);
        return Ok(Reply::OK);
    }
    db.put_until(key, value, expires_at_ms);
    if let Some(idle_s) = options.idle_s {
        db.set_idle(key, idle_s.unsigned_abs());
    }
    Ok(Reply::OK)
}

/// The value of a payload. No memory is taken for one that is longer than the plan allows.
fn read(db: &Write<'_>, payload: &[u8]) -> Result<Value> {
    let value = latchkey_rdb::restore(payload, db.seed(), db.record_bytes_max());
    let value = value.map_err(|error| match error {
        latchkey_rdb::Error::Untrusted => UNTRUSTED,
        latchkey_rdb::Error::TooLong => ReplyError::RECORD_TOO_LONG,
        latchkey_rdb::Error::Malformed { .. }
        | latchkey_rdb::Error::NotALibrary
        | latchkey_rdb::Error::Io(_) => MALFORMED,
    })?;
    db.check_record_bytes(value.bytes())?;
    Ok(value)
}

/// How often a key was used is not kept here, so FREQ is only checked.
fn parse_options(args: &mut Args<'_>) -> Result<Options> {
    let mut options = Options::default();
    while !args.is_empty() {
        if args.option("REPLACE") {
            options.replaces = true;
        } else if args.option("ABSTTL") {
            options.is_absolute = true;
        } else if args.len() > 1 && !options.has_frequency && args.option("IDLETIME") {
            options.idle_s = Some(args.int()?);
            if options.idle_s < Some(0) {
                return Err(NEGATIVE_IDLE_TIME.into());
            }
        } else if args.len() > 1 && options.idle_s.is_none() && args.option("FREQ") {
            options.has_frequency = true;
            if !(0..=255).contains(&args.int()?) {
                return Err(NO_FREQUENCY.into());
            }
        } else {
            return Err(ReplyError::SYNTAX.into());
        }
    }
    Ok(options)
}
