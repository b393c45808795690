//! `GEOADD key [NX | XX] [CH] longitude latitude member [longitude latitude member …]`

use latchkey_protocol::{Reply, ReplyError};

use super::point::Point;
use crate::Arity::AtLeast;
use crate::Keys::At;
use crate::{Args, Result, Spec, Write};

pub(super) const GEOADD: Spec = Spec::write("GEOADD", geoadd)
    .event("zadd")
    .summary(
        "Adds members with their places to a sorted set, or moves them. Creates the key if it doesn't exist.",
    )
    .since("3.2.0")
    .arity(AtLeast(5))
    .keys(At(1))
    .grows()
    .example(
        r#"> GEOADD sicily 13.361389 38.115556 Palermo 15.087269 37.502669 Catania
(integer) 2
> GEODIST sicily Palermo Catania km
"166.2742""#,
    );

/// Every word is read before anything is written, so that a command that is refused changes nothing.
fn geoadd(db: &mut Write<'_>, mut args: Args<'_>) -> Result {
    let key = args.key()?;
    let options = Options::parse(&mut args);
    if args.is_empty() || !args.len().is_multiple_of(3) || (options.nx && options.xx) {
        return Err(ReplyError::SYNTAX.into());
    }
    let places = args.rest().chunks_exact(3);
    let places = places.map(|words| Ok((Point::of_words(&words[0], &words[1])?.score(), &words[2])));
    let places = places.collect::<Result<Vec<_>>>()?;

    let mut set = db.sorted_set_or_new(key)?;
    let (mut added, mut moved) = (0, 0);
    for (score, member) in places {
        let old = set.score(member);
        if options.allow(old.is_some()) {
            set.put(member, score);
            added += usize::from(old.is_none());
            moved += usize::from(old.is_some_and(|old| old != score));
        }
    }
    Ok(Reply::count(if options.ch { added + moved } else { added }))
}

/// GEOADD's options.
#[derive(Clone, Copy, Default)]
struct Options {
    /// Only add members.
    nx: bool,
    /// Only move members.
    xx: bool,
    /// Count those that moved, too.
    ch: bool,
}

impl Options {
    /// Whether a member that is there, or is not, may be written.
    fn allow(&self, exists: bool) -> bool {
        if exists { !self.nx } else { !self.xx }
    }

    fn parse(args: &mut Args<'_>) -> Self {
        let mut options = Self::default();
        while let Some(option) = options.option(args) {
            *option = true;
        }
        options
    }

    fn option(&mut self, args: &mut Args<'_>) -> Option<&mut bool> {
        let options = [("NX", &mut self.nx), ("XX", &mut self.xx), ("CH", &mut self.ch)];
        options.into_iter().find(|(name, _)| args.option(name)).map(|(_, option)| option)
    }
}
