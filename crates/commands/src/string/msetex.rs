//! `MSETEX numkeys key value [key value …] [NX | XX] [EX s | PX ms | EXAT s | PXAT ms | KEEPTTL]`

use bytes::Bytes;
use latchkey_protocol::{Reply, ReplyError, number};

use super::expiry::{Exclusive, Expiry, choose};
use super::set::put;
use crate::Arity::AtLeast;
use crate::{Access, Args, Key, Keys, Result, Spec, Write, int};

pub(super) const MSETEX: Spec = Spec::write("MSETEX", msetex)
    .event("set")
    .summary("Sets the string values of several keys at once, with one deadline for all of them.")
    .since("8.4.0")
    .arity(AtLeast(4))
    .keys(Keys::By(keys))
    .grows()
    .example(
        r#"> MSETEX 2 page:head hello page:body world EX 60
(integer) 1
> MSETEX 2 page:body again page:foot bye NX EX 60
(integer) 0
> MGET page:head page:body page:foot
1) "hello"
2) "world"
3) (nil)"#,
    );

fn msetex(db: &mut Write<'_>, mut args: Args<'_>) -> Result {
    let pairs = pairs(&mut args)?;
    let options = Options::parse(&mut args)?;
    let deadline = Expiry::deadline(options.expiry, db.now(), "msetex")?;
    pairs.iter().try_for_each(|[_, value]| db.check_text_len(value.len() as u64))?;
    let exists = |[key, _]: &[Bytes; 2]| db.view().exists(key);
    let holds = match options.existing {
        None => true,
        Some(Existing::No) => !pairs.iter().any(exists),
        Some(Existing::Yes) => pairs.iter().all(exists),
    };
    if holds {
        pairs.iter().for_each(|[key, value]| put(db, key, value, deadline));
    }
    Ok(Reply::flag(holds))
}

/// The number of pairs, and so many of them.
fn pairs<'a>(args: &mut Args<'a>) -> Result<&'a [[Bytes; 2]]> {
    let invalid = ReplyError::fixed("ERR invalid numkeys value");
    let count = int(args.next()?).ok().and_then(|count| i32::try_from(count).ok());
    let count = count.filter(|&count| count > 0).ok_or(invalid)? as usize;
    let words = (count <= args.len() / 2).then(|| args.take(2 * count));
    let words = words.ok_or(ReplyError::fixed("ERR wrong number of key-value pairs"))??;
    Ok(words.as_chunks().0)
}

/// Every second word after the number of keys. As many as there are, if the number is too large: the handler refuses
/// it then.
fn keys(words: &[Bytes]) -> Vec<Key<'_>> {
    let count = words.get(1).and_then(|word| number::parse_i64(word)).and_then(|n| usize::try_from(n).ok());
    let pairs = words.get(2..).unwrap_or(&[]).as_chunks::<2>().0;
    let names = pairs.iter().take(count.unwrap_or(0)).map(|[name, _]| name);
    names.map(|name| Key { name, access: Access::Write }).collect()
}

/// Which of the keys have to exist before: none or all.
#[derive(Clone, Copy, PartialEq)]
enum Existing {
    No,
    Yes,
}

impl Exclusive for Existing {
    fn excludes(&self, other: &Self) -> bool {
        self != other
    }
}

#[derive(Default)]
struct Options<'a> {
    existing: Option<Existing>,
    expiry: Option<Expiry<'a>>,
}

impl<'a> Options<'a> {
    fn parse(args: &mut Args<'a>) -> Result<Self> {
        let mut options = Self::default();
        while !args.is_empty() {
            if args.option("NX") {
                choose(&mut options.existing, Existing::No)?;
            } else if args.option("XX") {
                choose(&mut options.existing, Existing::Yes)?;
            } else {
                choose(&mut options.expiry, Expiry::option(args)?)?;
            }
        }
        Ok(options)
    }
}
