//! `WAIT numreplicas timeout` and `WAITAOF numlocal numreplicas timeout`

use bytes::Bytes;
use latchkey_keyspace::Now;
use latchkey_protocol::{Reply, ReplyError, number};

use crate::Arity::Exactly;
use crate::{Args, Category, Patience, Result, Server, Spec, Waits, Wanted, waiting};

pub(super) const WAIT: Spec = Spec::server("WAIT", wait)
    .summary(
        "Waits until so many replicas have the connection's writes, so many milliseconds at most; 0 is for ever. \
         Returns how many have them. There are no replicas.",
    )
    .since("3.0.0")
    .arity(Exactly(3))
    .no_script()
    .waits(Waits::new(Wanted::Nothing, |words| for_replicas(words.get(1..3)?)))
    .category(Category::Connection)
    .example("> WAIT 0 100\n(integer) 0");

pub(super) const WAITAOF: Spec = Spec::server("WAITAOF", wait_aof)
    .summary(
        "Waits until the connection's writes are on disk here and on so many replicas, so many milliseconds at most; 0 is \
         for ever. There are no replicas, and no append-only file.",
    )
    .since("7.2.0")
    .arity(Exactly(4))
    .no_script()
    .waits(Waits::new(Wanted::Nothing, |words| for_replicas(words.get(2..4)?)))
    .category(Category::Blocking)
    .category(Category::Connection)
    .example("> WAITAOF 0 0 100\n1) (integer) 0\n2) (integer) 0");

const NO_FILE: ReplyError =
    ReplyError::fixed("ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.");
const NEITHER_0_NOR_1: ReplyError =
    ReplyError::fixed("ERR value is out of range, value must between 0 and 1");

fn wait(db: &mut Server<'_>, mut args: Args<'_>) -> Result {
    args.int()?;
    waiting::milliseconds(args.next()?, db.now())?;
    Ok(Reply::Int(0))
}

fn wait_aof(db: &mut Server<'_>, mut args: Args<'_>) -> Result {
    let local = args.int()?;
    if !(0..=1).contains(&local) {
        return Err(NEITHER_0_NOR_1.into());
    }
    if args.int()? < 0 {
        return Err(ReplyError::MUST_BE_POSITIVE.into());
    }
    waiting::milliseconds(args.next()?, db.now())?;
    if local > 0 {
        return Err(NO_FILE.into());
    }
    Ok(Reply::Array(vec![Reply::Int(0), Reply::Int(0)]))
}

/// A count of replicas and a timeout: as there are none, only to wait for none takes no time.
fn for_replicas(words: &[Bytes]) -> Option<Patience> {
    let [replicas, timeout] = words else { return None };
    if number::parse_i64(replicas)? <= 0 {
        return None;
    }
    waiting::milliseconds(timeout, Now::BEFORE_ALL).ok()
}
